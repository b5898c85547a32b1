//! The SAM transform: an answer for every template, the same each time.

use serde_json::Value;
use stackfleet_sam::{Applications, Environment, SamError, transform};

use super::sources;

const REGIONS: [&str; 3] = ["eu-west-1", "cn-north-1", "us-gov-west-1"];

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (_, file) = sources(text);
    let (template, _) = stackfleet_template::read(file, text);
    let document = template.value();
    let region = REGIONS.get(text.len() % REGIONS.len()).copied().unwrap_or_default();
    let environment = Environment {
        applications: Some(Applications::default()),
        passthrough_metadata: text.len() % 2 == 0,
        unix_time_s: Some(1_700_000_000),
        ..Environment::in_region(region)
    };
    let made = transform(document, &environment);
    assert_eq!(made, transform(document, &environment), "BUG: transformed twice, two results");
    match made {
        Ok(made) => {
            assert!(made.get("Resources").is_some_and(Value::is_object), "BUG: no resources: {made}");
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "BUG: refused for no reason");
            assert!(!SamError::summary(&errors).is_empty(), "BUG: refused without words");
        }
    }
}
