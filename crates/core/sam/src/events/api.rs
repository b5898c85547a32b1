//! `Api`: a method of a REST API that invokes the function.

use super::Event;
use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::implicit_api::{MANAGED, api_id};
use crate::intrinsics::{sub, sub_with};
use crate::node::{Map, Node, Text, map};
use crate::properties::{Shape, Specification, expect_map, free, mapping, needed, optional, should_be, text};
use crate::python;
use crate::swagger::integration::{LambdaIntegration, RequestParameter};
use crate::swagger::{self, Swagger, normal_method, path_with_wildcards};

pub(super) const PROPERTIES: Specification = &[
    needed(text("Path")),
    needed(text("Method")),
    text("RestApiId"),
    text("Stage"),
    mapping("Auth"),
    mapping("RequestModel"),
    optional("RequestParameters", Shape::List),
    optional("TimeoutInMillis", Shape::Integer),
    text("ResponseTransferMode"),
    free("InvokeMode"),
];

const INVALID_REFERENCE: &str =
    "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.";

/// The API that an event belongs to, and what stands for its stage in ids.
pub(crate) fn linked(context: &Context<'_>, name: &Text, properties: &Map) -> Result<(Text, String)> {
    let Some(api) = api_id(properties.get("RestApiId")) else {
        return Err(Fault::event(name, should_be("RestApiId", "a string")));
    };
    let resource = context.resource(&api);
    let Some(resource) = resource.filter(|api| api.str("Type") != Some("AWS::Serverless::HttpApi")) else {
        return Err(Fault::event(name, INVALID_REFERENCE));
    };
    let stage = match resource.map("Properties").and_then(|properties| properties.get("StageName")) {
        Some(Node::Text(stage)) if stage.is_empty() => {
            return Err(Fault::resource(&api, "StageName cannot be empty."));
        }
        Some(Node::Text(stage)) => stage.to_string(),
        Some(_) | None => "Stage".to_owned(),
    };
    Ok((api, stage))
}

pub(crate) fn expand(context: &mut Context<'_>, event: &Event<'_>) -> Result<Vec<Generated>> {
    let given = event.properties.get("RestApiId");
    let (api, suffix) = linked(context, event.name, event.properties)?;
    let permission = permission(context, event, &api, given, &suffix);
    edit_document(context, event, &api)?;
    note_function_name(context, event, &api)?;
    Ok(vec![permission])
}

fn written(event: &Event<'_>, key: &str) -> Text {
    event.properties.text(key).cloned().unwrap_or_else(|| "".into())
}

fn permission(context: &Context<'_>, event: &Event<'_>, api: &Text, given: Option<&Node>, suffix: &str) -> Generated {
    let method = written(event, "Method");
    let method = if method.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.to_uppercase() };
    let path = path_with_wildcards(&written(event, "Path"), swagger::is_parameter);
    let path = if path.len() > 1 { path.strip_suffix('/').unwrap_or(&path) } else { &path };
    let arn = context
        .arn(&format!("execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{method}{path}"));
    let mut permission = event.permission_with_id(&event.id, "apigateway.amazonaws.com", suffix);
    let id = given.cloned().unwrap_or_else(|| Node::from(api));
    permission.put("SourceArn", sub_with(arn, map! {"__ApiId__" => id, "__Stage__" => "*"}));
    permission
}

/// The deployment's id changes with the names of the functions behind it.
fn note_function_name(context: &mut Context<'_>, event: &Event<'_>, api: &Text) -> Result<()> {
    let Some(name) = event.function.properties.truthy("FunctionName") else { return Ok(()) };
    let name = context.resolved(name)?;
    let shown = name.as_str().map_or_else(|| python::repr_2(&name), str::to_owned);
    context.function_names.entry(api.to_string()).or_default().push_str(&shown);
    Ok(())
}

fn edit_document(context: &mut Context<'_>, event: &Event<'_>, api: &Text) -> Result<()> {
    let partition = context.partition;
    let Some(properties) = context.resource_mut(api).and_then(|resource| resource.map_mut("Properties")) else {
        return Ok(());
    };
    let managed = properties.get(MANAGED).is_some_and(Node::truthy);
    let merges = properties.get("MergeDefinitions").is_some_and(Node::truthy);
    if !managed && !merges {
        return override_auth(event, properties);
    }
    if !managed && !properties.get("DefinitionBody").is_some_and(swagger::is_valid) {
        return Ok(());
    }
    let body = match properties.get("DefinitionBody") {
        Some(body) if managed => body.clone(),
        _merged => Node::Map(swagger::skeleton()),
    };
    let (path, method) = (written(event, "Path"), written(event, "Method"));
    // Observed: documents that are merged keep the author's word for any method.
    let method = if managed && !merges { normal_method(&method) } else { method.like(method.to_lowercase()) };
    let mut editor = Swagger::new(&body)?;
    if editor.has_integration(&path, &method)? {
        let method = written(event, "Method").to_lowercase();
        return Err(event.fault(format!("API method \"{method}\" defined multiple times for path \"{path}\".")));
    }
    let auth = match event.properties.truthy("Auth") {
        None => None,
        Some(auth) => Some(expect_map(&event.id, auth, "Auth")?),
    };
    let api_auth = properties.truthy("Auth").cloned();
    let integration = LambdaIntegration {
        uri: uri(event, partition),
        condition: event.condition(),
        credentials: credentials(auth, api_auth.as_ref(), partition),
        extra: extra_members(event),
    };
    editor.add_lambda_integration(&path, &method, &integration)?;
    if let Some(auth) = auth {
        let stage = stage_of(properties);
        add_auth(
            &mut editor,
            &EventAuth { event: event.name, path: &path, method: &method, auth, api: Some(api) },
            api_auth.as_ref(),
            stage.as_ref(),
        )?;
    }
    if let Some(model) = event.properties.truthy("RequestModel") {
        add_model(event, &mut editor, properties, model, &path, &method)?;
    }
    if let Some(parameters) = event.properties.truthy("RequestParameters") {
        let parameters = request_parameters(event, parameters)?;
        editor.add_request_parameters(&path, &method, &parameters)?;
    }
    let finished = editor.finished();
    if managed {
        properties.insert("DefinitionBody", finished);
    } else {
        let given = properties.get("DefinitionBody").cloned().unwrap_or(Node::Null);
        properties.insert("DefinitionBody", crate::api::merge_definitions(&given, &finished));
    }
    // Observed: what is added to the method already is added once more.
    override_auth(event, properties)
}

/// What stands for the API's stage in the resource policy of an event.
fn stage_of(api: &Map) -> Option<Node> {
    match api.get("StageName") {
        Some(Node::Text(name)) => Some(Node::from(name)),
        Some(_computed) => Some("Stage".into()),
        None => None,
    }
}

/// An event may add its authorizer to a method of a document that is given.
fn override_auth(event: &Event<'_>, properties: &mut Map) -> Result<()> {
    let Some(Node::Map(auth)) = event.properties.truthy("Auth") else { return Ok(()) };
    if auth.truthy("OverrideApiAuth").is_none() {
        return Ok(());
    }
    let Some(body) = properties.get("DefinitionBody").filter(|body| swagger::is_valid(body)) else { return Ok(()) };
    let mut editor = Swagger::new(body)?;
    let (path, method) = (written(event, "Path"), normal_method(&written(event, "Method")));
    let api_auth = properties.truthy("Auth").cloned();
    let stage = stage_of(properties);
    let event_auth = EventAuth { event: event.name, path: &path, method: &method, auth, api: None };
    add_auth(&mut editor, &event_auth, api_auth.as_ref(), stage.as_ref())?;
    properties.insert("DefinitionBody", editor.finished());
    Ok(())
}

/// Whether the answer is streamed; other modes than this one change nothing.
fn streams(event: &Event<'_>) -> bool {
    event.properties.str("ResponseTransferMode") == Some("RESPONSE_STREAM")
}

fn uri(event: &Event<'_>, partition: &str) -> Node {
    let target = event.target.uri_part();
    let (version, call) =
        if streams(event) { ("2021-11-15", "response-streaming-invocations") } else { ("2015-03-31", "invocations") };
    let text =
        format!("arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/${{{target}}}/{call}");
    // The text takes its origin from the id: an alias's is the transform's, a function's the author's.
    sub(if event.target.alias.is_some() { Text::from(text) } else { Text::template(text) })
}

fn extra_members(event: &Event<'_>) -> Vec<(&'static str, Node)> {
    let mut extra = Vec::new();
    if let Some(timeout) = event.properties.truthy("TimeoutInMillis") {
        extra.push(("timeoutInMillis", timeout.clone()));
    }
    if streams(event) {
        extra.push(("responseTransferMode", "STREAM".into()));
    }
    extra
}

/// Credentials of the integration where the method is authorized by IAM.
pub(crate) fn credentials(auth: Option<&Map>, api_auth: Option<&Node>, partition: &str) -> Option<Node> {
    let api_auth = api_auth.and_then(Node::as_map);
    let authorizer = auth.and_then(|auth| auth.truthy("Authorizer"));
    let uses_iam = match authorizer {
        Some(authorizer) => authorizer.as_str() == Some("AWS_IAM"),
        None => api_auth.and_then(|auth| auth.str("DefaultAuthorizer")) == Some("AWS_IAM"),
    };
    if !uses_iam {
        return None;
    }
    let caller = || Some(format!("arn:{partition}:iam::*:user/*").into());
    let role =
        auth.and_then(|auth| auth.get("InvokeRole")).or_else(|| api_auth.and_then(|auth| auth.present("InvokeRole")));
    match role {
        Some(Node::Null) => None,
        None => caller(),
        Some(role) => match role.as_str() {
            Some("CALLER_CREDENTIALS") => caller(),
            Some("NONE") => None,
            Some(_) | None => Some(role.clone()),
        },
    }
}

/// The `Auth` of one event.
#[derive(Debug)]
pub(crate) struct EventAuth<'a> {
    pub(crate) event: &'a Text,
    pub(crate) path: &'a Text,
    pub(crate) method: &'a Text,
    pub(crate) auth: &'a Map,
    /// The API, where its own properties are still to be checked.
    pub(crate) api: Option<&'a Text>,
}

/// Adds authorizer, API key and resource policy of an event to its method.
pub(crate) fn add_auth(
    editor: &mut Swagger,
    event: &EventAuth<'_>,
    api_auth: Option<&Node>,
    stage: Option<&Node>,
) -> Result<()> {
    let auth = event.auth;
    let fault = |message: String| Fault::event(event.event, message);
    if api_auth.is_some_and(|auth| auth.truthy() && auth.as_map().is_none())
        && auth.truthy("Authorizer").is_some()
        && let Some(api) = event.api
    {
        return Err(Fault::resource(api, should_be("Auth", "a map")));
    }
    let authorizer = auth.truthy("Authorizer");
    if auth.truthy("OverrideApiAuth").is_some()
        && authorizer.is_none()
        && auth.truthy("ApiKeyRequired").is_none()
        && auth.truthy("ResourcePolicy").is_none()
    {
        return Err(fault(
            "Must define one of: Authorizer, ApiKeyRequired or ResourcePolicy when using the OverrideApiAuth property."
                .to_owned(),
        ));
    }
    match authorizer {
        Some(authorizer) => add_authorizer(editor, event, authorizer, api_auth)?,
        None => {
            if auth.truthy("AuthorizationScopes").is_some() {
                return Err(fault("AuthorizationScopes works only when Authorizer is set".to_owned()));
            }
        }
    }
    if let Some(required) = auth.present("ApiKeyRequired") {
        if required.truthy() {
            editor.add_security(event.path, event.method, "api_key".into(), Node::list())?;
        } else {
            let by_api = api_auth.and_then(Node::as_map).and_then(|auth| auth.truthy("ApiKeyRequired"));
            if by_api.is_none() {
                return Err(fault(format!(
                    "Unable to set ApiKeyRequired [{}] on API method [{}] for path [{}] because the related API does not \
                     specify any ApiKeyRequired.",
                    python::display(required),
                    shown_method(event.method),
                    event.path
                )));
            }
            editor.add_security(event.path, event.method, "api_key_false".into(), Node::list())?;
        }
    }
    if let Some(policy) = auth.truthy("ResourcePolicy") {
        let policy = resource_policy(policy)?;
        editor.add_resource_policy(policy, event.path, stage)?;
        if let Some(custom) = policy.truthy("CustomStatements") {
            editor.add_custom_statements(custom);
        }
    }
    Ok(())
}

/// A `ResourcePolicy` property as a map.
pub(crate) fn resource_policy(policy: &Node) -> Result<&Map> {
    policy.as_map().ok_or_else(|| Fault::document("ResourcePolicy must be a map (ResourcePolicyStatement)."))
}

/// A method as the author writes it.
fn shown_method(method: &str) -> &str {
    if method == swagger::ANY_METHOD { "any" } else { method }
}

fn add_authorizer(
    editor: &mut Swagger,
    event: &EventAuth<'_>,
    authorizer: &Node,
    api_auth: Option<&Node>,
) -> Result<()> {
    let path = event.path;
    let method = shown_method(event.method);
    let fault = |message: String| Fault::event(event.event, message);
    let shown = python::display(authorizer);
    let api_auth = api_auth.and_then(Node::as_map);
    let authorizers = api_auth.and_then(|auth| auth.truthy("Authorizers"));
    if shown != "AWS_IAM" {
        if shown != "NONE" && authorizers.is_none() {
            return Err(fault(format!(
                "Unable to set Authorizer [{shown}] on API method [{method}] for path [{path}] because the related API does \
                 not define any Authorizers."
            )));
        }
        if shown == "NONE" && api_auth.and_then(|auth| auth.truthy("DefaultAuthorizer")).is_none() {
            return Err(fault(format!(
                "Unable to set Authorizer on API method [{method}] for path [{path}] because 'NONE' is only a valid value \
                 when a DefaultAuthorizer on the API is specified."
            )));
        }
        if authorizer.as_text().is_none() && authorizers.is_some_and(|known| known.as_map().is_some()) {
            return Err(fault(format!(
                "Unable to set Authorizer [{shown}] on API method [{method}] for path [{path}]. The method authorizer must be \
                 a string with a corresponding dict entry in the api authorizer."
            )));
        }
        if shown != "NONE" && !authorizers.and_then(Node::as_map).is_some_and(|known| known.contains(&shown)) {
            if authorizers.is_some_and(|known| known.as_map().is_none()) {
                return Ok(());
            }
            return Err(fault(format!(
                "Unable to set Authorizer [{shown}] on API method [{method}] for path [{path}] because it wasn't defined in \
                 the API's Authorizers."
            )));
        }
    }
    let Some(name) = authorizer.as_text() else { return Ok(()) };
    let definition = authorizers.and_then(Node::as_map).and_then(|known| known.get(name));
    if definition.is_some_and(|definition| definition.as_map().is_none()) {
        return Err(Fault::document(format!("Type of authorizer '{name}' must be a dictionary")));
    }
    let scopes = match event.auth.get("AuthorizationScopes") {
        Some(scopes) if !scopes.is_null() => scopes.clone(),
        Some(_) | None => definition
            .and_then(Node::as_map)
            .and_then(|definition| definition.present("AuthorizationScopes"))
            .cloned()
            .unwrap_or_else(Node::list),
    };
    editor.add_security(path, event.method, name.clone(), scopes)
}

fn add_model(
    event: &Event<'_>,
    editor: &mut Swagger,
    api: &Map,
    model: &Node,
    path: &Text,
    method: &Text,
) -> Result<()> {
    let model = expect_map(&event.id, model, "RequestModel")?;
    let Some(name) = model.truthy("Model") else { return Ok(()) };
    let shown = python::display(name);
    let place =
        format!("Unable to set RequestModel [{shown}] on API method [{}] for path [{path}]", shown_method(method));
    let Some(models) = api.truthy("Models") else {
        return Err(event.fault(format!("{place} because the related API does not define any Models.")));
    };
    let (Some(models), Some(name)) = (models.as_map(), name.as_text()) else {
        return Err(event.fault(format!("{place} because the related API does not contain valid Models.")));
    };
    if models.truthy(name).is_none() {
        return Err(event.fault(format!("{place} because it wasn't defined in the API's Models.")));
    }
    // The document becomes one of OpenAPI 3 only when all events are in it.
    let is_version_3 = crate::api::version_3(api).is_some();
    editor.add_request_model(path, method, name, model.present("Required"), is_version_3)?;
    let (body, parameters) = (model.present("ValidateBody"), model.present("ValidateParameters"));
    if body.is_none() && parameters.is_none() {
        return Ok(());
    }
    let flag = |value: Option<&Node>| {
        match value {
        None => Ok(false),
        Some(Node::Bool(value)) => Ok(*value),
        Some(_other) => Err(event.fault(format!(
            "Unable to set Validator to RequestModel [{shown}] on API method [{method}] for path [{path}] ValidateBody and \
             ValidateParameters must be a boolean type, strings or intrinsics are not supported."
        ))),
    }
    };
    editor.add_validator(path, method, flag(body)?, flag(parameters)?)
}

fn request_parameters(event: &Event<'_>, parameters: &Node) -> Result<Vec<RequestParameter>> {
    let wrong = "Invalid value for 'RequestParameters' property. ";
    let mut made = Vec::new();
    // Observed: of a map, the keys count.
    let names: Vec<Node> = parameters.as_map().into_iter().flat_map(Map::keys).map(Node::from).collect();
    for parameter in parameters.as_list().into_iter().flatten().chain(&names) {
        let (whole, settings) = match parameter {
            Node::Text(name) => (name, None),
            Node::Map(map) => match map.iter().next() {
                Some((name, settings)) => {
                    let Some(settings) = settings.as_map() else {
                        return Err(event.fault(format!(
                            "{wrong}Values must be an object, e.g {{ Required: true, Caching: false }}"
                        )));
                    };
                    (name, Some(settings))
                }
                None => {
                    return Err(event.fault(format!("{wrong}Keys must be in the format 'method.request.[querystring|path|header].{{value}}', e.g 'method.request.header.Authorization'.")));
                }
            },
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) => {
                return Err(event.fault(
                    "Invalid value for 'RequestParameters' property. Property must be either a string or an object",
                ));
            }
        };
        let mut parts = whole.splitn(4, '.');
        let shape = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some("method"), Some("request"), Some(place @ ("querystring" | "path" | "header")), Some(name)) = shape
        else {
            return Err(event.fault(format!("{wrong}Keys must be in the format 'method.request.[querystring|path|header].{{value}}', e.g 'method.request.header.Authorization'.")));
        };
        let setting = |key: &str| settings.and_then(|settings| settings.present(key)).cloned();
        made.push(RequestParameter {
            whole: whole.clone(),
            place: if place == "querystring" { "query".into() } else { whole.like(place) },
            name: whole.like(name),
            required: setting("Required").unwrap_or(Node::Bool(false)),
            caching: setting("Caching").is_some_and(|caching| caching.truthy()),
        });
    }
    Ok(made)
}
