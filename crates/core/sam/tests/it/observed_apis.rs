//! What AWS's transform (PyPI aws-sam-translator 1.110.0 and 1.111.0) makes of APIs that its own examples do not cover.

use serde_json::{Map, Value, json};
use stackfleet_sam::{Environment, SamError, transform};

fn run(resources: Value) -> Result<Map<String, Value>, String> {
    let template = json!({"Parameters": {"P": {"Type": "String", "Default": "arn"}}, "Resources": resources});
    match transform(&template, &Environment::in_region("eu-west-1")) {
        Ok(made) => Ok(made.get("Resources").and_then(Value::as_object).unwrap().clone()),
        Err(errors) => Err(SamError::summary(&errors).split_once("errors found: ").unwrap().1.to_owned()),
    }
}

fn api(kind: &str, properties: Value) -> Value {
    json!({"Type": format!("AWS::Serverless::{kind}"), "Properties": properties})
}

/// A function whose events are of one kind and belong to the API `A`.
fn function(kind: &str, events: Value) -> Value {
    let id = if kind == "Api" { "RestApiId" } else { "ApiId" };
    let events: Map<String, Value> = events
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, properties)| {
            let mut properties = properties.clone();
            properties.as_object_mut().unwrap().entry(id).or_insert(json!({"Ref": "A"}));
            (name.clone(), json!({"Type": kind, "Properties": properties}))
        })
        .collect();
    api("Function", json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x", "Events": events}))
}

/// The reason after `1. Resource with id [A] is invalid. `, or nothing for an API that is accepted.
fn reason(kind: &str, properties: Value) -> Option<String> {
    let text = run(json!({"A": api(kind, properties)})).err()?;
    Some(text.strip_prefix("1. Resource with id [A] is invalid. ").unwrap_or(&text).to_owned())
}

#[test]
fn names_and_descriptions_of_http_apis_do_not_replace_the_authors() {
    let title = |title: Value| json!({"openapi": "3.0.1", "info": {"title": title}, "paths": {}});
    let name_there = "Unable to set Name because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property.";
    let description_there = name_there.replace("Name", "Description");
    let not_open_api = "1. Structure of the SAM template is invalid. Invalid OpenApi document. Invalid values or missing keys for \
                        'openapi' or 'paths' in 'DefinitionBody'.";
    let include = json!({"Fn::Transform": {"Name": "AWS::Include"}});
    let described = json!({"openapi": "3.0.1", "info": {"description": "d"}, "paths": {}});
    let listed = json!({"openapi": "3.0.1", "info": ["x"], "paths": {}});
    let cases = [
        (json!({"Name": "n", "DefinitionBody": title(json!("t"))}), Some(name_there)),
        (json!({"Name": "n", "DefinitionBody": {"openapi": "3.0.1", "paths": {}}}), Some(name_there)),
        (json!({"Name": "n", "DefinitionBody": title(json!({"Ref": "AWS::StackName"}))}), None),
        (json!({"Name": "n", "DefinitionBody": include}), Some(name_there)),
        (json!({"Name": "n"}), None),
        (
            json!({"Name": "n", "DefinitionUri": "s3://a/b"}),
            Some("Name works only with inline OpenApi specified in the 'DefinitionBody' property."),
        ),
        (json!({"Description": "n", "DefinitionBody": title(json!("t"))}), None),
        (json!({"Description": "n", "DefinitionBody": described}), Some(&description_there)),
        (json!({"Description": "n", "DefinitionBody": include}), Some(not_open_api)),
        (
            json!({"Description": "n", "DefinitionUri": "s3://a/b"}),
            Some("Description works only with inline OpenApi specified in the 'DefinitionBody' property."),
        ),
        (
            json!({"Description": "n", "DefinitionBody": listed}),
            Some("Invalid 'DefinitionBody': The value of 'info' should be a map'."),
        ),
    ];
    for (properties, wanted) in cases {
        assert_eq!(reason("HttpApi", properties.clone()).as_deref(), wanted, "{properties}");
    }
}

#[test]
fn documents_that_nothing_edits_stay_as_they_are() {
    let body = json!({"a": "b", "c": "d"});
    let made = run(json!({"A": api("HttpApi", json!({"DefinitionBody": body}))})).unwrap();
    assert_eq!(made["A"]["Properties"]["Body"], body);
    assert!(made["AApiGatewayDefaultStage"]["Properties"].get("Tags").is_none());
    let unable = |what: &str| {
        format!("Unable to add {what} because 'DefinitionBody' does not contain a valid OpenApi definition.")
    };
    let auth = json!({"DefaultAuthorizer": "x"});
    for (extra, wanted) in [
        (json!({"Tags": {"x": "y"}}), unable("`Tags`")),
        (json!({"Tags": {"x": "y"}, "Auth": auth}), unable("Auth configuration")),
        (json!({"CorsConfiguration": true, "Auth": auth}), unable("Cors configuration")),
    ] {
        let mut properties = json!({"DefinitionBody": body});
        properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(reason("HttpApi", properties), Some(wanted));
    }
    let unable =
        "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.";
    assert_eq!(reason("Api", json!({"StageName": "p", "DefinitionBody": body, "Auth": {}})).as_deref(), Some(unable));
}

#[test]
fn the_default_path_is_a_usual_one_only_where_warnings_fail() {
    let paths = |properties: Value, event: Value| {
        let made =
            run(json!({"A": api("HttpApi", properties), "F": function("HttpApi", json!({"E": event}))})).unwrap();
        made["A"]["Properties"]["Body"]["paths"].clone()
    };
    let made = paths(json!({"StageName": "p"}), json!({}));
    assert_eq!(made["$default"]["x-amazon-apigateway-any-method"]["isDefaultRoute"], true);
    let made = paths(json!({"FailOnWarnings": true}), json!({}));
    assert_eq!(made["/$default"]["x-amazon-apigateway-any-method"]["isDefaultRoute"], true);
    let made = paths(json!({}), json!({"Path": "/$default", "Method": "any"}));
    assert!(made["/$default"]["x-amazon-apigateway-any-method"].get("isDefaultRoute").is_none());
    let made = paths(json!({}), json!({"Path": "$default", "Method": "get"}));
    assert!(made["$default"]["get"].get("isDefaultRoute").is_none());
}

#[test]
fn permission_for_the_default_route_covers_the_others_of_a_function_without_alias() {
    let others = |alias: bool| {
        let mut function = function("HttpApi", json!({"D": {}, "E": {"Path": "/x", "Method": "get"}}));
        if alias {
            function["Properties"]["AutoPublishAlias"] = json!("live");
        }
        run(json!({"A": api("HttpApi", json!({})), "F": function})).unwrap().contains_key("FEPermission")
    };
    assert!(!others(false));
    assert!(others(true));
}

#[test]
fn a_route_is_defined_once() {
    let events = |method: &str| json!({"D": {"Path": "/x", "Method": "get"}, "E": {"Path": "/x", "Method": method}});
    let twice = |body: Value, method: &str| {
        run(json!({"A": api("HttpApi", body), "F": function("HttpApi", events(method))})).err()
    };
    let wanted = "1. Resource with id [F] is invalid. Event with id [E] is invalid. API method 'get' defined multiple times for path '/x'.";
    assert_eq!(twice(json!({}), "GET").as_deref(), Some(wanted));
    assert_eq!(twice(json!({}), "post"), None);
    assert_eq!(twice(json!({"DefinitionBody": {"openapi": "3.0.1", "paths": {}}}), "get"), None);
}

#[test]
fn cors_of_http_apis_takes_what_counts() {
    let cors = |given: Value| {
        let made = run(json!({"A": api("HttpApi", json!({"CorsConfiguration": given}))}))?;
        Ok::<Value, String>(made["A"]["Properties"]["Body"]["x-amazon-apigateway-cors"].clone())
    };
    assert_eq!(cors(json!({"AllowOrigins": {"Ref": "X"}, "AllowMethods": ["GET"]})), Ok(json!({"Ref": "X"})));
    let given = json!({"AllowHeaders": [], "MaxAge": 0, "AllowOrigins": ["x"], "AllowCredentials": {"Ref": "X"}});
    assert_eq!(cors(given), Ok(json!({"allowOrigins": ["x"], "maxAge": 0})));
    let wrong = "1. Resource with id [A] is invalid. Invalid value for 'Cors' property.";
    assert_eq!(cors(json!({"Ref": "P"})), Err(wrong.to_owned()));
    let everyone = "1. Resource with id [A] is invalid. Unable to add Cors configuration because 'AllowCredentials' can not be \
                    true when 'AllowOrigin' is \"'*'\" or not set.";
    assert_eq!(cors(json!({"AllowOrigins": ["*"], "AllowCredentials": true})), Err(everyone.to_owned()));
}

#[test]
fn domains_are_checked_as_aws_checks_them() {
    let http = |extra: Value| {
        let mut domain = json!({"DomainName": "a", "CertificateArn": "b"});
        domain.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        reason("HttpApi", json!({"Domain": domain}))
    };
    assert_eq!(http(json!({"BasePath": ["a/b", "/c_d-e/", ""]})), None);
    assert_eq!(http(json!({"BasePath": ["a.b"]})).as_deref(), Some("Invalid Basepath name provided."));
    let zone = "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.";
    assert_eq!(http(json!({"Route53": {}})).as_deref(), Some(zone));
    assert_eq!(http(json!({"Route53": ["x"]})).as_deref(), Some("Property 'Domain.Route53' should be a map."));
    let rest = |extra: Value| {
        let mut domain = json!({"DomainName": "a", "CertificateArn": "b"});
        domain.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        run(json!({"A": api("Api", json!({"StageName": "p", "Domain": domain}))}))
    };
    assert_eq!(rest(json!({"Route53": {}})), Err(format!("1. Resource with id [A] is invalid. {zone}")));
    let policy = "1. Resource with id [ApiGatewayDomainName86f7e437fa] is invalid. property Policy not defined for resource of type \
                  AWS::ApiGateway::DomainName";
    assert_eq!(rest(json!({"Policy": {"a": "b", "c": "d"}})), Err(policy.to_owned()));
    let made = rest(json!({"BasePath": {"Ref": "X"}, "SecurityPolicy": ""})).unwrap();
    assert!(made["ABasePathMapping"]["Properties"].get("BasePath").is_none());
    assert!(made["ApiGatewayDomainName86f7e437fa"]["Properties"].get("SecurityPolicy").is_none());
}

#[test]
fn authorizers_of_rest_apis_are_resolved() {
    let authorizer = json!({"FunctionArn": {"Ref": "P"}, "FunctionInvokeRole": {"Ref": "P"}});
    let auth = json!({"DefaultAuthorizer": "X", "Authorizers": {"X": authorizer}});
    let made = run(json!({"A": api("Api", json!({"StageName": "p", "Auth": auth}))})).unwrap();
    assert_eq!(made["AXAuthorizerPermission"]["Properties"]["FunctionName"], "arn");
    let definition = &made["A"]["Properties"]["Body"]["securityDefinitions"]["X"]["x-amazon-apigateway-authorizer"];
    assert_eq!(definition["authorizerCredentials"], "arn");
}

#[test]
fn the_resource_policy_of_an_event_names_a_computed_stage_stage() {
    let auth = json!({"ResourcePolicy": {"IpRangeWhitelist": ["x"]}});
    let event = function("Api", json!({"E": {"Path": "/x", "Method": "get", "Auth": auth}}));
    let made = run(json!({"A": api("Api", json!({"StageName": {"Ref": "P"}})), "F": event})).unwrap();
    let statement = &made["A"]["Properties"]["Body"]["x-amazon-apigateway-policy"]["Statement"][0];
    assert_eq!(statement["Resource"][0]["Fn::Sub"][1], json!({"__Stage__": "Stage"}));
}

#[test]
fn merged_documents_keep_the_word_for_any_method() {
    let body = json!({"swagger": "2.0", "paths": {"/x": {"any": {"a": "b"}}}});
    let properties = json!({"StageName": "p", "MergeDefinitions": true, "DefinitionBody": body});
    let event = function("Api", json!({"E": {"Path": "/x", "Method": "ANY"}}));
    let made = run(json!({"A": api("Api", properties), "F": event})).unwrap();
    let item = made["A"]["Properties"]["Body"]["paths"]["/x"].as_object().unwrap();
    assert_eq!(item.keys().collect::<Vec<_>>(), ["any"]);
    assert!(item["any"].get("a").is_some() && item["any"].get("x-amazon-apigateway-integration").is_some());
    assert!(made.contains_key("ADeploymentcc81f0a831"));
}

#[test]
fn media_types_change_the_deployment_as_aws_does() {
    let properties = json!({"StageName": "p", "BinaryMediaTypes": ["a~1b"], "Auth": {"ApiKeyRequired": true}});
    assert!(run(json!({"A": api("Api", properties)})).unwrap().contains_key("ADeploymentfeb3d0f6eb"));
}

#[test]
fn events_are_refused_for_what_their_api_lacks() {
    let refused = |kind: &str, properties: Value, auth: Value| {
        let event_kind = if kind == "Api" { "Api" } else { "HttpApi" };
        let event = function(event_kind, json!({"E": {"Path": "/x", "Method": "any", "Auth": auth}}));
        let text = run(json!({"A": api(kind, properties), "F": event})).unwrap_err();
        text.replace("1. Resource with id [F] is invalid. Event with id [E] is invalid. ", "")
    };
    let rest = json!({"StageName": "p", "Auth": {"Authorizers": {"X": {"UserPoolArn": "x"}}}});
    let place = "on API method [any] for path [/x]";
    let cases = [
        (
            "HttpApi",
            json!({}),
            json!({"AuthorizationScopes": ["x"]}),
            "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi."
                .to_owned(),
        ),
        (
            "HttpApi",
            json!({}),
            json!({"Authorizer": "AWS_IAM"}),
            format!("Unable to set Authorizer [AWS_IAM] {place} because the related API does not define any Authorizers."),
        ),
        (
            "HttpApi",
            json!({"Auth": {"Authorizers": {"X": "y"}}}),
            json!({"Authorizer": "X"}),
            "1. Structure of the SAM template is invalid. Type of authorizer 'X' must be a dictionary".to_owned(),
        ),
        (
            "Api",
            rest.clone(),
            json!({"Authorizer": {"Ref": "X"}}),
            format!(
                "Unable to set Authorizer [{{'Ref': 'X'}}] {place}. The method authorizer must be a string with a \
                 corresponding dict entry in the api authorizer."
            ),
        ),
        (
            "Api",
            rest,
            json!({"ApiKeyRequired": false}),
            format!("Unable to set ApiKeyRequired [False] {place} because the related API does not specify any ApiKeyRequired."),
        ),
    ];
    for (kind, properties, auth, wanted) in cases {
        assert_eq!(refused(kind, properties, auth.clone()), wanted, "{auth}");
    }
    let event = function("Api", json!({"E": {"Path": "/x", "Method": "get"}}));
    let wanted = "1. Resource with id [F] is invalid. Event with id [E] is invalid. RestApiId must be a valid reference to an \
                  'AWS::Serverless::Api' resource in same template.";
    assert_eq!(run(json!({"A": api("HttpApi", json!({})), "F": event})), Err(wanted.to_owned()));
}

#[test]
fn events_of_apis_are_taken_by_path() {
    let auth = json!({"Authorizer": "y"});
    let events = json!({
        "A1": {"Path": "/z", "Method": "get", "Auth": auth},
        "Z1": {"Path": "/a", "Method": "get", "Auth": auth},
    });
    let text = run(json!({"A": api("HttpApi", json!({})), "F": function("HttpApi", events)})).unwrap_err();
    assert!(text.contains("Event with id [Z1]"), "{text}");
}

#[test]
fn usage_plans_say_how_they_are_made() {
    let plan = |plan: Value| reason("Api", json!({"StageName": "p", "Auth": {"UsagePlan": plan}}));
    let needed = "'CreateUsagePlan' is a required field for UsagePlan.";
    assert_eq!(plan(json!({"Description": "x"})).as_deref(), Some(needed));
    let one_of = "'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE'].";
    assert_eq!(plan(json!({"CreateUsagePlan": "X"})).as_deref(), Some(one_of));
}

#[test]
fn properties_are_checked_in_the_order_of_the_type() {
    let rest = |properties: Value| reason("Api", properties).unwrap();
    let unknown = "property Zzz not defined for resource of type AWS::Serverless::Api";
    assert_eq!(rest(json!({"StageName": "a", "CanarySetting": "x", "Zzz": 1})), unknown);
    assert_eq!(rest(json!({"CanarySetting": "x", "Name": []})), "Type of property 'Name' is invalid.");
    let tags = json!({"StageName": "p", "CanarySetting": "x", "Description": [], "Tags": []});
    assert_eq!(rest(tags), "Property 'Tags' should be a map.");
    assert_eq!(rest(json!({"StageName": "p", "Policy": ["a"]})), "Type of property 'Policy' is invalid.");
    let version = "The OpenApiVersion value must be of the format '3.0.0'.";
    assert_eq!(rest(json!({"StageName": "p", "OpenApiVersion": {"Ref": "X"}})), version);
}

#[test]
fn empty_values_of_rest_apis_are_left_out() {
    let properties = json!({"StageName": "p", "FailOnWarnings": false, "Name": "", "BinaryMediaTypes": [], "Tags": {}});
    let made = run(json!({"A": api("Api", properties)})).unwrap();
    let api = made["A"]["Properties"].as_object().unwrap();
    assert!(!api.contains_key("FailOnWarnings") && !api.contains_key("Name"));
    assert_eq!(api["BinaryMediaTypes"], json!([]));
    assert_eq!(made["ApStage"]["Properties"]["Tags"], json!([]));
}

#[test]
fn an_endpoint_configuration_of_one_key_counts_as_computed() {
    let configuration = json!({"VPCEndpointIds": ["x"]});
    let made =
        run(json!({"A": api("Api", json!({"StageName": "p", "EndpointConfiguration": configuration}))})).unwrap();
    assert_eq!(made["A"]["Properties"]["EndpointConfiguration"], json!({"Types": [configuration]}));
}
