//! The form of a GraphQL API's properties, checked as a whole before anything is made of them.
//!
//! Observed: an empty text or list stands for an empty map, a field that is not known is wrong, and only the first thing that
//! is wrong is told, by its path.

use crate::node::{Map, Node};
use crate::python;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// Anything but null.
    Any,
    Flag,
    Text,
    TextOrMap,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    List(&'static Form),
    /// A map from names to values of one form.
    Named(&'static Form),
    Fields(&'static [Field]),
    FlagOrFields(&'static [Field]),
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: &'static str,
    required: bool,
    form: Form,
}

const fn may(name: &'static str, form: Form) -> Field {
    Field { name, required: false, form }
}
const fn must(name: &'static str, form: Form) -> Field {
    Field { name, required: true, form }
}
const fn any(name: &'static str) -> Field {
    may(name, Form::Any)
}

const AUTH_TYPES: Form =
    Form::OneOf(&["AWS_IAM", "API_KEY", "AWS_LAMBDA", "OPENID_CONNECT", "AMAZON_COGNITO_USER_POOLS"]);

const LAMBDA: Form = Form::Fields(&[
    must("AuthorizerUri", Form::Any),
    any("AuthorizerResultTtlInSeconds"),
    any("IdentityValidationExpression"),
]);
const OPEN_ID: Form = Form::Fields(&[any("AuthTTL"), any("ClientId"), any("IatTTL"), any("Issuer")]);
const USER_POOL: Form =
    Form::Fields(&[any("AppIdClientRegex"), any("AwsRegion"), any("DefaultAction"), must("UserPoolId", Form::Any)]);

const PROVIDER: Form = Form::Fields(&[
    must("Type", AUTH_TYPES),
    may("LambdaAuthorizer", LAMBDA),
    may("OpenIDConnect", OPEN_ID),
    may("UserPool", USER_POOL),
]);
const AUTH: Form = Form::Fields(&[
    must("Type", AUTH_TYPES),
    may("LambdaAuthorizer", LAMBDA),
    may("OpenIDConnect", OPEN_ID),
    may("UserPool", USER_POOL),
    may("Additional", Form::List(&PROVIDER)),
]);

const API_KEY: Form = Form::Fields(&[any("ApiKeyId"), any("Description"), any("ExpiresOn")]);
const LOGGING: Form =
    Form::FlagOrFields(&[any("CloudWatchLogsRoleArn"), any("ExcludeVerboseContent"), any("FieldLogLevel")]);

const DELTA_SYNC: Form = Form::Fields(&[
    must("BaseTableTTL", Form::Any),
    must("DeltaSyncTableName", Form::Any),
    must("DeltaSyncTableTTL", Form::Any),
]);
const TABLE: Form = Form::Fields(&[
    must("TableName", Form::Any),
    any("ServiceRoleArn"),
    any("TableArn"),
    may("Permissions", Form::List(&Form::Text)),
    may("Name", Form::Any),
    any("Description"),
    any("Region"),
    may("DeltaSync", DELTA_SYNC),
    any("UseCallerCredentials"),
    any("Versioned"),
]);
const FUNCTION_SOURCE: Form =
    Form::Fields(&[must("FunctionArn", Form::Any), any("ServiceRoleArn"), any("Name"), any("Description")]);
const DATA_SOURCES: Form =
    Form::Fields(&[may("DynamoDb", Form::Named(&TABLE)), may("Lambda", Form::Named(&FUNCTION_SOURCE))]);

const RUNTIME: Form = Form::Fields(&[must("Name", Form::Any), must("Version", Form::Any)]);
const FUNCTION: Form = Form::Fields(&[
    may("DataSource", Form::TextOrMap),
    may("Runtime", RUNTIME),
    any("InlineCode"),
    any("CodeUri"),
    any("Description"),
    any("MaxBatchSize"),
    any("Name"),
    any("Id"),
    any("Sync"),
]);
const CACHING: Form = Form::Fields(&[must("Ttl", Form::Any), may("CachingKeys", Form::List(&Form::Any))]);
const RESOLVER: Form = Form::Fields(&[
    may("FieldName", Form::Text),
    may("Caching", CACHING),
    any("InlineCode"),
    any("CodeUri"),
    any("MaxBatchSize"),
    may("Pipeline", Form::List(&Form::Text)),
    may("Runtime", RUNTIME),
    any("Sync"),
]);

const DOMAIN_NAME: Form =
    Form::Fields(&[must("CertificateArn", Form::Any), must("DomainName", Form::Any), any("Description")]);
const CACHE: Form = Form::Fields(&[
    must("ApiCachingBehavior", Form::Any),
    must("Ttl", Form::Any),
    must("Type", Form::Any),
    any("AtRestEncryptionEnabled"),
    any("TransitEncryptionEnabled"),
]);

/// The properties that have a form of their own; others are passed on as they are.
const PROPERTIES: [Field; 9] = [
    must("Auth", AUTH),
    may("XrayEnabled", Form::Flag),
    may("Logging", LOGGING),
    may("DataSources", DATA_SOURCES),
    may("Functions", Form::Named(&FUNCTION)),
    may("Resolvers", Form::Named(&Form::Named(&RESOLVER))),
    may("ApiKeys", Form::Named(&API_KEY)),
    may("DomainName", DOMAIN_NAME),
    may("Cache", CACHE),
];

/// The path of the first value that is not of its form.
pub(super) fn first_wrong(properties: &Map) -> Option<String> {
    PROPERTIES.iter().find_map(|field| {
        let value = properties.present(field.name)?;
        wrong(field.name, value, field.form)
    })
}

fn wrong(path: &str, value: &Node, form: Form) -> Option<String> {
    let is = |fits: bool| (!fits).then(|| path.to_owned());
    match form {
        Form::Any => is(!value.is_null()),
        Form::Flag => is(reads_as_flag(value)),
        Form::Text => is(matches!(value, Node::Text(_) | Node::Number(_))),
        Form::TextOrMap => is(matches!(value, Node::Text(_) | Node::Number(_) | Node::Map(_)) || is_empty(value)),
        Form::OneOf(known) => is(value.as_str().is_some_and(|text| known.contains(&text))),
        Form::List(item) => match value.as_list() {
            Some(items) => {
                items.iter().enumerate().find_map(|(index, value)| wrong(&format!("{path}.{index}"), value, *item))
            }
            None => is(false),
        },
        Form::Named(item) => match as_map(value) {
            Some(map) => map.iter().find_map(|(name, value)| wrong(&format!("{path}.{name}"), value, *item)),
            None => is(false),
        },
        Form::Fields(fields) => match as_map(value) {
            Some(map) => wrong_field(path, &map, fields),
            None => is(false),
        },
        Form::FlagOrFields(_) if value.as_bool().is_some() => None,
        Form::FlagOrFields(fields) => wrong(path, value, Form::Fields(fields)),
    }
}

fn wrong_field(path: &str, map: &Map, fields: &[Field]) -> Option<String> {
    let in_field = |field: &Field| {
        let path = format!("{path}.{}", field.name);
        match map.get(field.name) {
            None | Some(Node::Null) if field.required => Some(path),
            None | Some(Node::Null) => None,
            Some(value) => wrong(&path, value, field.form),
        }
    };
    let unknown = || map.keys().find(|key| !fields.iter().any(|field| field.name == key.as_str()));
    fields.iter().find_map(in_field).or_else(|| unknown().map(|key| format!("{path}.{key}")))
}

fn is_empty(value: &Node) -> bool {
    value.as_list().is_some_and(Vec::is_empty) || value.as_str() == Some("")
}

/// The value as a map, if it is one or stands for an empty one.
pub(super) fn as_map(value: &Node) -> Option<Map> {
    value.as_map().cloned().or_else(|| is_empty(value).then(Map::new))
}

fn reads_as_flag(value: &Node) -> bool {
    const WORDS: [&str; 12] = ["true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0"];
    value.as_bool().is_some() || WORDS.contains(&python::display(value).to_lowercase().as_str())
}
