//! What AWS's transform (PyPI aws-sam-translator 1.111.0 and 1.115.0) makes of what its own examples do not cover: found
//! later, mostly of APIs.

#![expect(clippy::indexing_slicing, reason = "a test may panic; helpers count as non-test code")]

use serde_json::{Map, Value, json};
use stackfleet_sam::{Environment, SamError, transform};

fn run(resources: Value) -> Result<Map<String, Value>, String> {
    match transform(&json!({"Resources": resources}), &Environment::in_region("eu-west-1")) {
        Ok(made) => Ok(made.get("Resources").and_then(Value::as_object).unwrap().clone()),
        Err(errors) => Err(SamError::summary(&errors).split_once("errors found: 1. ").unwrap().1.to_owned()),
    }
}

fn function(more: Value) -> Value {
    let mut properties = json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x"});
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"Type": "AWS::Serverless::Function", "Properties": properties})
}

/// The document of an API with two authorizers, for one event `GET /x`.
fn document(api: Value, event: Value) -> Result<Value, String> {
    let authorizers = json!({"X": {"UserPoolArn": "x"}, "Y": {"FunctionArn": "y"}});
    let mut properties = json!({"StageName": "p", "Auth": {"DefaultAuthorizer": "X", "Authorizers": authorizers}});
    properties.as_object_mut().unwrap().extend(api.as_object().unwrap().clone());
    let mut of_event = json!({"RestApiId": {"Ref": "A"}, "Path": "/x", "Method": "get"});
    of_event.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
    let made = run(json!({
        "A": {"Type": "AWS::Serverless::Api", "Properties": properties},
        "F": function(json!({"Events": {"E": {"Type": "Api", "Properties": of_event}}})),
    }))?;
    Ok(made["A"]["Properties"]["Body"].clone())
}

fn security(api: Value, event: Value) -> Result<Value, String> {
    document(api, event).map(|document| document["paths"]["/x"]["get"]["security"].clone())
}

fn names(names: &[&str]) -> Value {
    names.iter().map(|name| json!({*name: []})).collect()
}

fn given(paths: Value) -> Value {
    json!({"DefinitionBody": {"swagger": "2.0", "paths": paths}})
}

fn overriding(authorizer: &str) -> Value {
    json!({"Auth": {"Authorizer": authorizer, "OverrideApiAuth": true}})
}

#[test]
fn an_authorizer_that_overrides_is_added_to_what_is_there() {
    let there = |path: Value| given(json!({"/x": path}));
    let method = |security: &[&str]| {
        there(json!({"get": {"x-amazon-apigateway-integration": {"uri": "a"}, "security": names(security)}}))
    };
    assert_eq!(security(method(&["q"]), overriding("Y")), Ok(names(&["q", "Y"])));
    assert_eq!(security(method(&["Y"]), overriding("Y")), Ok(names(&["Y", "Y"])));
    assert_eq!(security(method(&["X"]), overriding("NONE")), Ok(names(&["X", "NONE"])));
    // Documents that the transform writes have it already.
    assert_eq!(security(json!({}), overriding("Y")), Ok(names(&["Y", "Y"])));
    let mut merged = method(&["q"]);
    merged["MergeDefinitions"] = json!(true);
    assert_eq!(security(merged, overriding("Y")), Ok(names(&["Y", "Y"])));

    let no_path =
        "Structure of the SAM template is invalid. Value of '/x' path must be a dictionary according to Swagger spec.";
    let no_method =
        "Structure of the SAM template is invalid. Definition of method 'get' for path '/x' should be a map.";
    assert_eq!(security(given(json!({"/y": {}})), overriding("Y")).unwrap_err(), no_path);
    let ranges = json!({"Auth": {"ResourcePolicy": {"IpRangeBlacklist": ["1"]}, "OverrideApiAuth": true}});
    assert_eq!(security(given(json!({"/y": {}})), ranges.clone()).unwrap_err(), no_path);
    assert_eq!(security(there(json!({"post": {}})), overriding("Y")).unwrap_err(), no_method);
    assert_eq!(security(there(json!({"post": {}})), ranges), Ok(Value::Null));
}

#[test]
fn methods_without_an_integration_need_no_authorization() {
    let methods = json!({"/x": {"get": {"a": "b"}, "post": {"x-amazon-apigateway-integration": {"uri": "a"}}}});
    let made = document(given(methods.clone()), overriding("AWS_IAM")).unwrap();
    assert_eq!(made["paths"]["/x"]["get"], json!({"a": "b"}));
    assert_eq!(made["paths"]["/x"]["post"]["security"], names(&["X"]));
    assert!(made["securityDefinitions"].get("AWS_IAM").is_none());
    let mut api = given(methods);
    api["Auth"] = json!({"ApiKeyRequired": true});
    let made = document(api, json!({})).unwrap();
    assert_eq!(made["paths"]["/x"]["get"], json!({"a": "b"}));
    assert_eq!(made["paths"]["/x"]["post"]["security"], names(&["api_key"]));
}

#[test]
fn a_key_that_is_required_twice_is_required_once() {
    let event = json!({"Auth": {"Authorizer": "AWS_IAM", "ApiKeyRequired": true, "OverrideApiAuth": true}});
    let api = json!({"Auth": {"ApiKeyRequired": true}});
    assert_eq!(security(api, event.clone()), Ok(names(&["AWS_IAM", "AWS_IAM", "api_key"])));
    let api = json!({"Auth": {}});
    assert_eq!(security(api, event), Ok(names(&["AWS_IAM", "api_key", "AWS_IAM", "api_key"])));
}

#[test]
fn nothing_is_merged_into_a_document_without_paths() {
    let mut api = given(json!({}));
    api["MergeDefinitions"] = json!(true);
    assert_eq!(document(api, json!({})).unwrap()["paths"], json!({}));
}

#[test]
fn models_change_documents_of_open_api_3_once_more() {
    let api = json!({"OpenApiVersion": "3.0.1", "Cors": "'x'", "Auth": {}, "Models": {"M": {"type": "object"}}});
    let event = json!({"RequestModel": {"Model": "M"}, "RequestParameters": ["method.request.header.A"]});
    let method = document(api, event).unwrap()["paths"]["/x"].clone();
    let parameter = json!({"name": "A", "in": "header", "required": false, "type": "string"});
    assert_eq!(method["get"]["parameters"], json!([parameter]));
    let body = json!({"application/json": {"schema": {"$ref": "#/components/schemas/m"}}});
    assert_eq!(method["get"]["requestBody"]["content"], body);
    let header = &method["options"]["responses"]["200"]["headers"]["Access-Control-Allow-Origin"];
    assert_eq!(header.to_string(), r#"{"schema":{"schema":{"schema":{"type":"string"}}}}"#);
}

#[test]
fn only_one_mode_streams() {
    for (mode, streams) in [(json!("RESPONSE_STREAM"), true), (json!("STREAM"), false), (json!({"Ref": "M"}), false)] {
        let made = document(json!({}), json!({"ResponseTransferMode": mode})).unwrap();
        let integration = &made["paths"]["/x"]["get"]["x-amazon-apigateway-integration"];
        assert_eq!(integration.get("responseTransferMode").is_some(), streams, "{mode}");
        assert_eq!(integration["uri"].to_string().contains("response-streaming-invocations"), streams, "{mode}");
    }
}

#[test]
fn alarms_under_a_condition_are_two_lists() {
    let alarms = |alarms: Value| {
        let preference = json!({"Type": "AllAtOnce", "Alarms": {"Fn::If": alarms}});
        run(json!({"F": function(json!({"AutoPublishAlias": "live", "DeploymentPreference": preference}))}))
            .map(|made| made["FDeploymentGroup"]["Properties"]["AlarmConfiguration"]["Fn::If"].clone())
    };
    let enabled = json!({"Enabled": true, "Alarms": [{"Name": "x"}]});
    assert_eq!(alarms(json!(["C", ["x"], []])), Ok(json!(["C", enabled, {}])));
    let no_list = "Resource with id [F] is invalid. Alarms must be a list";
    for other in [json!({"Ref": "AWS::NoValue"}), json!("x"), json!(null), json!({"Fn::If": ["D", ["x"], []]})] {
        assert_eq!(alarms(json!(["C", ["x"], other])).unwrap_err(), no_list);
    }
    let arguments = "Resource with id [F] is invalid. Fn::If requires 3 arguments";
    assert_eq!(alarms(json!(["C", ["x"]])).unwrap_err(), arguments);
}

#[test]
fn routes_of_web_socket_apis_make_ids_with_one_capital_letter() {
    let api = |more: Value| {
        let route = |function: &str| json!({"FunctionArn": function});
        let routes = json!({"$connect": route("a"), "sendMessage": route("b"), "s": route("c")});
        let mut properties = json!({"RouteSelectionExpression": "r", "Routes": routes});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(json!({"W": {"Type": "AWS::Serverless::WebSocketApi", "Properties": properties}}))
    };
    let made = api(json!({"StageName": "p"})).unwrap();
    for (id, key) in [("WConnectRoute", "$connect"), ("WSendmessageRoute", "sendMessage"), ("WSRoute", "s")] {
        assert_eq!(made[id]["Properties"]["RouteKey"], key);
    }
    assert!(made.contains_key("WpStage"));
    let no_id = "Resource with id [Wp-qStage] is invalid. Logical ids must be alphanumeric.";
    assert_eq!(api(json!({"StageName": "p-q"})).unwrap_err(), no_id);
    let tls = json!({"DomainName": "d", "CertificateArn": "c", "MutualTlsAuthentication": {"TruststoreUri": "u"}});
    let no_tls =
        "Resource with id [W] is invalid. Mutual TLS domain name association is not supported for Websocket APIs.";
    assert_eq!(api(json!({"Domain": tls})).unwrap_err(), no_tls);
}

#[test]
fn names_of_layers_change_in_depends_on_too() {
    let layer = json!({"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "s3://a/b"}});
    let queue = |names: Value| json!({"Type": "AWS::SQS::Queue", "DependsOn": names});
    let made = run(json!({"L": layer, "Q": queue(json!("L")), "R": queue(json!(["Q", "L"]))})).unwrap();
    let id = made.keys().find(|id| id.len() == 11).unwrap();
    assert_eq!(made["Q"]["DependsOn"], json!(id));
    assert_eq!(made["R"]["DependsOn"], json!(["Q", id]));
}

#[test]
fn roles_that_start_machines_have_their_boundary() {
    let pattern = json!({"Type": "EventBridgeRule", "Properties": {"Pattern": {"a": ["b"]}}});
    let properties = json!({"DefinitionUri": "s3://a/b", "PermissionsBoundary": "pb", "Events": {"E": pattern}});
    let made = run(json!({"M": {"Type": "AWS::Serverless::StateMachine", "Properties": properties}})).unwrap();
    assert_eq!(made["MERole"]["Properties"]["PermissionsBoundary"], "pb");
}

#[test]
fn routes_of_http_apis_without_an_integration_need_no_authorization_and_empty_scopes_are_as_none() {
    let http = |path: &str, auth: Value| {
        let jwt = json!({"IdentitySource": "x", "JwtConfiguration": {"issuer": "i", "audience": ["a"]}, "AuthorizationScopes": ["s"]});
        let body = json!({"openapi": "3.0.1", "paths": {"/given": {"get": {"a": "b"}}}});
        let api = json!({"DefinitionBody": body, "Auth": {"DefaultAuthorizer": "J", "Authorizers": {"J": jwt}}});
        let event = json!({"ApiId": {"Ref": "A"}, "Path": path, "Method": "get", "Auth": auth});
        run(json!({
            "A": {"Type": "AWS::Serverless::HttpApi", "Properties": api},
            "F": function(json!({"Events": {"E": {"Type": "HttpApi", "Properties": event}}})),
        }))
        .unwrap()
    };
    let made = http("/x/{p+}", json!({"AuthorizationScopes": []}));
    let paths = &made["A"]["Properties"]["Body"]["paths"];
    assert_eq!(paths["/given"]["get"], json!({"a": "b"}));
    assert_eq!(paths["/x/{p+}"]["get"]["security"], json!([{"J": ["s"]}]));
    assert!(made["FEPermission"].to_string().contains("/GET/x/{p+}"));
    assert!(http("/x/{proxy+}/{p}", json!({}))["FEPermission"].to_string().contains("/GET/x/*/*"));
}

#[test]
fn triggers_of_user_pools_are_told_together() {
    let cognito = json!({"Type": "Cognito", "Properties": {"UserPool": {"Ref": "P"}, "Trigger": ["Custom", "Custom"]}});
    let found = run(json!({
        "P": {"Type": "AWS::Cognito::UserPool"},
        "F": function(json!({"Events": {"E": cognito}})),
    }));
    let wanted = "Resource with id [F] is invalid. Event with id [E] is invalid. Cognito trigger \"['Custom', 'Custom']\" defined multiple times.";
    assert_eq!(found.unwrap_err(), wanted);
}

#[test]
fn queues_between_topics_and_functions_are_always_read() {
    let queue = json!({"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q", "QueueUrl": "u", "Enabled": false});
    let sns = json!({"Type": "SNS", "Properties": {"Topic": "t", "SqsSubscription": queue}});
    let made = run(json!({"F": function(json!({"Events": {"E": sns}}))})).unwrap();
    assert_eq!(made["FEEventSourceMapping"]["Properties"]["Enabled"], true);
}

/// One event of a function with one property set; the properties of a resource that it makes.
fn event(kind: &str, property: &str, value: Value, made: &str) -> Result<Value, String> {
    let mut properties = match kind {
        "Schedule" => json!({"Schedule": "rate(1 day)"}),
        "ScheduleV2" => json!({"ScheduleExpression": "rate(1 day)"}),
        "EventBridgeRule" | "CloudWatchEvent" => json!({"Pattern": {"a": ["b"]}}),
        "SNS" => json!({"Topic": "t"}),
        "SQS" => json!({"Queue": "q"}),
        "MSK" => json!({"Stream": "s", "Topics": ["t"], "StartingPosition": "LATEST"}),
        "MQ" => json!({
            "Broker": "b", "Queues": ["q"], "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "u"}],
        }),
        _ => json!({}),
    };
    properties[property] = value;
    let resources = run(json!({"F": function(json!({"Events": {"E": {"Type": kind, "Properties": properties}}}))}))?;
    Ok(resources[made]["Properties"].clone())
}

#[test]
fn empty_properties_of_events_count_as_none_or_not() {
    for kind in ["Schedule", "ScheduleV2", "EventBridgeRule", "CloudWatchEvent"] {
        assert_eq!(event(kind, "State", json!(""), "FE").unwrap().get("State"), None);
        let wanted = "Resource with id [F] is invalid. Event with id [FE] is invalid. No 'Arn' or 'Type' property provided for DeadLetterConfig.";
        assert_eq!(event(kind, "DeadLetterConfig", json!({}), "FE").unwrap_err(), wanted);
    }
    assert_eq!(event("ScheduleV2", "Name", json!(""), "FE").unwrap()["Name"], "FE");
    assert_eq!(
        event("ScheduleV2", "FlexibleTimeWindow", json!({}), "FE").unwrap()["FlexibleTimeWindow"]["Mode"],
        "OFF"
    );
    assert!(event("ScheduleV2", "RoleArn", json!(""), "FERole").unwrap().is_object());
    assert_eq!(event("SQS", "FilterCriteria", json!({}), "FE").unwrap()["FilterCriteria"], json!({}));
    assert_eq!(event("SQS", "KmsKeyArn", json!(["k"]), "FE").unwrap()["KmsKeyArn"], json!(["k"]));
    for property in ["ConsumerGroupId", "SchemaRegistryConfig"] {
        let value = if property == "ConsumerGroupId" { json!("") } else { json!({}) };
        assert_eq!(event("MSK", property, value, "FE").unwrap().get("AmazonManagedKafkaEventSourceConfig"), None);
    }
    assert!(!event("MQ", "SecretsManagerKmsKeyId", json!(""), "FRole").unwrap().to_string().contains("kms:Decrypt"));
    assert_eq!(event("AlexaSkill", "SkillId", json!(""), "FEPermission").unwrap()["EventSourceToken"], "");
}

#[test]
fn types_of_properties_of_events_are_checked() {
    let wrong = |kind: &str, property: &str, value: Value, wanted: &str| {
        assert_eq!(
            event(kind, property, value, "FE").unwrap_err(),
            format!("Resource with id [FE] is invalid. {wanted}")
        );
    };
    for (kind, property) in [
        ("EventBridgeRule", "EventBusName"),
        ("CloudWatchEvent", "EventBusName"),
        ("ScheduleV2", "RoleArn"),
        ("SNS", "Region"),
    ] {
        wrong(kind, property, json!(5), &format!("Property '{property}' should be a string."));
    }
    wrong("SNS", "RedrivePolicy", json!("x"), "Property 'RedrivePolicy' should be a map.");
    wrong("CloudWatchEvent", "Enabled", json!("x"), "Type of property 'Enabled' is invalid.");
    wrong("MQ", "DynamicPolicyName", json!({"Ref": "Q"}), "Type of property 'DynamicPolicyName' is invalid.");
}

#[test]
fn what_is_computed_may_stand_for_whole_properties() {
    let made = run(json!({"F": function(json!({"FunctionUrlConfig": {"Ref": "Q"}}))})).unwrap();
    assert_eq!(made["FUrl"]["Properties"], json!({"TargetFunctionArn": {"Ref": "F"}}));
    let media = json!({"BinaryMediaTypes": {"Ref": "Q"}});
    assert_eq!(document(media, json!({})).unwrap()["x-amazon-apigateway-binary-media-types"], json!({"Ref": "Q"}));
    let named = json!({"RequestParameters": {"method.request.header.A": {"Required": true}}});
    assert_eq!(document(json!({}), named).unwrap()["paths"]["/x"]["get"]["parameters"][0]["name"], "A");
    let wanted = "Resource with id [A] is invalid. Property 'OpenApiVersion' should be a string.";
    assert_eq!(document(json!({"OpenApiVersion": false}), json!({})).unwrap_err(), wanted);
}

#[test]
fn empty_parts_of_domains_and_routes_are_there() {
    let domain = |kind: &str, domain: Value| {
        let mut properties = json!({"StageName": "p", "DefinitionUri": "s3://a/b", "Domain": domain});
        if kind == "WebSocketApi" {
            let routes = json!({"$connect": {"FunctionArn": "", "RequestParameters": {}}});
            properties = json!({"RouteSelectionExpression": "r", "Routes": routes, "Domain": domain});
        }
        run(json!({"A": {"Type": format!("AWS::Serverless::{kind}"), "Properties": properties}}))
    };
    for kind in ["Api", "HttpApi", "WebSocketApi"] {
        assert!(domain(kind, json!({"DomainName": "", "CertificateArn": {}})).is_ok(), "{kind}");
        let endpoint = json!({"DomainName": "d", "CertificateArn": "c", "EndpointConfiguration": ""});
        assert!(
            domain(kind, endpoint).unwrap_err().contains("EndpointConfiguration for Custom Domains must be one of")
        );
    }
    let made = domain("WebSocketApi", json!({"DomainName": "d", "CertificateArn": "c"})).unwrap();
    assert!(made["AConnectRoute"]["Properties"].get("RequestParameters").is_none());
    let missing = "Resource with id [A] is invalid. Custom Domains only works if both DomainName and CertificateArn are provided.";
    assert_eq!(domain("WebSocketApi", json!({})).unwrap_err(), missing);
}
