//! Names of things in AWS: accounts, regions, partitions, ARNs.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A text that is not the name it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An account id is exactly twelve digits.
    #[error("`{0}` is not an account id (twelve digits)")]
    AccountId(String),
    /// A region is lower-case words and a number, joined by hyphens.
    #[error("`{0}` is not a region name (like `eu-west-1`)")]
    Region(String),
    /// An ARN has six parts, the first of which is `arn`.
    #[error("`{0}` is not an ARN (`arn:partition:service:region:account:resource`)")]
    Arn(String),
}

/// The twelve digits of an AWS account; leading zeros count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Returns the id as twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Ok(Self(text.into())) } else { Err(NameError::AccountId(text.to_owned())) }
    }
}

/// A region such as `eu-west-1`. Only the form is checked: regions are born faster than programs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition that the region's prefix says it lies in.
    #[must_use]
    pub fn partition(&self) -> Partition {
        const PREFIXES: [(&str, Partition); 7] = [
            ("cn-", Partition::AwsCn),
            ("us-gov-", Partition::AwsUsGov),
            ("us-isob-", Partition::AwsIsoB),
            ("us-isof-", Partition::AwsIsoF),
            ("us-iso-", Partition::AwsIso),
            ("eu-isoe-", Partition::AwsIsoE),
            ("eusc-", Partition::AwsEusc),
        ];
        let found = PREFIXES.iter().find(|(prefix, _)| self.0.starts_with(prefix));
        found.map_or(Partition::Aws, |(_, partition)| *partition)
    }
}

impl FromStr for Region {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let lower = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let numbered = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let good = parts.len() >= 3
            && parts.split_last().is_some_and(|(last, words)| numbered(last) && words.iter().all(lower));
        if good { Ok(Self(text.into())) } else { Err(NameError::Region(text.to_owned())) }
    }
}

/// A group of regions with its own accounts and ARNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// US GovCloud.
    AwsUsGov,
    /// US ISO.
    AwsIso,
    /// US ISOB.
    AwsIsoB,
    /// EU ISOE.
    AwsIsoE,
    /// US ISOF.
    AwsIsoF,
    /// European sovereign cloud.
    AwsEusc,
}

impl Partition {
    /// Returns the name that ARNs carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// Returns the domain of the partition's endpoints, `AWS::URLSuffix`.
    #[must_use]
    pub const fn url_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
            Self::AwsEusc => "amazonaws.eu",
        }
    }
}

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`; region and account may be empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(Arc<str>);

impl Arn {
    /// Returns the whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `aws`, `aws-cn`, ...
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// Returns the service prefix, such as `iam`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Returns the region, empty for global resources.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Returns the account id, empty where the resource name is global (S3).
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Returns all after the fifth colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let good = matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
            if !partition.is_empty() && !service.is_empty() && !resource.is_empty());
        if good { Ok(Self(text.into())) } else { Err(NameError::Arn(text.to_owned())) }
    }
}

/// What all three text newtypes share.
macro_rules! text_newtype {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.to_string()
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}
text_newtype!(AccountId Region Arn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_keep_leading_zeros_and_refuse_other_lengths() {
        assert_eq!("012345670123".parse::<AccountId>().unwrap().as_str(), "012345670123");
        for wrong in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"] {
            assert_eq!(wrong.parse::<AccountId>(), Err(NameError::AccountId(wrong.to_owned())));
        }
    }

    #[test]
    fn regions_know_their_partition() {
        let partition = |name: &str| name.parse::<Region>().unwrap().partition().as_str();
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition("us-isob-east-1"), "aws-iso-b");
        for wrong in ["", "eu", "eu-west", "EU-west-1", "eu-west-1a", "eu--1"] {
            assert!(wrong.parse::<Region>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn arns_split_into_six_parts_and_keep_colons_in_the_resource() {
        let arn: Arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:1".parse().unwrap();
        assert_eq!((arn.service(), arn.region(), arn.account()), ("lambda", "eu-west-1", "123456789012"));
        assert_eq!(arn.resource(), "function:f:1");
        assert!("arn:aws:iam".parse::<Arn>().is_err());
        assert!("urn:aws:s3:::b".parse::<Arn>().is_err());
    }
}
