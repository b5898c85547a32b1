//! Templates and inputs in, values and refusals out.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::read_body;

fn inputs(parameters: &[(&str, &str)]) -> Inputs {
    Inputs {
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        stack_name: Some("stack".to_owned()),
        stack_id: None,
        notification_arns: Vec::new(),
    }
}

/// An account in which a few things exist.
struct World(BTreeMap<&'static str, Answer>);

impl World {
    fn answer(&self, key: &str) -> Answer {
        self.0.get(key).cloned().unwrap_or(Answer::Unknown)
    }
}

impl Lookup for World {
    fn reference(&self, logical_id: &str) -> Answer {
        self.answer(logical_id)
    }
    fn attribute(&self, logical_id: &str, attribute: &str) -> Answer {
        self.answer(&format!("{logical_id}.{attribute}"))
    }
    fn export(&self, name: &str) -> Answer {
        match self.answer(name) {
            Answer::Unknown => Answer::Refused(format!("No export named {name} found.")),
            known @ (Answer::Known(_) | Answer::Refused(_)) => known,
        }
    }
    fn ssm_parameter(&self, name: &str) -> Answer {
        self.answer(name)
    }
    fn dynamic_reference(&self, reference: &str) -> Answer {
        self.answer(reference)
    }
}

/// Evaluates `p` in a template with a parameter, a list, mappings, conditions and another resource.
fn property(text: &str) -> Result<Value, String> {
    property_in(text, &Nothing)
}

fn property_in(text: &str, lookup: &dyn Lookup) -> Result<Value, String> {
    let template = format!(
        "
Parameters:
  Env: {{Type: String, Default: prod}}
  List: {{Type: CommaDelimitedList, Default: 'a, b,c'}}
  Image: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}}
Mappings:
  Sizes: {{prod: {{Size: 5, Zones: [x, y]}}, '1': {{Size: 1}}}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
Resources:
  Other: {{Type: T}}
  A:
    Type: T
    Properties:
      p: {text}
"
    );
    let template = read_body(&template).map_err(|problem| problem.message)?;
    let evaluated = evaluate(&template, &inputs(&[]), lookup).map_err(|problems| {
        problems.into_iter().map(|found| format!("{} {}", found.pointer, found.message)).collect::<Vec<_>>().join("; ")
    })?;
    Ok(evaluated.resources["A"].properties.get("p").cloned().unwrap_or(Value::Null))
}

fn check(text: &str, expected: Value) {
    assert_eq!(property(text), Ok(expected), "{text}");
}

fn refused(text: &str, expected: &str) {
    let message = property(text).unwrap_err();
    assert!(message.contains(expected), "{text}: {message}");
}

#[test]
fn functions_compute_what_is_known() {
    check("!Ref Env", json!("prod"));
    check("!Ref List", json!(["a", "b", "c"]));
    check("!Join [':', !Ref List]", json!("a:b:c"));
    check("!Join ['', [a, 1, true]]", json!("a1true"));
    check(
        "!Sub '${Env}-${AWS::Region}-${!Keep}-${AWS::Partition}.${AWS::URLSuffix}'",
        json!("prod-eu-west-1-${Keep}-aws.amazonaws.com"),
    );
    check("!Sub ['${x}${Env}', {x: !Select [1, !Ref List]}]", json!("bprod"));
    check("!Select ['2', !Split ['-', 'x-y-z']]", json!("z"));
    check("!FindInMap [Sizes, !Ref Env, Size]", json!(5));
    check("!FindInMap [Sizes, 1, Size]", json!(1));
    check("!If [IsProd, {a: !If [IsDev, 1, !Ref AWS::NoValue], b: 2}, x]", json!({"b": 2}));
    check("[1, !If [IsDev, 2, !Ref AWS::NoValue], 3]", json!([1, 3]));
    check("!If [IsDev, 2, !Ref AWS::NoValue]", Value::Null);
    check("{'Fn::Base64': !Sub 'é${Env}'}", json!("w6lwcm9k"));
    check("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", json!("10.0.1.0/24"));
    check("!Ref AWS::AccountId", json!("111122223333"));
    check(
        "{Statement: [{Condition: {StringEquals: {a: !Ref Env}}}]}",
        json!({"Statement": [{"Condition": {"StringEquals": {"a": "prod"}}}]}),
    );
    check("{Condition: {StringEquals: {a: b}}}", json!({"Condition": {"StringEquals": {"a": "b"}}}));
}

#[test]
fn what_only_deployment_knows_stays_a_call() {
    check("!Ref Other", json!({"Ref": "Other"}));
    check("!GetAtt Other.Arn", json!({"Fn::GetAtt": ["Other", "Arn"]}));
    check(
        "!Sub '${Env}/${Other}/x/${Other.Arn}'",
        json!({"Fn::Join": ["", ["prod/", {"Ref": "Other"}, "/x/", {"Fn::GetAtt": ["Other", "Arn"]}]]}),
    );
    check("!Join ['-', [a, !Sub 'b${Other}', c]]", json!({"Fn::Join": ["", ["a-b", {"Ref": "Other"}, "-c"]]}));
    check("!Select [0, !GetAZs '']", json!({"Fn::Select": [0, {"Fn::GetAZs": "eu-west-1"}]}));
    assert_eq!(unknowns(&property("!GetAZs [1, 2]").unwrap()), [Unknown::Zones(String::new())]);
    check("!ImportValue {'Fn::Sub': 'net-${Env}'}", json!({"Fn::ImportValue": "net-prod"}));
    check(
        "{'Fn::GetStackOutput': {StackName: !Sub 'net-${Env}', OutputName: VpcId}}",
        json!({"Fn::GetStackOutput": {"StackName": "net-prod", "OutputName": "VpcId"}}),
    );
    check("!Ref Image", json!({"Ref": "Image"}));
    check("!Sub '${AWS::StackName} ${AWS::StackId}'", json!({"Fn::Join": ["", ["stack ", {"Ref": "AWS::StackId"}]]}));
    check("'{{resolve:ssm:/a}}'", json!("{{resolve:ssm:/a}}"));
    let value = property("[!Sub '${Other}${Other.Arn}', !ImportValue x, !GetAZs us-east-1, !Ref Other]").unwrap();
    assert_eq!(
        unknowns(&value),
        [
            Unknown::Reference("Other".to_owned()),
            Unknown::Attribute("Other".to_owned(), "Arn".to_owned()),
            Unknown::Import("x".to_owned()),
            Unknown::Zones("us-east-1".to_owned()),
        ]
    );
    assert!(!is_known(&value) && is_known(&json!({"a": ["b", {"c": 1}]})));
}

#[test]
fn a_lookup_fills_in_what_it_knows() {
    let world = World(BTreeMap::from([
        ("Other", Answer::Known(json!("other-1"))),
        ("Other.Arn", Answer::Known(json!("arn:other"))),
        ("Other.Bad", Answer::Refused("Requested attribute Bad does not exist in schema for T".to_owned())),
        ("/image", Answer::Known(json!("ami-1"))),
        ("net", Answer::Known(json!("vpc-1"))),
        ("resolve:ssm:/a:1", Answer::Known(json!("s3cret"))),
    ]));
    let value = "[!Sub '${Other} ${Other.Arn}', !Ref Image, !ImportValue net, !Sub 'x{{resolve:ssm:/a:1}}y{{resolve:ssm:/b}}${Env}']";
    assert_eq!(
        property_in(value, &world),
        Ok(json!(["other-1 arn:other", "ami-1", "vpc-1", "xs3crety{{resolve:ssm:/b}}prod"]))
    );
    assert_eq!(
        property_in("{a: [!GetAtt Other.Bad], b: !ImportValue gone}", &world).unwrap_err(),
        "/Resources/A/Properties/p/a/0/Fn::GetAtt Requested attribute Bad does not exist in schema for T; \
         /Resources/A/Properties/p/b/Fn::ImportValue No export named gone found."
    );
}

#[test]
fn wrong_arguments_are_refused_in_the_words_of_cloudformation() {
    refused("!FindInMap [Sizes, prod, Colour]", "Template error: Unable to get mapping for Sizes::prod::Colour");
    refused("!Select [5, !Ref List]", "Template error: Fn::Select cannot select nonexistent value at index 5");
    refused("!Select [a]", "Fn::Select requires a list argument with two elements: an integer index and a list");
    refused("!Split [a]", "every Fn::Split object requires two parameters");
    refused("!Sub '${List}'", "variable List in Fn::Sub expression does not resolve to a string");
    refused("!Sub '${a b}'", "Unresolved resource dependencies [a b]");
    refused("!GetAtt Other", "every Fn::GetAtt object requires two non-empty parameters");
    refused("!GetStackOutput {StackName: x}", "requires StackName and OutputName");
    refused("{'Fn::Foo': 1}", "Encountered unsupported function: Fn::Foo");
    refused("!Join [',', text]", "every Fn::Join object requires two parameters");
    refused("!If [IsProd, 1]", "Fn::If requires a list argument with three elements");
}

fn errors(template: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let template = read_body(template).unwrap();
    let problems = evaluate(&template, &inputs(parameters), &Nothing).err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn parameters_are_checked() {
    let template = "
Parameters:
  Need: {Type: String}
  Pick: {Type: String, AllowedValues: [a, 1, true], Default: a}
  Word: {Type: String, AllowedPattern: '[a-z]+', Default: ok}
  Said: {Type: String, MinLength: 3, MaxLength: 5, Default: okay, ConstraintDescription: be brief}
  Many: {Type: String, MaxLength: '2', Default: ok}
  Count: {Type: Number, MinValue: 1, MaxValue: 10, Default: 5}
  Counts: {Type: List<Number>, Default: '1, 2'}
Resources: {A: {Type: T}}
";
    assert_eq!(errors(template, &[("Need", "x")]), Vec::<String>::new());
    assert_eq!(
        errors(template, &[("X", "1"), ("Y", "2")]),
        ["Parameters: [Need] must have values", "Parameters: [X, Y] do not exist in the template"]
    );
    let wrong = [
        ("Need", ""),
        ("Pick", "b"),
        ("Word", "ok1"),
        ("Said", "longer"),
        ("Many", "abc"),
        ("Count", "11"),
        ("Counts", "1,b"),
    ];
    assert_eq!(
        errors(template, &wrong),
        [
            "Parameter 'Pick' must be one of AllowedValues",
            "Parameter 'Word' must match pattern [a-z]+",
            "Parameter Said failed to satisfy constraint: be brief",
            "Parameter 'Many' must contain at most 2 characters",
            "Parameter 'Count' must be a number not greater than 10",
            "Parameter 'Counts' must be a number.",
        ]
    );
    assert_eq!(errors(template, &[("Need", "x"), ("Count", "five")]), ["Parameter 'Count' must be a number."]);
    assert_eq!(errors(template, &[("Need", "x"), ("Pick", "true"), ("Count", "1.5")]), Vec::<String>::new());
}

#[test]
fn conditions_decide_what_exists() {
    let template = "
Parameters: {Env: {Type: String}}
Conditions:
  Big: !And [!Condition Prod, !Not [!Equals [!Ref 'AWS::Region', us-east-1]]]
  Prod: !Or [!Equals [!Ref Env, prod], !Equals [!Ref Env, live]]
Resources:
  A: {Type: T}
  B: {Type: T, Condition: Big, Properties: {a: !Ref A}}
  C: {Type: T, DependsOn: [B, A], Properties: {b: !If [Big, !Ref B, none]}}
Outputs:
  B: {Value: !Ref B, Condition: Big, Export: {Name: !Sub '${AWS::StackName}-b'}}
  C: {Value: 5}
";
    let template = read_body(template).unwrap();
    let summary = |env| {
        let evaluated = evaluate(&template, &inputs(&[("Env", env)]), &Nothing).unwrap();
        let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(" ");
        (
            names(evaluated.resources.keys().collect()),
            names(evaluated.outputs.keys().collect()),
            evaluated.resources["C"].properties["b"].clone(),
        )
    };
    assert_eq!(summary("live"), ("A B C".to_owned(), "B C".to_owned(), json!({"Ref": "B"})));
    assert_eq!(summary("dev"), ("A C".to_owned(), "C".to_owned(), json!("none")));
    let evaluated = evaluate(&template, &inputs(&[("Env", "prod")]), &Nothing).unwrap();
    assert_eq!(evaluated.outputs["B"].export_name, Some(json!("stack-b")));
    assert_eq!(evaluated.outputs["C"].value, json!("5"));
    assert_eq!(
        evaluated.conditions.iter().map(|(name, holds)| (name.as_str(), *holds)).collect::<Vec<_>>(),
        [("Big", true), ("Prod", true)]
    );
}

#[test]
fn a_reference_to_what_a_condition_removes_is_refused() {
    let template = "
Conditions: {Never: !Equals [a, b]}
Resources:
  Gone: {Type: T, Condition: Never}
  A: {Type: T, Properties: {x: !Ref Gone}}
Outputs: {O: {Value: !GetAtt Gone.Arn}}
";
    assert_eq!(
        errors(template, &[]),
        [
            "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template",
            "Unresolved resource dependencies [Gone] in the Outputs block of the template",
        ]
    );
}

#[test]
fn circles_rules_and_open_transforms_are_refused() {
    let circle = "
Conditions: {Always: !Equals [a, a], X: !Condition Y, Y: !Not [!Condition X]}
Resources: {A: {Type: T}}
";
    assert!(errors(circle, &[])[0].starts_with("Circular dependency between conditions: [X, Y]"));
    let hidden = "
Conditions: {Always: !Equals [a, a]}
Resources: {A: {Type: T, Condition: Always, DependsOn: B}, B: {Type: T, DependsOn: A}}
";
    assert_eq!(errors(hidden, &[]), ["Circular dependency between resources: [A, B]"]);
    let rules = "
Parameters: {Env: {Type: String}, Size: {Type: String, Default: big}}
Rules:
  Small:
    RuleCondition: !Equals [!Ref Env, dev]
    Assertions: [{Assert: !Contains [[small, tiny], !Ref Size], AssertDescription: development is small}]
Resources: {A: {Type: T}}
";
    assert_eq!(errors(rules, &[("Env", "dev")]), ["Template validation error: Template error: development is small"]);
    assert_eq!(errors(rules, &[("Env", "prod")]), Vec::<String>::new());
    let open = "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: T}}\n";
    assert_eq!(errors(open, &[]), ["the template must be transformed first: AWS::Serverless-2016-10-31"]);
}

#[test]
fn order_is_that_of_the_template_among_equals() {
    let template = read_body(
        "Resources: {D: {Type: T, DependsOn: C}, B: {Type: T}, C: {Type: T, Properties: {b: !Sub '${B.Arn}'}}, A: {Type: T}}",
    )
    .unwrap();
    let graph = crate::graph(&template);
    assert_eq!(graph.order().unwrap(), ["B", "C", "D", "A"]);
    assert_eq!(graph.dependencies("C").collect::<Vec<_>>(), ["B"]);
    assert_eq!(graph.dependents("C").collect::<Vec<_>>(), ["D"]);
}
