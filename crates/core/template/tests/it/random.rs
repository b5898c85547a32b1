//! Templates made at random: nothing panics, and what was evaluated evaluates to itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stackfleet_base::Sources;
use stackfleet_template::{
    EvaluatedResource, Inputs, Nothing, Template, capabilities, check, difference, evaluate,
    expand_language_extensions, graph, is_known, read, unknowns,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("A".to_owned()),
        Just("B".to_owned()),
        Just("Env".to_owned()),
        Just("List".to_owned()),
        Just("C".to_owned()),
        Just("M".to_owned()),
        Just("AWS::Region".to_owned()),
        Just("AWS::NoValue".to_owned()),
        Just("A.Arn".to_owned()),
        Just("${A}-${B.Arn}${!x}${Env}".to_owned()),
        Just("10.0.0.0/16".to_owned()),
        Just("{{resolve:ssm:/a:1}}".to_owned()),
        "[a-z$@{}!.:0-9]{0,6}",
    ]
}

fn function() -> impl Strategy<Value = String> {
    let names = "Ref Condition Fn::And Fn::Base64 Fn::Cidr Fn::Equals Fn::FindInMap Fn::ForEach::L Fn::GetAZs Fn::GetAtt Fn::If \
                 Fn::ImportValue Fn::Join Fn::Length Fn::Not Fn::Or Fn::Select Fn::Split Fn::Sub Fn::ToJsonString \
                 Fn::Transform Fn::Unknown";
    prop::sample::select(names.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// Values in which functions stand with right and with wrong arguments.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!({"Ref": "Env"})),
        Just(json!({"Ref": "List"})),
        Just(json!({"Ref": "A"})),
        Just(json!({"Fn::GetAtt": ["B", "Arn"]})),
        Just(json!({"Fn::FindInMap": ["M", "a", "list"]})),
        Just(json!({"Ref": "AWS::NoValue"})),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner.clone()), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            (function(), inner.clone()).prop_map(|(name, argument)| json!({ name: argument })),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| json!({"Fn::If": ["C", one, two]})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| json!({"Fn::Join": ["-", items]})),
            inner.clone().prop_map(|one| json!({"Fn::Sub": ["${x}/${Env}", {"x": one}]})),
            inner.prop_map(|list| json!({"Fn::Select": [0, list]})),
        ]
    })
}

/// Functions with right arguments only: a text, or (second) a list of texts that is not empty.
fn well_formed() -> (BoxedStrategy<Value>, BoxedStrategy<Value>) {
    let mut texts = prop_oneof![
        "[a-z${}]{0,5}".prop_map(Value::from),
        Just(json!({"Ref": "Env"})),
        Just(json!({"Ref": "X"})),
        Just(json!({"Ref": "AWS::StackId"})),
        Just(json!({"Fn::GetAtt": ["X", "Arn"]})),
        Just(json!({"Fn::FindInMap": ["M", {"Ref": "Env"}, "text"]})),
        Just(json!({"Fn::ImportValue": {"Fn::Sub": "${AWS::Region}-net"}})),
    ]
    .boxed();
    let mut lists = prop_oneof![
        Just(json!({"Ref": "List"})),
        Just(json!({"Fn::GetAZs": ""})),
        Just(json!({"Fn::FindInMap": ["M", "dev", "list"]})),
    ]
    .boxed();
    for _ in 0..3 {
        let (text, list) = (texts.clone(), lists.clone());
        let nothing = Just(json!({"Ref": "AWS::NoValue"}));
        let optional = (text.clone(), nothing).prop_map(|(one, none)| json!({"Fn::If": ["C", one, none]}));
        texts = prop_oneof![
            text.clone(),
            (text.clone(), text.clone()).prop_map(|(one, two)| json!({"Fn::If": ["C", one, two]})),
            (text.clone(), text.clone())
                .prop_map(|(one, two)| json!({"Fn::Sub": ["${x}/${y}${Env}${!z}${X.Arn}", {"x": one, "y": two}]})),
            list.clone().prop_map(|list| json!({"Fn::Join": [",", list]})),
            (0..1, list.clone()).prop_map(|(index, list)| json!({"Fn::Select": [index, list]})),
            text.clone().prop_map(|one| json!({"Fn::Base64": one})),
        ]
        .boxed();
        lists = prop_oneof![
            list.clone(),
            (text.clone(), prop::collection::vec(prop_oneof![text.clone(), optional], 0..3))
                .prop_map(|(one, more)| std::iter::once(one).chain(more).collect::<Value>()),
            text.prop_map(|one| json!({"Fn::Split": [",", one]})),
            (list.clone(), list).prop_map(|(one, two)| json!({"Fn::If": ["C", one, two]})),
        ]
        .boxed();
    }
    (texts, lists)
}

fn inputs() -> Inputs {
    Inputs {
        parameters: BTreeMap::new(),
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        stack_name: Some("s".to_owned()),
        stack_id: None,
        notification_arns: Vec::new(),
    }
}

fn template(condition: Value, a: &Value, b: &Value, output: &Value) -> Value {
    json!({
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {
            "Env": {"Type": "String", "Default": "dev"},
            "List": {"Type": "CommaDelimitedList", "Default": "x,y"}
        },
        "Mappings": {"M": {"dev": {"list": ["p", "q"], "text": "t"}, "a": {"b": 1}}},
        "Conditions": {"C": condition},
        "Resources": {
            "X": {"Type": "T"},
            "A": {"Type": "T", "Properties": {"p": a, "q": [b]}},
            "B": {"Type": "AWS::IAM::Role", "Properties": {"p": b}},
        },
        "Outputs": {"O": {"Value": output}},
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_panics(a in value(), b in value(), c in value(), output in value()) {
        let template = template(json!({"Fn::Equals": [{"Ref": "Env"}, c]}), &a, &b, &output);
        let written = template.to_string();
        let (read, _) = read(Sources::default().add("t", &written), &written);
        prop_assert_eq!(read.value(), &template);
        let _ = (check(&read, &written), capabilities(&read), graph(&read).order());
        let _ = expand_language_extensions(&read, &inputs(), &Nothing);
        let _ = evaluate(&read, &inputs(), &Nothing);
    }

    #[test]
    fn what_was_evaluated_evaluates_to_itself(text in well_formed().0, list in well_formed().1, is_dev in any::<bool>()) {
        let condition = json!({"Fn::Equals": [{"Ref": "Env"}, if is_dev { "dev" } else { "prod" }]});
        let template = Template::new(template(condition, &text, &list, &text));
        let first = evaluate(&template, &inputs(), &Nothing);
        prop_assert!(first.is_ok(), "{first:?}");
        let first = first.unwrap_or_default();
        prop_assert!(difference(&first, &first).is_empty());
        for resource in first.resources.values() {
            let properties = Value::Object(resource.properties.clone());
            prop_assert_eq!(is_known(&properties), unknowns(&properties).is_empty(), "{}", properties);
        }
        let written = |resource: &EvaluatedResource| json!({"Type": resource.type_name, "Properties": resource.properties});
        let resources: Map<String, Value> =
            first.resources.iter().map(|(name, resource)| (name.clone(), written(resource))).collect();
        let second = evaluate(&Template::new(json!({"Resources": resources})), &inputs(), &Nothing);
        prop_assert_eq!(second.map(|second| second.resources), Ok(first.resources));
    }
}
