//! What a small application uses, spelled out.

use serde_json::{Value, json};
use stackfleet_sam::{Environment, SamError, SamErrorKind, transform};

fn expand(template: Value) -> Value {
    transform(&template, &Environment::in_region("eu-west-1")).unwrap()
}

fn scheduled_function() -> Value {
    json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Runtime": "python3.13", "Timeout": 30}},
        "Resources": {"Finder": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "app.handler",
                "CodeUri": {"Bucket": "artifacts", "Key": "finder.zip"},
                "Policies": ["AmazonSSMReadOnlyAccess", {"SNSPublishMessagePolicy": {"TopicName": {"Fn::GetAtt": ["Topic", "TopicName"]}}}],
                "Events": {"Daily": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 day)"}}},
            },
        }},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Finder", "Arn"]}}},
    })
}

#[test]
fn a_scheduled_function_becomes_function_role_rule_and_permission() {
    let out = expand(scheduled_function());
    let resources = out["Resources"].as_object().unwrap();
    let ids: Vec<&str> = resources.keys().map(String::as_str).collect();
    assert_eq!(ids, ["Finder", "FinderDaily", "FinderDailyPermission", "FinderRole"]);
    assert!(out.get("Transform").is_none() && out.get("Globals").is_none());
    assert_eq!(out["Outputs"]["Arn"]["Value"], json!({"Fn::GetAtt": ["Finder", "Arn"]}));
    let function = &resources["Finder"]["Properties"];
    assert_eq!(function["Runtime"], "python3.13");
    assert_eq!(function["Timeout"], 30);
    assert_eq!(function["Code"], json!({"S3Bucket": "artifacts", "S3Key": "finder.zip"}));
    assert_eq!(function["Tags"], json!([{"Key": "lambda:createdBy", "Value": "SAM"}]));
    assert_eq!(function["Role"], json!({"Fn::GetAtt": ["FinderRole", "Arn"]}));
    let role = &resources["FinderRole"]["Properties"];
    assert_eq!(
        role["ManagedPolicyArns"],
        json!([
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess",
        ])
    );
    assert_eq!(role["Policies"][0]["PolicyName"], "FinderRolePolicy1");
    let rule = &resources["FinderDaily"]["Properties"];
    assert_eq!(rule["ScheduleExpression"], "rate(1 day)");
    assert_eq!(rule["Targets"], json!([{"Arn": {"Fn::GetAtt": ["Finder", "Arn"]}, "Id": "FinderDailyLambdaTarget"}]));
}

#[test]
fn all_reasons_are_given_in_the_order_of_ids() {
    let function =
        json!({"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.13", "Handler": "a.b"}});
    let mut other = function.clone();
    other["Properties"]["Typo"] = json!(1);
    let template = json!({"Resources": {"Zulu": function, "Alpha": other}});
    let errors = transform(&template, &Environment::in_region("eu-west-1")).unwrap_err();
    assert_eq!(errors[0].kind, SamErrorKind::Resource);
    assert_eq!(
        SamError::summary(&errors),
        "Invalid Serverless Application Specification document. Number of errors found: 2. Resource with id [Alpha] is \
         invalid. property Typo not defined for resource of type AWS::Serverless::Function Resource with id [Zulu] is \
         invalid. Only one of 'InlineCode' or 'CodeUri' can be set."
    );
}

#[test]
fn what_is_not_supported_is_refused() {
    let template = json!({"Resources": {"Thing": {"Type": "AWS::Serverless::Mystery"}}});
    let errors = transform(&template, &Environment::in_region("eu-west-1")).unwrap_err();
    assert_eq!(errors[0].kind, SamErrorKind::Unsupported);
}

#[test]
fn the_partition_follows_from_the_region() {
    let mut environment = Environment::in_region("cn-north-1");
    assert_eq!(environment.partition(), "aws-cn");
    environment.region = "us-gov-west-1".to_owned();
    assert_eq!(environment.partition(), "aws-us-gov");
    environment.region = "eu-west-1".to_owned();
    assert_eq!(environment.partition(), "aws");
}

#[test]
fn reserved_tags_are_refused_and_architectures_left_to_lambda() {
    let reasons = |extra: Value| {
        let mut properties = json!({"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x"});
        properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let template = json!({"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}}});
        let result = transform(&template, &Environment::in_region("eu-west-1"));
        result.err().map(|errors| errors.first().unwrap().message.clone())
    };
    // Observed: architectures are Lambda's to check, AWS's transform lets any value pass.
    for given in
        [json!([]), json!(["mips"]), json!(["arm64", "x86_64"]), json!(["arm64"]), json!({"Ref": "Architectures"})]
    {
        assert_eq!(reasons(json!({"Architectures": given})), None);
    }
    let reserved = reasons(json!({"Tags": {"lambda:createdBy": "me"}})).unwrap();
    assert!(reserved.contains("lambda:createdBy is a reserved Tag key name"), "{reserved}");
}
