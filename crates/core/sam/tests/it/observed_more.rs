//! What AWS's transform (PyPI aws-sam-translator 1.110.0 and 1.111.0) makes of machines, events and other resources that its
//! own examples do not cover.

use serde_json::{Map, Value, json};
use stackfleet_sam::{Environment, SamError, transform};

fn run(resources: Value) -> Result<Map<String, Value>, String> {
    match transform(&json!({"Resources": resources}), &Environment::in_region("eu-west-1")) {
        Ok(made) => Ok(made.get("Resources").and_then(Value::as_object).unwrap().clone()),
        Err(errors) => Err(SamError::summary(&errors).split_once("errors found: 1. ").unwrap().1.to_owned()),
    }
}

fn resource(kind: &str, properties: Value) -> Value {
    json!({"Type": format!("AWS::Serverless::{kind}"), "Properties": properties})
}

fn function(events: Value) -> Value {
    resource("Function", json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x", "Events": events}))
}

#[test]
fn an_alias_of_a_state_machine_has_a_usable_id() {
    let machine = |extra: Value| {
        let mut properties = json!({"DefinitionUri": "s3://a/b", "Role": "arn"});
        properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        run(json!({"M": resource("StateMachine", properties)})).unwrap_err()
    };
    let needs = "Resource with id [M] is invalid. 'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified.";
    assert_eq!(machine(json!({"UseAliasAsEventTarget": true})), needs);
    assert_eq!(machine(json!({"UseAliasAsEventTarget": true, "DeploymentPreference": {"Type": "CANARY"}})), needs);
    let id = "Resource with id [MAliasa-b] is invalid. Logical ids must be alphanumeric.";
    assert_eq!(machine(json!({"AutoPublishAlias": "a-b"})), id);
    let computed = "Resource with id [MAlias{'Fn::GetAtt': ['A', 'B']}] is invalid. Logical ids must be alphanumeric.";
    assert_eq!(machine(json!({"AutoPublishAlias": {"Fn::GetAtt": ["A", "B"]}})), computed);
}

#[test]
fn ids_of_events_are_checked_before_their_properties() {
    let wanted = "Resource with id [FE-x] is invalid. Logical ids must be alphanumeric.";
    let events = json!({"E-x": {"Type": "Schedule", "Properties": {}}});
    assert_eq!(run(json!({"F": function(events)})), Err(wanted.to_owned()));
}

#[test]
fn a_user_pool_may_invoke_the_alias_by_the_alias_id() {
    let events = json!({"E": {"Type": "Cognito", "Properties": {"UserPool": {"Ref": "U"}, "Trigger": "PreSignUp"}}});
    let mut function = function(events);
    function["Properties"]["AutoPublishAlias"] = json!("live");
    let made = run(json!({"F": function, "U": {"Type": "AWS::Cognito::UserPool"}})).unwrap();
    assert!(made.contains_key("FAliasliveCognitoPermission"));
}

#[test]
fn access_to_kafka_is_checked_entry_by_entry() {
    let kafka = |access: Value| {
        let properties = json!({"KafkaBootstrapServers": ["a"], "Topics": ["t"], "SourceAccessConfigurations": access});
        let made = run(json!({"F": function(json!({"E": {"Type": "SelfManagedKafka", "Properties": properties}}))}));
        made.map_err(|text| text.replace("Resource with id [F] is invalid. Event with id [E] is invalid. ", ""))
    };
    let place = "URI property specified in SourceAccessConfigurations for self managed kafka event.";
    let kind = "Invalid SourceAccessConfigurations Type provided for self managed kafka event.";
    let cases = [
        (json!([{"Type": "FOO", "URI": "x"}]), kind.to_owned()),
        (json!([{"URI": "x"}]), kind.to_owned()),
        (json!([{"Type": {"Ref": "X"}, "URI": "x"}]), kind.to_owned()),
        (json!([{"Type": "BASIC_AUTH"}]), format!("No auth mechanism {place}")),
        (json!([{"Type": "BASIC_AUTH", "URI": 7}]), format!("Wrong Type for auth mechanism {place}")),
        (json!([{"Type": "VPC_SUBNET"}]), format!("No VPC_SUBNET {place}")),
        (
            json!([{"Type": "BASIC_AUTH", "URI": "x"}, {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": 7}]),
            format!("Wrong Type for SERVER_ROOT_CA_CERTIFICATE {place}"),
        ),
        (
            json!([{"Type": "BASIC_AUTH", "URI": "x"}, {"Type": "SASL_SCRAM_256_AUTH", "URI": "y"}, {"Type": "FOO"}]),
            "Multiple auth mechanism properties specified in SourceAccessConfigurations for self managed kafka event."
                .to_owned(),
        ),
        (
            json!(["x"]),
            "Resource with id [E] is invalid. Property 'SourceAccessConfigurations' should be a map.".to_owned(),
        ),
    ];
    for (access, wanted) in cases {
        assert_eq!(kafka(access.clone()), Err(wanted), "{access}");
    }
    let made = kafka(json!([{"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": "x"}])).unwrap();
    let statements = &made["FRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let wanted = json!([{"Action": ["secretsmanager:GetSecretValue"], "Effect": "Allow", "Resource": null}]);
    assert_eq!(*statements, wanted);
}

#[test]
fn a_connector_without_an_end_says_what_is_needed() {
    let connector = |source: Value| {
        let properties = json!({"Source": source, "Destination": {"Id": "T"}, "Permissions": ["Read"]});
        let text = run(json!({"C": resource("Connector", properties), "T": resource("SimpleTable", json!({}))}));
        text.unwrap_err().replace("Resource with id [C] is invalid. ", "")
    };
    let must = "Must provide 'Id' (with optional 'Qualifier') or a supported combination of other properties.";
    assert_eq!(connector(json!({})), must);
    assert_eq!(connector(json!({"Id": ""})), "'Type' is missing or not a string.");
    assert_eq!(connector(json!({"Arn": "x"})), "'Type' is missing or not a string.");
}

#[test]
fn empty_values_count_as_absent_where_aws_thinks_so() {
    let one = |kind: &str, properties: Value| {
        let made = run(json!({"A": resource(kind, properties)})).unwrap();
        made.get("A").map(|resource| resource["Properties"].clone()).unwrap_or_default()
    };
    let table =
        one("SimpleTable", json!({"TableName": "", "PointInTimeRecoverySpecification": {}, "SSESpecification": {}}));
    assert_eq!(table.as_object().unwrap().len(), 3, "{table}");
    let provider = one("CapacityProvider", json!({"VpcConfig": {"SubnetIds": []}, "OperatorRole": ""}));
    assert_eq!(provider["VpcConfig"], json!({"SubnetIds": {}}));
    let role = json!({"Fn::GetAtt": ["AOperatorRole", "Arn"]});
    assert_eq!(provider["PermissionsConfig"]["CapacityProviderOperatorRoleArn"], role);
    let function =
        json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x", "Role": "", "FunctionName": ""});
    let function = one("Function", function);
    assert_eq!((&function["Role"], function.get("FunctionName")), (&json!(""), None));
    let routes = json!({"RouteSelectionExpression": "x", "Routes": {"$connect": {"FunctionArn": "arn"}}, "Name": ""});
    assert_eq!(one("WebSocketApi", routes)["Name"], "");
}

#[test]
fn a_null_in_a_layer_does_not_change_its_id() {
    let properties = json!({"ContentUri": "s3://a/b", "Description": null});
    assert!(run(json!({"A": resource("LayerVersion", properties)})).unwrap().contains_key("Adb05a16d85"));
}

#[test]
fn the_domain_of_a_graphql_api_is_associated_by_its_id() {
    let domain = json!({"DomainName": "a", "CertificateArn": "b"});
    let properties = json!({"SchemaInline": "x", "Auth": {"Type": "AWS_IAM"}, "DomainName": domain});
    let made = run(json!({"A": resource("GraphQLApi", properties)})).unwrap();
    assert_eq!(made["ADomainNameApiAssociation"]["Properties"]["DomainName"], json!({"Ref": "ADomainName"}));
}

#[test]
fn texts_of_the_template_are_marked_in_messages_of_templates_with_apis() {
    let computed = json!({"Fn::GetAtt": ["A", "Arn"]});
    let api = json!({"Type": "Api", "Properties": {"Path": "/x", "Method": "get"}});
    let reason = |events: Value| run(json!({"F": function(events)})).unwrap_err();
    let text = reason(json!({"E": {"Type": computed}, "G": api}));
    assert!(text.ends_with("Event Type is: {u'Fn::GetAtt': ['A', 'Arn']}."), "{text}");
    let text = reason(json!({"E": {"Type": computed}}));
    assert!(text.ends_with("Event Type is: {'Fn::GetAtt': ['A', 'Arn']}."), "{text}");
}
