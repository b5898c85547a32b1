//! botocore's `service-2.json` as far as it is used here. Documentation is left unread.

use indexmap::IndexMap;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) metadata: Metadata,
    pub(super) operations: IndexMap<String, Operation>,
    pub(super) shapes: IndexMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) api_version: String,
    pub(super) endpoint_prefix: String,
    pub(super) protocol: String,
    pub(super) service_id: String,
    pub(super) signing_name: Option<String>,
    pub(super) target_prefix: Option<String>,
    pub(super) xml_namespace: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Operation {
    pub(super) http: Http,
    pub(super) input: Option<Reference>,
    pub(super) output: Option<Reference>,
    #[serde(default)]
    pub(super) errors: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Http {
    pub(super) method: String,
    pub(super) request_uri: String,
    pub(super) response_code: Option<u16>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) shape: String,
    pub(super) result_wrapper: Option<String>,
    pub(super) location: Option<String>,
    pub(super) location_name: Option<String>,
    pub(super) timestamp_format: Option<String>,
    #[serde(default)]
    pub(super) flattened: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) members: IndexMap<String, Reference>,
    #[serde(default)]
    pub(super) required: Vec<String>,
    pub(super) member: Option<Reference>,
    pub(super) key: Option<Reference>,
    pub(super) value: Option<Reference>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<String>>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(default)]
    pub(super) flattened: bool,
    #[serde(default)]
    pub(super) document: bool,
    pub(super) timestamp_format: Option<String>,
    pub(super) payload: Option<String>,
    pub(super) error: Option<ErrorTrait>,
    #[serde(default)]
    pub(super) fault: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorTrait {
    pub(super) code: Option<String>,
    pub(super) http_status_code: Option<u16>,
    pub(super) sender_fault: Option<bool>,
}

impl Shape {
    /// Returns a structure without members, which stands for an input or output that the model leaves out.
    pub(super) fn empty() -> Shape {
        Shape { kind: "structure".into(), ..Shape::default() }
    }
}
