//! Requests, answers, errors and schemas of the AWS operations that the twin implements.
