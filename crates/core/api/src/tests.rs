//! Reading, validating and writing from documents, without a protocol.

use aws_smithy_schema::document::DocumentShapeDeserializer;
use aws_smithy_schema::serde::ShapeDeserializer as _;
use aws_smithy_types::{Document, Number};

use crate::cloudformation::{CloudFormation, CreateStackSetInput, CreateStackSetOutput};
use crate::iam::NoSuchEntityException;
use crate::{Error, Reader, Request, Service, common, dispatch, operation};

fn text(value: &str) -> Document {
    Document::String(value.into())
}

fn list(values: impl IntoIterator<Item = Document>) -> Document {
    Document::Array(values.into_iter().collect())
}

fn object<const N: usize>(members: [(&str, Document); N]) -> Document {
    Document::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn read(service: Service, name: &str, input: &Document) -> (Request, Option<String>) {
    let mut reader = Reader::new();
    let mut deserializer = DocumentShapeDeserializer::new(input);
    let operation = operation(service, name).unwrap();
    let request = (operation.read_request)(&mut deserializer, &mut reader).unwrap();
    assert!(!deserializer.is_null());
    (request, reader.message())
}

#[test]
fn a_request_is_read_into_its_type() {
    let input = object([
        ("StackSetName", text("roles")),
        ("Parameters", list([object([("ParameterKey", text("Environment")), ("ParameterValue", text("dev"))])])),
        ("Capabilities", list([text("CAPABILITY_NAMED_IAM")])),
        ("AutoDeployment", object([("Enabled", Document::Bool(true))])),
    ]);
    let (request, message) = read(Service::CloudFormation, "CreateStackSet", &input);
    assert_eq!(message, None);
    assert_eq!(request.operation().iam_action(), "cloudformation:CreateStackSet");
    let Request::CloudFormation(crate::cloudformation::Request::CreateStackSet(input)) = request else {
        panic!("another request");
    };
    assert_eq!(input.stack_set_name, "roles");
    assert_eq!(input.parameters.unwrap()[0].parameter_value.as_deref(), Some("dev"));
    assert_eq!(input.capabilities.unwrap()[0], crate::cloudformation::Capability::CapabilityNamedIam);
    assert_eq!(input.auto_deployment.unwrap().enabled, Some(true));
}

#[test]
fn violations_are_reported_in_the_words_of_aws() {
    let long = "x".repeat(65);
    for (service, name, input, expected) in [
        (
            Service::CloudFormation,
            "CreateStack",
            object([("StackName", text("ok")), ("TemplateBody", text(""))]),
            "1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            Service::CloudFormation,
            "CreateStackSet",
            object([]),
            "1 validation error detected: Value null at 'stackSetName' failed to satisfy constraint: Member must not be null",
        ),
        (
            Service::Events,
            "PutTargets",
            object([
                ("Rule", text("daily")),
                ("Targets", list([object([("Id", text("!@#$@!#$")), ("Arn", text("arn:x"))])])),
            ]),
            "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        ),
        (
            Service::Events,
            "DescribeRule",
            object([("Name", text(&long))]),
            &format!(
                "1 validation error detected: Value '{long}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64"
            ),
        ),
        (
            Service::Lambda,
            "ListFunctions",
            object([("FunctionVersion", text("invalid"))]),
            "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]",
        ),
        (
            Service::Iam,
            "ListRoles",
            object([("MaxItems", Document::Number(Number::PosInt(0)))]),
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            Service::Lambda,
            "UpdateFunctionCode",
            object([("FunctionName", text("f")), ("Architectures", list([text("X86_64")]))]),
            "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
    ] {
        assert_eq!(read(service, name, &input).1.as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn several_violations_are_counted() {
    let input = object([("RoleName", text("a b")), ("MaxSessionDuration", Document::Number(Number::PosInt(60)))]);
    let (_, message) = read(Service::Iam, "CreateRole", &input);
    let message = message.unwrap();
    assert!(message.starts_with("3 validation errors detected: Value "), "{message}");
    for expected in [
        "Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        "Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
        "; Value null at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[derive(Default)]
struct Half;

impl CloudFormation for Half {
    type Call = u32;

    fn create_stack_set(&mut self, call: &u32, input: CreateStackSetInput) -> Result<CreateStackSetOutput, Error> {
        Ok(CreateStackSetOutput { stack_set_id: Some(format!("{}:{call}", input.stack_set_name)) })
    }
}

impl crate::sts::Sts for Half {
    type Call = u32;
}
impl crate::organizations::Organizations for Half {
    type Call = u32;
}
impl crate::iam::Iam for Half {
    type Call = u32;
}
impl crate::account::Account for Half {
    type Call = u32;
}
impl crate::lambda::Lambda for Half {
    type Call = u32;
}
impl crate::events::Events for Half {
    type Call = u32;
}
impl crate::logs::Logs for Half {
    type Call = u32;
}
impl crate::sns::Sns for Half {
    type Call = u32;
}
impl crate::ssm::Ssm for Half {
    type Call = u32;
}

#[test]
fn dispatch_finds_the_method_and_absent_operations_are_unknown() {
    let (request, _) = read(Service::CloudFormation, "CreateStackSet", &object([("StackSetName", text("roles"))]));
    let answer = dispatch(&mut Half, &7, request).unwrap();
    assert_eq!(answer.operation().name, "CreateStackSet");
    let (request, _) = read(Service::CloudFormation, "DescribeStacks", &object([]));
    assert_eq!(
        dispatch(&mut Half, &7, request).unwrap_err().to_string(),
        "InvalidAction: Could not find operation DescribeStacks for version 2010-05-15"
    );
}

#[test]
fn errors_have_the_codes_that_clients_know() {
    let error = NoSuchEntityException::error("The role with name x cannot be found.");
    assert_eq!((error.code, error.shape, error.status), ("NoSuchEntity", "NoSuchEntityException", 404));
    assert_eq!(error.message, "The role with name x cannot be found.");
    assert_eq!(common::validation(Service::CloudFormation, "").code, "ValidationError");
    assert_eq!(common::access_denied(Service::Organizations, "").code, "AccessDeniedException");
    assert_eq!(common::throttled(Service::Lambda).status, 429);
}

#[test]
fn organizations_has_words_of_its_own_for_bad_input() {
    let mut reader = Reader::new();
    let input = object([("AccountId", text("12"))]);
    let read = operation(Service::Organizations, "DescribeAccount").unwrap().read_request;
    read(&mut DocumentShapeDeserializer::new(&input), &mut reader).unwrap();
    let error = common::violations(Service::Organizations, &reader).unwrap();
    assert_eq!(
        error.to_string(),
        "InvalidInputException: You provided a value that does not match the required pattern."
    );
    assert!(format!("{:?}", error.fields).contains("InvalidPattern"), "{error:?}");
}
