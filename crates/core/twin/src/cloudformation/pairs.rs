//! Maps whose keys are not text, written as lists of pairs: JSON objects cannot have other keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a map as a list of pairs.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn serialize<Key, Value, Into>(map: &BTreeMap<Key, Value>, serializer: Into) -> Result<Into::Ok, Into::Error>
where
    Key: Serialize,
    Value: Serialize,
    Into: Serializer,
{
    serializer.collect_seq(map)
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// Those of the deserializer.
pub(crate) fn deserialize<'de, Key, Value, From>(deserializer: From) -> Result<BTreeMap<Key, Value>, From::Error>
where
    Key: Deserialize<'de> + Ord,
    Value: Deserialize<'de>,
    From: Deserializer<'de>,
{
    Ok(Vec::<(Key, Value)>::deserialize(deserializer)?.into_iter().collect())
}
