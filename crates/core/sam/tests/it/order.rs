//! The transform is a function of what a template says: the same each time, and the same whatever the order in which
//! resources and properties are written.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stackfleet_sam::{Environment, transform};

/// Resources that work by themselves, by what they show; `@` becomes a number.
fn resource() -> impl Strategy<Value = Value> {
    let event = prop::sample::select(vec![
        json!({"Type": "Api", "Properties": {"Path": "/a@/{id}", "Method": "get"}}),
        json!({"Type": "Api", "Properties": {"Path": "/b@", "Method": "post", "Auth": {"ApiKeyRequired": true}}}),
        json!({"Type": "HttpApi", "Properties": {"Path": "/c@", "Method": "any"}}),
        json!({"Type": "Schedule", "Properties": {"Schedule": "rate(1 day)", "Input": "{}"}}),
        json!({"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 hour)"}}),
        json!({"Type": "SQS", "Properties": {"Queue": "arn:aws:sqs:eu-west-1:111122223333:q@", "BatchSize": 5}}),
        json!({"Type": "SNS", "Properties": {"Topic": "arn:aws:sns:eu-west-1:111122223333:t@"}}),
        json!({"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["a@"]}}}),
        json!({"Type": "CloudWatchLogs", "Properties": {"LogGroupName": "g@", "FilterPattern": "x"}}),
    ]);
    let policy = prop::sample::select(vec![
        json!("AWSLambdaExecute"),
        json!({"SQSPollerPolicy": {"QueueName": "q@"}}),
        json!({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}),
    ]);
    let extra = prop::sample::subsequence(
        vec![
            ("AutoPublishAlias", json!("live")),
            ("Tracing", json!("Active")),
            ("Environment", json!({"Variables": {"A": "1", "B": {"Ref": "AWS::Region"}}})),
            ("Tags", json!({"one": "1", "two": "2"})),
            ("FunctionUrlConfig", json!({"AuthType": "AWS_IAM"})),
            ("EventInvokeConfig", json!({"MaximumRetryAttempts": 1})),
            ("DeadLetterQueue", json!({"Type": "SQS", "TargetArn": "arn:aws:sqs:eu-west-1:111122223333:d"})),
        ],
        0..5,
    );
    let function = (prop::collection::vec(event, 0..3), prop::collection::vec(policy, 0..3), extra).prop_map(
        |(events, policies, extra)| {
            let events: Map<String, Value> = events
                .into_iter()
                .enumerate()
                .map(|(index, event)| (format!("E{index}"), numbered(&event, &format!("@e{index}"))))
                .collect();
            let mut properties = Map::from_iter([
                ("Runtime".to_owned(), json!("python3.13")),
                ("Handler".to_owned(), json!("a.b")),
                ("CodeUri".to_owned(), json!("s3://bucket/key")),
                ("Events".to_owned(), events.into()),
                ("Policies".to_owned(), policies.into()),
            ]);
            properties.extend(extra.into_iter().map(|(name, value)| (name.to_owned(), value)));
            json!({"Type": "AWS::Serverless::Function", "Properties": properties})
        },
    );
    let other = prop::sample::select(vec![
        json!({"Type": "AWS::Serverless::SimpleTable", "Properties": {"PrimaryKey": {"Name": "k", "Type": "String"}}}),
        json!({"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "s3://bucket/layer@", "LayerName": "l"}}),
        json!({"Type": "AWS::Serverless::Application", "Properties": {"Location": "nested.yaml", "Parameters": {"P": "@"}}}),
        json!({"Type": "AWS::Serverless::StateMachine", "Properties": {
            "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Policies": ["AWSLambdaRole"],
            "Events": {"S": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 day)"}}}}}),
        json!({"Type": "AWS::Serverless::Api", "Properties": {"StageName": "prod", "Cors": "'*'", "DefinitionBody": {
            "swagger": "2.0", "info": {"title": "t@", "version": "1"}, "paths": {
                "/x": {"get": {"responses": {}}, "post": {"responses": {}}}, "/y": {"get": {"responses": {}}}}}}}),
        json!({"Type": "AWS::Serverless::HttpApi", "Properties": {"CorsConfiguration": true, "DefinitionBody": {
            "openapi": "3.0.1", "info": {"title": "t@", "version": "1"}, "paths": {"/x": {"get": {"responses": {}}}}}}}),
        json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q@", "Tags": []}}),
    ]);
    prop_oneof![2 => function, 1 => other]
}

fn numbered(value: &Value, number: &str) -> Value {
    serde_json::from_str(&value.to_string().replace('@', number)).unwrap()
}

fn template() -> impl Strategy<Value = Value> {
    let globals = prop::option::of(Just(
        json!({"Function": {"Timeout": 3, "Tags": {"g": "1"}}, "Api": {"TracingEnabled": true}}),
    ));
    (prop::collection::vec(resource(), 1..5), globals).prop_map(|(resources, globals)| {
        let named = |(index, resource): (usize, Value)| (format!("R{index}"), numbered(&resource, &index.to_string()));
        let resources: Map<String, Value> = resources.into_iter().enumerate().map(named).collect();
        let mut template = Map::from_iter([
            ("Transform".to_owned(), json!("AWS::Serverless-2016-10-31")),
            ("Resources".to_owned(), resources.into()),
        ]);
        template.extend(globals.map(|globals| ("Globals".to_owned(), globals)));
        Value::Object(template)
    })
}

/// The same value with the members of every object in another order.
fn shuffled(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.iter().map(|(key, member)| (key.clone(), shuffled(member, seed))).collect();
            members.sort_by_key(|(key, _)| {
                let hash =
                    key.bytes().fold(seed | 1, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
                hash ^ hash >> 29
            });
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(|item| shuffled(item, seed)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A value in which the order of lists has no meaning.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(unordered).collect();
            items.sort_by_cached_key(|item| shuffled(item, 0).to_string());
            Value::Array(items)
        }
        Value::Object(members) => members.iter().map(|(key, member)| (key.clone(), unordered(member))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn ids(template: &Value) -> Vec<&String> {
    let mut ids: Vec<&String> = template.get("Resources").and_then(Value::as_object).unwrap().keys().collect();
    ids.sort();
    ids
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_order_in_which_a_template_is_written_changes_nothing(template in template(), seed in any::<u64>()) {
        let environment = Environment::in_region("eu-west-1");
        let made = transform(&template, &environment);
        prop_assert!(made.is_ok(), "{:?}", made);
        let made = made.unwrap();
        let again = transform(&template, &environment).unwrap();
        prop_assert_eq!(again.to_string(), made.to_string());
        let other = transform(&shuffled(&template, seed), &environment).unwrap();
        prop_assert_eq!(ids(&other), ids(&made));
        prop_assert_eq!(unordered(&other), unordered(&made));
    }

    #[test]
    fn what_was_transformed_stays_as_it_is(template in template()) {
        let environment = Environment::in_region("eu-west-1");
        let made = transform(&template, &environment).unwrap();
        prop_assert_eq!(transform(&made, &environment).unwrap(), made);
    }
}
