//! What AWS's transform (PyPI aws-sam-translator 1.111.0) makes of small templates that its own examples do not cover.

use serde_json::{Map, Value, json};
use stackfleet_sam::{Environment, SamError, transform};

fn run(template: &Value) -> Result<Value, String> {
    transform(template, &Environment::in_region("eu-west-1")).map_err(|errors| {
        let text = SamError::summary(&errors);
        text.split_once("errors found: ").unwrap().1.to_owned()
    })
}

/// The resources that a template of these becomes.
fn made(resources: Value) -> Map<String, Value> {
    let made = run(&json!({"Resources": resources})).unwrap();
    made.get("Resources").and_then(Value::as_object).unwrap().clone()
}

/// The reasons why a template of these resources is refused, after their number.
fn refused(resources: Value) -> String {
    run(&json!({"Resources": resources})).unwrap_err()
}

fn with(mut properties: Value, extra: Value) -> Value {
    properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    properties
}

fn function(extra: Value) -> Value {
    let properties = json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x"});
    json!({"Type": "AWS::Serverless::Function", "Properties": with(properties, extra)})
}

fn machine(extra: Value) -> Value {
    json!({"Type": "AWS::Serverless::StateMachine", "Properties": with(json!({"DefinitionUri": "s3://a/b"}), extra)})
}

#[test]
fn the_url_of_a_published_function_is_that_of_its_alias() {
    let made =
        made(json!({"A": function(json!({"AutoPublishAlias": "live", "FunctionUrlConfig": {"AuthType": "NONE"}}))}));
    assert_eq!(made["AUrl"]["Properties"]["TargetFunctionArn"], json!({"Ref": "AAliaslive"}));
    assert!(made["AUrl"]["Properties"].get("Qualifier").is_none() && made["AUrl"].get("DependsOn").is_none());
}

#[test]
fn attributes_go_where_aws_puts_them() {
    let attributes = json!({"UpdatePolicy": {"a": "b"}, "Metadata": {"m": "n"}, "DependsOn": "X", "Condition": "C"});
    let all = |resource: Value| made(json!({"A": with(resource, attributes.clone())}));
    let made = all(function(json!({"EventInvokeConfig": {"MaximumRetryAttempts": 1}})));
    assert_eq!(made["A"]["UpdatePolicy"], json!({"a": "b"}));
    let invoke = &made["AEventInvokeConfig"];
    assert_eq!((&invoke["UpdatePolicy"], &invoke["Metadata"]), (&json!({"a": "b"}), &json!({"m": "n"})));
    assert!(invoke.get("DependsOn").is_none());
    assert_eq!(invoke["Properties"]["DestinationConfig"], json!({}));
    assert!(made["ARole"].get("UpdatePolicy").is_none());

    let routes = json!({"RouteSelectionExpression": "x", "Routes": {"$connect": {"FunctionArn": "arn"}}});
    let made = all(json!({"Type": "AWS::Serverless::WebSocketApi", "Properties": routes}));
    assert_eq!(made["A"]["DependsOn"], "X");
    assert!(made.values().all(|resource| resource.get("Condition").is_none() && resource.get("Metadata").is_none()));

    let made = all(json!({"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "s3://a/b"}}));
    assert!(made.values().all(|layer| layer["Condition"] == "C" && layer.get("Metadata").is_none()));
    assert!(!made.contains_key("Adb05a16d85"), "attributes are part of what the id is the hash of");

    let graph = json!({"Auth": {"Type": "AWS_IAM"}, "SchemaInline": "x"});
    let made = all(json!({"Type": "AWS::Serverless::GraphQLApi", "Properties": graph}));
    assert!(
        made.values().all(|resource| resource["UpdatePolicy"] == json!({"a": "b"}) && resource["DependsOn"] == "X")
    );
}

#[test]
fn a_destination_of_the_globals_is_one_queue_for_all() {
    let config = json!({"EventInvokeConfig": {"DestinationConfig": {"OnSuccess": {"Type": "SQS"}}}});
    let template = json!({
        "Globals": {"Function": config},
        "Resources": {"A": function(json!({})), "B": function(json!({}))},
    });
    let made = run(&template).unwrap();
    let queue = json!({"Fn::GetAtt": ["AEventInvokeConfigOnSuccessQueue", "Arn"]});
    let resources = made["Resources"].as_object().unwrap();
    assert_eq!(resources["BEventInvokeConfig"]["Properties"]["DestinationConfig"]["OnSuccess"]["Destination"], queue);
    assert!(!resources.contains_key("BEventInvokeConfigOnSuccessQueue"));
}

#[test]
fn branches_of_policies_are_of_one_kind() {
    let policies = |list: Value| json!({"A": function(json!({"Policies": list}))});
    let branch = |then: Value, otherwise: Value| json!([{"Fn::If": ["C", then, otherwise]}]);
    let different = "1. Structure of the SAM template is invalid. Different policy types within the same Fn::If statement is \
                     unsupported. Separate different policy types into different Fn::If statements";
    let template = json!({"SQSPollerPolicy": {"QueueName": "q"}});
    assert_eq!(refused(policies(branch(json!("AWSX"), json!({"Statement": []})))), different);
    assert_eq!(refused(policies(branch(template.clone(), json!({"Statement": []})))), different);
    let three = "1. Structure of the SAM template is invalid. Fn::If requires 3 arguments";
    assert_eq!(refused(policies(json!([{"Fn::If": ["C", "AWSX"]}]))), three);
    let nothing = json!({"Ref": "AWS::NoValue"});
    let made = made(policies(branch(template, nothing.clone())));
    assert_eq!(made["ARole"]["Properties"]["Policies"][0]["Fn::If"][2], nothing);
    let wrong = "1. Resource with id [A] is invalid. Must specify valid parameter values for policy template \
                 'AMIDescribePolicy'";
    assert_eq!(refused(policies(json!([{"AMIDescribePolicy": null}]))), wrong);
}

#[test]
fn events_are_checked_before_the_function() {
    let events = |events: Value| {
        refused(json!({"A": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "x", "Events": events}}}))
    };
    let cases = [
        (json!({"E": {"Type": "SNS"}}), "Resource with id [AE] is invalid. Missing required property 'Topic'."),
        (
            json!({"E": {"Type": "SNS", "Properties": null}}),
            "Resource with id [AE] is invalid. Properties of a resource must be an object.",
        ),
        (
            json!({"E": {"Type": "SNS", "Properties": {"Topic": 7}}}),
            "Resource with id [AE] is invalid. Property 'Topic' should be a string.",
        ),
        (
            json!({"E": 7}),
            "Resource with id [A] is invalid. Event with id [E] is invalid. 'int' object has no attribute 'get'",
        ),
        (
            json!({"Z": {"Type": "S3", "Properties": {"Bucket": {"Ref": "B"}, "Events": "x"}}, "E": {"Type": "Nope"}}),
            "Resource with id [A] is invalid. Event with id [Z] is invalid. S3 events must reference an S3 bucket in the \
             same template.",
        ),
        (
            json!({"E": {"Type": "Cognito", "Properties": {"UserPool": "b", "Trigger": "x"}}}),
            "Resource with id [A] is invalid. Event with id [E] is invalid. Cognito events must reference a Cognito \
             UserPool in the same template.",
        ),
    ];
    for (given, wanted) in cases {
        assert_eq!(events(given), format!("1. {wanted}"));
    }
    let machine = refused(json!({"A": machine(json!({"Events": {"F": {"Type": "S3"}}}))}));
    let wanted = "1. Resource with id [A] is invalid. Event with id [F] is invalid. Resource dict has missing or invalid \
                  value for key Type. Event Type is: S3.";
    assert_eq!(machine, wanted);
}

#[test]
fn an_event_may_name_an_api_of_another_type() {
    let event = json!({"Events": {"E": {"Type": "Api", "Properties": {"RestApiId": {"Ref": "W"}, "Path": "/x", "Method": "get"}}}});
    let made =
        made(json!({"A": function(event), "W": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "x"}}}));
    assert!(made.contains_key("AEPermissionStage"));
}

#[test]
fn code_fits_the_kind_of_package() {
    let reason = |properties: Value| {
        let answer = run(&json!({"Resources": {"A": {"Type": "AWS::Serverless::Function", "Properties": properties}}}));
        answer.err().map(|text| text.replace("1. Resource with id [A] is invalid. ", ""))
    };
    let needs = "Runtime and Handler needs to be present when PackageType is of type `Zip`";
    let cases = [
        (json!({"ImageUri": "x"}), Some("Only one of 'InlineCode' or 'CodeUri' can be set.")),
        (json!({"PackageType": "Image", "ImageConfig": {"a": "b"}}), Some("'ImageUri' must be set.")),
        (json!({"PackageType": "Nope"}), Some("invalid 'PackageType' : Nope")),
        (
            json!({"PackageType": "Image", "ImageUri": "x", "Layers": ["l"]}),
            Some("Runtime, Handler, Layers cannot be present when PackageType is of type `Image`"),
        ),
        (json!({"PackageType": "Image", "ImageUri": "x", "CodeUri": "s3://a/b"}), None),
        (json!({"CodeUri": "s3://a/b", "Handler": "x"}), Some(needs)),
        (json!({"CodeUri": "s3://a/b", "Handler": "x", "Runtime": "y", "ImageUri": "z"}), None),
    ];
    for (properties, wanted) in cases {
        assert_eq!(reason(properties.clone()).as_deref(), wanted, "{properties}");
    }
}

#[test]
fn addresses_in_s3_are_read_as_urls() {
    let location = |uri: &str| {
        made(json!({"A": machine(json!({"DefinitionUri": uri}))}))["A"]["Properties"]["DefinitionS3Location"].clone()
    };
    assert_eq!(location("s3://x//y/?a=b"), json!({"Bucket": "x", "Key": "y/"}));
    assert_eq!(location("S3://x/y#f?a=b"), json!({"Bucket": "x", "Key": "y"}));
    assert_eq!(location("s3://x/y?versionId=1"), json!({"Bucket": "x", "Key": "y", "Version": "1"}));
    assert_eq!(location("s3://x/y?versionId=1&versionId=2"), json!({"Bucket": "x", "Key": "y"}));
}

#[test]
fn types_are_told_in_two_ways() {
    let machine = |extra: Value| refused(json!({"A": machine(extra)}));
    assert_eq!(machine(json!({"Name": {}})), "1. Resource with id [A] is invalid. Property 'Name' should be a string.");
    assert_eq!(machine(json!({"Tags": 7})), "1. Resource with id [A] is invalid. Property 'Tags' should be a map.");
    let wanted = "1. Resource with id [A] is invalid. Type of property 'UseAliasAsEventTarget' is invalid.";
    assert_eq!(machine(json!({"UseAliasAsEventTarget": {"Ref": "X"}})), wanted);
    assert!(run(&json!({"Resources": {"A": function(json!({"RuntimeManagementConfig": ["any"]}))}})).is_ok());
}

#[test]
fn capacity_provider_configurations_are_checked_field_by_field() {
    let reason = |config: Value| refused(json!({"A": function(json!({"CapacityProviderConfig": config}))}));
    let wanted = "1. Resource with id [A] is invalid. Invalid CapacityProviderConfig: 2 validation errors for \
                  CapacityProviderConfig\nArn\n  field required (type=value_error.missing)\nRef\n  extra fields not \
                  permitted (type=value_error.extra)";
    assert_eq!(reason(json!({"Ref": "X"})), wanted);
    let wanted = "1. Resource with id [A] is invalid. 'FunctionScalingConfig' requires 'CapacityProviderConfig'.";
    assert_eq!(refused(json!({"A": function(json!({"FunctionScalingConfig": {"a": "b"}}))})), wanted);
}

#[test]
fn one_wrong_event_of_a_function_is_enough() {
    let event = |api: &str, path: &str| json!({"Type": "Api", "Properties": {"RestApiId": {"Ref": api}, "Path": path, "Method": "get"}});
    let events = json!({"Events": {"Z": event("N", "/z"), "B": event("N", "/b")}});
    let wanted = "1. Resource with id [A] is invalid. Event with id [Z] is invalid. RestApiId must be a valid reference to an \
                  'AWS::Serverless::Api' resource in same template.";
    assert_eq!(refused(json!({"A": function(events)})), wanted);
}
