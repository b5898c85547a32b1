//! Buckets and their settings.

use stackfleet_base::{AccountId, Region};

use super::{
    Answer, Bucket, BucketEntry, Context, Encryption, Error, PublicAccessBlock, S3, Setting, SettingValue, Versioning,
    public,
};
use crate::{call::Call, document::Document};

const OWNERSHIPS: [&str; 3] = ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"];

impl S3 {
    pub(super) fn list_buckets(&self, account: &AccountId, prefix: Option<&str>) -> Answer {
        let mine = self
            .buckets
            .iter()
            .filter(|(name, bucket)| bucket.owner == *account && name.starts_with(prefix.unwrap_or_default()));
        let buckets = mine.map(|(name, bucket)| BucketEntry {
            name: name.clone(),
            region: bucket.region.clone(),
            created: bucket.created,
        });
        Answer::ListBuckets { owner: account.clone(), buckets: buckets.collect() }
    }

    pub(super) fn create_bucket(
        &mut self,
        context: &mut Context<'_>,
        name: String,
        location: Option<String>,
        ownership: Option<String>,
    ) -> Result<Answer, Error> {
        check_name(&name)?;
        let region = located(context, location.as_deref())?;
        let ownership = ownership.unwrap_or_else(|| "BucketOwnerEnforced".to_owned());
        if !OWNERSHIPS.contains(&ownership.as_str()) {
            let message = format!("Invalid x-amz-object-ownership header: {ownership}");
            return Err(Error::invalid_argument(&message, "x-amz-object-ownership", &ownership));
        }
        let place = if region.as_str() == "us-east-1" {
            format!("/{name}")
        } else {
            format!("http://{name}.s3.amazonaws.com/")
        };
        if let Some(existing) = self.buckets.get(&name) {
            return existing.claimed_again(&name, context.call, place);
        }
        let bucket = Bucket {
            owner: context.call.account().clone(),
            region,
            created: context.now,
            policy: None,
            versioning: Versioning::Off,
            encryption: Encryption::default(),
            tags: Vec::new(),
            public_access_block: Some(PublicAccessBlock {
                block_public_acls: true,
                ignore_public_acls: true,
                block_public_policy: true,
                restrict_public_buckets: true,
            }),
            ownership: Some(ownership),
            objects: std::collections::BTreeMap::new(),
            uploads: std::collections::BTreeMap::new(),
        };
        self.buckets.insert(name, bucket);
        Ok(Answer::CreateBucket { location: place })
    }

    pub(super) fn delete_bucket(&mut self, name: &str) -> Result<Answer, Error> {
        let bucket = self.find(name)?;
        if !bucket.objects.is_empty() {
            let message = match bucket.versioning {
                Versioning::Off => "The bucket you tried to delete is not empty",
                Versioning::Enabled | Versioning::Suspended => {
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                }
            };
            let details = vec![("BucketName", name.to_owned())];
            return Err(Error { details, ..Error::new(409, "BucketNotEmpty", message) });
        }
        self.buckets.remove(name);
        Ok(Answer::Done)
    }
}

impl Bucket {
    /// Answers a second `CreateBucket`: in us-east-1 the owner is told that all is well, for historical reasons.
    fn claimed_again(&self, name: &str, call: &Call, place: String) -> Result<Answer, Error> {
        let details = vec![("BucketName", name.to_owned())];
        if self.owner != *call.account() {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of \
                           the system. Please select a different name and try again.";
            return Err(Error { details, ..Error::new(409, "BucketAlreadyExists", message) });
        }
        if self.region.as_str() == "us-east-1" && call.region == self.region {
            return Ok(Answer::CreateBucket { location: place });
        }
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        Err(Error { details, ..Error::new(409, "BucketAlreadyOwnedByYou", message) })
    }

    pub(super) fn setting(&self, name: &str, setting: Setting) -> Result<Answer, Error> {
        let absent = |code: &str, message: &str| {
            let details = vec![("BucketName", name.to_owned())];
            Error { details, ..Error::new(404, code, message) }
        };
        let no_policy = || absent("NoSuchBucketPolicy", "The bucket policy does not exist");
        let value = match setting {
            Setting::Policy => SettingValue::Policy(self.policy.as_ref().ok_or_else(no_policy)?.text().to_owned()),
            Setting::PolicyStatus => {
                let policy = self.policy.as_ref().ok_or_else(no_policy)?;
                SettingValue::PolicyStatus { is_public: public::is_public(policy.text()) }
            }
            Setting::Versioning => SettingValue::Versioning(self.versioning),
            Setting::Encryption => SettingValue::Encryption(self.encryption.clone()),
            Setting::Tagging if self.tags.is_empty() => {
                return Err(absent("NoSuchTagSet", "The TagSet does not exist"));
            }
            Setting::Tagging => SettingValue::Tagging(self.tags.clone()),
            Setting::PublicAccessBlock => {
                SettingValue::PublicAccessBlock(self.public_access_block.ok_or_else(|| {
                    absent(
                        "NoSuchPublicAccessBlockConfiguration",
                        "The public access block configuration was not found",
                    )
                })?)
            }
            Setting::OwnershipControls => SettingValue::OwnershipControls(self.ownership.clone().ok_or_else(|| {
                absent("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
            })?),
        };
        Ok(Answer::Setting(value))
    }

    pub(super) fn put_setting(&mut self, name: &str, value: SettingValue, call: &Call) -> Result<Answer, Error> {
        match value {
            SettingValue::Policy(text) => self.put_policy(name, &text, call)?,
            SettingValue::PolicyStatus { .. } => {
                return Err(Error::new(405, "MethodNotAllowed", METHOD_NOT_ALLOWED));
            }
            SettingValue::Versioning(versioning) => self.versioning = versioning,
            SettingValue::Encryption(encryption) => {
                check_encryption(&encryption)?;
                self.encryption = encryption;
            }
            SettingValue::Tagging(tags) => {
                check_tags(&tags, 50)?;
                self.tags = tags;
            }
            SettingValue::PublicAccessBlock(block) => self.public_access_block = Some(block),
            SettingValue::OwnershipControls(ownership) => {
                if !OWNERSHIPS.contains(&ownership.as_str()) {
                    return Err(Error::new(400, "MalformedXML", MALFORMED_XML));
                }
                self.ownership = Some(ownership);
            }
        }
        Ok(Answer::Done)
    }

    pub(super) fn delete_setting(&mut self, setting: Setting) {
        match setting {
            Setting::Policy => self.policy = None,
            Setting::Encryption => self.encryption = Encryption::default(),
            Setting::Tagging => self.tags.clear(),
            Setting::PublicAccessBlock => self.public_access_block = None,
            Setting::OwnershipControls => self.ownership = None,
            Setting::PolicyStatus | Setting::Versioning => {}
        }
    }

    fn put_policy(&mut self, name: &str, text: &str, call: &Call) -> Result<(), Error> {
        if text.len() > 20_480 {
            return Err(Error::new(400, "PolicyTooLarge", "Policy exceeds the maximum allowed document size."));
        }
        if !text.trim_start().starts_with('{') {
            let message = "Policies must be valid JSON and the first byte must be '{'";
            return Err(Error::new(400, "MalformedPolicy", message));
        }
        let document = Document::resource(text).map_err(|message| Error::new(400, "MalformedPolicy", message))?;
        let resource = format!("arn:aws:s3:::{name}");
        if let Some(wrong) = public::foreign_resource(text, &resource) {
            let details = vec![("Detail", wrong)];
            return Err(Error { details, ..Error::new(400, "MalformedPolicy", "Policy has invalid resource") });
        }
        let blocked = self.public_access_block.is_some_and(|block| block.block_public_policy);
        if blocked && public::is_public(text) {
            let message = format!(
                "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{resource}\" because public \
                 policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                call.principal.shown()
            );
            return Err(Error::new(403, "AccessDenied", message));
        }
        self.policy = Some(document);
        Ok(())
    }
}

pub(super) const METHOD_NOT_ALLOWED: &str = "The specified method is not allowed against this resource.";
const MALFORMED_XML: &str = "The XML you provided was not well-formed or did not validate against our published schema";

/// Checks a bucket's name by S3's rules for general purpose buckets.
fn check_name(name: &str) -> Result<(), Error> {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    let letters = bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(byte));
    let address = name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    let good = (3..=63).contains(&name.len())
        && letters
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && !address
        && !name.starts_with("xn--")
        && !name.ends_with("-s3alias");
    if good {
        return Ok(());
    }
    let details = vec![("BucketName", name.to_owned())];
    Err(Error { details, ..Error::new(400, "InvalidBucketName", "The specified bucket is not valid.") })
}

/// Returns where a bucket is to be: at the endpoint, which its constraint must name. Only us-east-1 goes without one,
/// and takes those of other regions that the account has enabled.
fn located(context: &Context<'_>, location: Option<&str>) -> Result<Region, Error> {
    let endpoint = &context.call.region;
    let illegal = |location: &str| {
        let message = format!(
            "The {location} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        Err(Error::new(400, "IllegalLocationConstraintException", message))
    };
    match (endpoint.as_str(), location) {
        ("us-east-1", None) => Ok(endpoint.clone()),
        ("us-east-1", Some("us-east-1")) => Err(invalid_location()),
        ("us-east-1", Some(elsewhere)) => {
            let elsewhere = if elsewhere == "EU" { "eu-west-1" } else { elsewhere };
            let region = elsewhere.parse::<Region>().map_err(|_| invalid_location())?;
            if context.regions.is_some_and(|regions| regions.is_enabled(&region)) {
                Ok(region)
            } else {
                Err(invalid_location())
            }
        }
        (_, None) => illegal("unspecified"),
        ("eu-west-1", Some("EU")) => Ok(endpoint.clone()),
        (name, Some(location)) if name == location => Ok(endpoint.clone()),
        (_, Some(location)) => illegal(location),
    }
}

fn invalid_location() -> Error {
    Error::new(400, "InvalidLocationConstraint", "The specified location-constraint is not valid")
}

fn check_encryption(encryption: &Encryption) -> Result<(), Error> {
    match encryption.algorithm.as_str() {
        "AES256" if encryption.kms_key_id.is_some() => {
            let message =
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
            Err(Error::invalid_argument(message, "KMSMasterKeyID", ""))
        }
        "AES256" | "aws:kms" | "aws:kms:dsse" => Ok(()),
        _ => Err(Error::new(400, "MalformedXML", MALFORMED_XML)),
    }
}

/// Checks tags of a bucket (at most 50) or an object (at most 10).
pub(super) fn check_tags(tags: &[(String, String)], count_max: usize) -> Result<(), Error> {
    let invalid = |message: &str| Err(Error::new(400, "InvalidTag", message));
    if tags.len() > count_max {
        let message = format!("Object tags cannot be greater than {count_max}");
        return Err(Error::new(400, "BadRequest", message));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            return invalid("System tags cannot be added/updated by requester");
        }
        if !seen.insert(key) {
            return invalid("Cannot provide multiple Tags with the same key");
        }
    }
    Ok(())
}
