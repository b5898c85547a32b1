//! The only crate naming the AWS SDK: observes the organization, performs steps, keeps within request rates.
