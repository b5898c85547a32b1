//! The project file's form as JSON Schema (draft 2020-12), for completion and checks in editors.

use serde_json::{Map, Value, json};

use crate::shape::{Key, PROJECT, Presence, Shape, Table};

/// Returns the JSON Schema of `stackfleet.yaml`; `docs/stackfleet.schema.json` is the same, for editors.
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = object(&PROJECT, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("stackfleet project"));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

fn object(table: &'static Table, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    let required = table.keys.iter().filter(|key| key.presence == Presence::Required);
    let required: Vec<&str> = required.map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if let (Value::Object(schema), false) = (&mut schema, required.is_empty()) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn property(key: &'static Key, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = shape(key.shape, definitions);
    let about = match key.presence {
        Presence::NotSupported => format!("{} Not supported by this release.", key.about),
        Presence::Required | Presence::Optional => key.about.to_owned(),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(about));
    }
    schema
}

fn shape(shape: Shape, definitions: &mut Map<String, Value>) -> Value {
    let text = || json!({ "type": ["string", "number", "boolean"] });
    match shape {
        Shape::Anything => json!({}),
        Shape::Text => text(),
        Shape::Word(words) => {
            // A bare number in YAML is a number to an editor.
            let numbers = words.iter().filter_map(|word| word.parse::<u64>().ok()).map(Value::from);
            json!({ "enum": numbers.chain(words.iter().map(|word| json!(word))).collect::<Vec<_>>() })
        }
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Texts => json!({ "type": "array", "items": text() }),
        Shape::TextMap => json!({ "type": "object", "additionalProperties": text() }),
        Shape::ParameterMap => {
            let list = json!({ "type": "array", "items": text() });
            json!({ "type": "object", "additionalProperties": { "anyOf": [text(), list] } })
        }
        Shape::Object(table) => reference(table, definitions),
        Shape::Objects(table) => json!({ "type": "object", "additionalProperties": reference(table, definitions) }),
    }
}

/// Tables are definitions, for units hold units.
fn reference(table: &'static Table, definitions: &mut Map<String, Value>) -> Value {
    let name = table.what.rsplit(' ').next().unwrap_or(table.what);
    if !definitions.contains_key(name) {
        definitions.insert(name.to_owned(), Value::Null);
        let schema = object(table, definitions);
        definitions.insert(name.to_owned(), schema);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_defined_once_and_refers_to_defined_ones() {
        let schema = json_schema();
        let text = schema.to_string();
        let definitions = schema["$defs"].as_object().unwrap();
        assert_eq!(
            definitions.keys().map(String::as_str).collect::<Vec<_>>(),
            ["organization", "tags", "unit", "account", "environment", "app", "rollout", "stack"]
        );
        for part in text.split("#/$defs/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(definitions[name].is_object(), "{name}");
        }
        assert_eq!(definitions["account"]["required"], json!(["email"]));
    }

    #[test]
    fn the_published_schema_is_this_one() {
        // `stackfleet schema > docs/stackfleet.schema.json` brings it up to date.
        let published: Value = serde_json::from_str(include_str!("../../../../docs/stackfleet.schema.json")).unwrap();
        assert_eq!(published, json_schema());
        let (published, current) = (published.to_string(), json_schema().to_string());
        assert_eq!(published, current, "the order of keys differs");
    }
}
