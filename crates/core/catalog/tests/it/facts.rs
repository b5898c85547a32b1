//! What AWS's documentation says of a handful of types, and what holds for all of them.

use stackfleet_catalog::{Availability, Bounds, Handler, Kinds, Replacement, Scalar, Stateful, catalog};

fn regions(kind: &str, wanted: &[&str]) -> Vec<Availability> {
    let kind = catalog().resource(kind).unwrap();
    wanted.iter().map(|region| kind.available_in(&region.parse().unwrap())).collect()
}

#[test]
fn everything_in_the_embedded_file_is_intact() {
    catalog().verify().unwrap();
    assert!(catalog().source().starts_with("cfn-lint "), "{}", catalog().source());
    let names: Vec<&str> = catalog().types().map(|kind| kind.name()).collect();
    assert!(names.len() > 1_800, "{}", names.len());
    assert!(names.is_sorted());
    for kind in catalog().types() {
        assert!(kind.schema().kinds().is_empty(), "{kind:?}: the root has no kind");
        assert!(kind.properties().next().is_some() || kind.name().ends_with("Handle"), "{kind:?} has no properties");
        for name in kind.required() {
            assert!(kind.property(name).is_some(), "{kind:?} requires `{name}`, which it does not have");
        }
    }
}

#[test]
fn a_function_of_lambda() {
    let function = catalog().resource("AWS::Lambda::Function").unwrap();
    assert_eq!(function.required().collect::<Vec<_>>(), ["Code", "Role"]);
    let bucket = function.property("/Code/S3Bucket").unwrap();
    assert_eq!(bucket.kinds(), Kinds::STRING);
    assert_eq!(bucket.length(), Bounds { min: Some(3), max: Some(63) });
    assert_eq!(function.property("Code.S3Bucket").map(|found| found.format()), Some(Some("AWS::S3::Bucket.Name")));
    let package_types = function.property("/PackageType").unwrap();
    assert_eq!(package_types.enumeration().collect::<Vec<_>>(), [Scalar::Text("Image"), Scalar::Text("Zip")]);
    assert_eq!(function.property("/Tags/*/Key").unwrap().length(), Bounds { min: Some(1), max: Some(128) });
    assert_eq!(function.property("/Tags/0/Key").unwrap().length(), Bounds { min: Some(1), max: Some(128) });
    assert!(function.property("/Environment/Variables/ANY").is_some());
    assert!(function.property("/Tiemout").is_none());

    assert!(function.is_read_only("/Arn"));
    assert!(function.is_read_only("SnapStartResponse.OptimizationStatus"));
    assert!(!function.is_read_only("/Timeout"));
    assert_eq!(function.replacement("/FunctionName"), Replacement::Always);
    assert_eq!(function.replacement("/TenancyConfig/TenantIsolationMode"), Replacement::Always);
    assert_eq!(function.replacement("/DurableConfig"), Replacement::Conditional);
    assert_eq!(function.replacement("/Timeout"), Replacement::Never);
    assert_eq!(function.primary_identifier().map(|path| path.to_string()).collect::<Vec<_>>(), ["/FunctionName"]);
    assert!(function.has_attribute("Arn"));
    assert!(function.has_attribute("SnapStartResponse.ApplyOn"));
    assert!(!function.has_attribute("Timeout"));
    assert_eq!(function.stateful(), Stateful::No);

    let create: Vec<&str> = function.handler(Handler::Create).unwrap().permissions().collect();
    for action in ["lambda:CreateFunction", "iam:PassRole"] {
        assert!(create.contains(&action), "{create:?}");
    }
    let tagging = function.tagging().unwrap();
    assert!(tagging.is_taggable() && tagging.on_create() && tagging.is_updatable());
    assert_eq!(tagging.property().unwrap().to_string(), "/Tags");
    assert!(tagging.permissions().any(|action| action == "lambda:TagResource"));
    assert_eq!(
        regions("AWS::Lambda::Function", &["eu-west-1", "cn-north-1", "mars-north-1"]),
        [Availability::Available, Availability::Available, Availability::Unknown]
    );
}

#[test]
fn a_table_of_dynamodb() {
    let table = catalog().resource("AWS::DynamoDB::Table").unwrap();
    assert_eq!(table.required().collect::<Vec<_>>(), ["KeySchema"]);
    assert_eq!(table.replacement("/TableName"), Replacement::Always);
    let attribute = table.property("/AttributeDefinitions/*/AttributeType").unwrap();
    assert_eq!(attribute.kinds(), Kinds::STRING);
    assert_eq!(table.stateful(), Stateful::Yes);
    assert!(table.has_attribute("StreamArn"));
    assert_eq!(catalog().resource("AWS::S3::Bucket").unwrap().stateful(), Stateful::MustBeEmpty);
}

#[test]
fn schemas_that_contain_themselves() {
    let acl = catalog().resource("AWS::WAFv2::WebACL").unwrap();
    let deep = "/Rules/*/Statement/AndStatement/Statements/*/NotStatement/Statement/GeoMatchStatement/CountryCodes";
    assert_eq!(acl.property(deep).unwrap().kinds(), Kinds::ARRAY);
}

#[test]
fn attributes_that_are_no_read_only_properties() {
    let has = |kind: &str, attribute: &str| catalog().resource(kind).unwrap().has_attribute(attribute);
    assert!(has("AWS::CloudFormation::Stack", "Outputs.Anything"));
    assert!(!has("AWS::CloudFormation::Stack", "Outputs"));
    assert!(has("AWS::CloudFormation::CustomResource", "What.Ever"));
    assert!(has("AWS::SQS::Queue", "QueueName"));
    assert!(has("AWS::RDS::DBInstance", "Endpoint.Address"));
    assert!(has("AWS::IAM::Role", "Arn"));
    assert!(!has("AWS::IAM::Role", "Path"));
}

#[test]
fn types_that_a_region_does_not_have() {
    assert_eq!(
        regions("AWS::AppRunner::Service", &["eu-west-1", "eu-north-1", "us-iso-east-1"]),
        [Availability::Available, Availability::Missing, Availability::Unknown]
    );
    assert!(catalog().regions().count() > 30);
    assert_eq!(
        catalog().resource("AWS::AppRunner::Service").unwrap().regions().filter(|it| *it == "eu-west-1").count(),
        1
    );
}

#[test]
fn a_mistyped_name_is_corrected() {
    assert!(catalog().resource("AWS::Lambda::Functon").is_none());
    assert_eq!(catalog().suggest("AWS::Lambda::Functon"), Some("AWS::Lambda::Function"));
    assert_eq!(catalog().suggest("aws::s3::bucket"), Some("AWS::S3::Bucket"));
    assert_eq!(catalog().suggest("Custom::Thing"), None);
}

#[test]
fn types_that_aws_winds_down() {
    let lifecycle = catalog().types().filter_map(|kind| kind.lifecycle());
    let mut words: Vec<&str> = lifecycle.map(|lifecycle| lifecycle.status).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words, ["maintenance", "shutdown", "sunset"]);
}
