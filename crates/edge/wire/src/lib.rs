//! AWS protocols in front of the twin: HTTP server, and an in-process connector for the SDK.
