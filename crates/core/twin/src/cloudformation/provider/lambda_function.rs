//! `AWS::Lambda::Function`. Making one needs `lambda:CreateFunction`, `lambda:GetFunction`, `iam:PassRole` for the role,
//! `s3:GetObject` for the code and, with tags, `lambda:TagResource`.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_api::{
    Answer, Blob, Request,
    lambda::{
        self, ApplicationLogLevel, Architecture, CreateFunctionInput, DeadLetterConfig, DeleteFunctionInput,
        Environment, EphemeralStorage, FunctionCode, GetFunctionInput, LogFormat, LoggingConfig, PackageType, Runtime,
        SystemLogLevel, TagResourceInput, TracingConfig, TracingMode, UntagResourceInput, UpdateFunctionCodeInput,
        UpdateFunctionConfigurationInput,
    },
};

use super::{Fault, Handler, Made, Provider, ask, gone, missing, text};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::Lambda::Function",
    name: Some("FunctionName"),
    required: &["Code", "Role"],
    mutable: &[
        "Architectures",
        "Code",
        "DeadLetterConfig",
        "Description",
        "Environment",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "Role",
        "Runtime",
        "Tags",
        "Timeout",
        "TracingConfig",
    ],
    create_only: &["FunctionName", "PackageType"],
    create_seconds: 8,
    update_seconds: 8,
    delete_seconds: 4,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let function_name = handler.name_or_made("FunctionName", 64);
    let tags = handler.wanted_tags();
    let input = CreateFunctionInput {
        function_name: function_name.clone(),
        runtime: runtime(handler)?,
        role: handler.needed("Role")?,
        handler: handler.text("Handler"),
        code: code(handler)?,
        description: handler.text("Description"),
        timeout: handler.number("Timeout")?,
        memory_size: handler.number("MemorySize")?,
        package_type: handler.text("PackageType").as_deref().and_then(PackageType::parse),
        dead_letter_config: dead_letter(handler),
        environment: environment(handler),
        kms_key_arn: handler.text("KmsKeyArn"),
        tracing_config: tracing(handler),
        tags: (!tags.is_empty()).then_some(tags),
        layers: layers(handler),
        architectures: architectures(handler),
        ephemeral_storage: ephemeral(handler),
        logging_config: logging(handler),
        ..CreateFunctionInput::default()
    };
    let arn = ask!(handler, Lambda, lambda::CreateFunction(input))?.function_arn.unwrap_or_default();
    stabilize(handler, &function_name)?;
    Ok(Made::new(function_name, [("Arn", arn)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let function_name = handler.id();
    let arn = stabilize(handler, &function_name)?;
    if handler.differs("Code") || handler.differs("Architectures") {
        let code = code(handler)?;
        let input = UpdateFunctionCodeInput {
            function_name: function_name.clone(),
            zip_file: code.zip_file,
            s3_bucket: code.s3_bucket,
            s3_key: code.s3_key,
            s3_object_version: code.s3_object_version,
            image_uri: code.image_uri,
            architectures: architectures(handler),
            ..UpdateFunctionCodeInput::default()
        };
        ask!(handler, Lambda, lambda::UpdateFunctionCode(input))?;
    }
    let elsewhere = ["Code", "Architectures", "Tags"];
    if PROVIDER.mutable.iter().any(|name| !elsewhere.contains(name) && handler.differs(name)) {
        let input = UpdateFunctionConfigurationInput {
            function_name: function_name.clone(),
            role: handler.text("Role"),
            handler: handler.text("Handler"),
            description: Some(handler.text("Description").unwrap_or_default()),
            timeout: Some(handler.number("Timeout")?.unwrap_or(3)),
            memory_size: Some(handler.number("MemorySize")?.unwrap_or(128)),
            environment: Some(environment(handler).unwrap_or_default()),
            runtime: runtime(handler)?,
            dead_letter_config: Some(dead_letter(handler).unwrap_or_default()),
            kms_key_arn: handler.text("KmsKeyArn"),
            tracing_config: tracing(handler),
            layers: Some(layers(handler).unwrap_or_default()),
            ephemeral_storage: ephemeral(handler),
            logging_config: logging(handler),
            ..UpdateFunctionConfigurationInput::default()
        };
        ask!(handler, Lambda, lambda::UpdateFunctionConfiguration(input))?;
    }
    let (tags, tag_keys) = handler.tag_changes();
    if !tag_keys.is_empty() {
        let input = UntagResourceInput { resource: arn.clone(), tag_keys };
        ask!(handler, Lambda, lambda::UntagResource(input))?;
    }
    if !tags.is_empty() {
        ask!(handler, Lambda, lambda::TagResource(TagResourceInput { resource: arn.clone(), tags }))?;
    }
    Ok(Made::new(function_name, [("Arn", arn)]))
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    let input = DeleteFunctionInput { function_name: handler.id(), ..DeleteFunctionInput::default() };
    gone(ask!(handler, Lambda, lambda::DeleteFunction(input)).map(drop))
}

/// Looks whether the function is there, as the handler does until it is active; returns its ARN.
fn stabilize(handler: &mut Handler<'_>, function_name: &str) -> Result<String, Fault> {
    let input = GetFunctionInput { function_name: function_name.to_owned(), ..GetFunctionInput::default() };
    let found = ask!(handler, Lambda, lambda::GetFunction(input))?;
    Ok(found.configuration.and_then(|configuration| configuration.function_arn).unwrap_or_default())
}

fn code(handler: &Handler<'_>) -> Result<FunctionCode, Fault> {
    let code = handler.get("Code").ok_or_else(|| missing("Code"))?;
    let part = |name: &str| code.get(name).and_then(text);
    Ok(FunctionCode {
        zip_file: part("ZipFile").map(archive),
        s3_bucket: part("S3Bucket"),
        s3_key: part("S3Key"),
        s3_object_version: part("S3ObjectVersion"),
        image_uri: part("ImageUri"),
        ..FunctionCode::default()
    })
}

/// Wraps code given inline as the archive that CloudFormation would make of it; only its digest matters here.
fn archive(source: String) -> Blob {
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(source.into_bytes());
    Blob::new(bytes)
}

fn runtime(handler: &Handler<'_>) -> Result<Option<Runtime>, Fault> {
    let Some(name) = handler.text("Runtime") else { return Ok(None) };
    let wrong = || {
        Fault::Wrong(format!(
            "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set or be a valid ARN"
        ))
    };
    Runtime::parse(&name).map(Some).ok_or_else(wrong)
}

fn environment(handler: &Handler<'_>) -> Option<Environment> {
    let variables = handler.get("Environment")?.get("Variables").and_then(Value::as_object)?;
    let variables: BTreeMap<String, String> =
        variables.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
    Some(Environment { variables: Some(variables) })
}

fn dead_letter(handler: &Handler<'_>) -> Option<DeadLetterConfig> {
    let target_arn = handler.get("DeadLetterConfig")?.get("TargetArn").and_then(text);
    Some(DeadLetterConfig { target_arn })
}

fn tracing(handler: &Handler<'_>) -> Option<TracingConfig> {
    let mode = handler.get("TracingConfig")?.get("Mode").and_then(text)?;
    Some(TracingConfig { mode: TracingMode::parse(&mode) })
}

fn layers(handler: &Handler<'_>) -> Option<Vec<String>> {
    Some(handler.texts("Layers")).filter(|layers| !layers.is_empty())
}

fn architectures(handler: &Handler<'_>) -> Option<Vec<Architecture>> {
    let names = handler.texts("Architectures");
    Some(names.iter().filter_map(|name| Architecture::parse(name)).collect()).filter(|all: &Vec<_>| !all.is_empty())
}

fn ephemeral(handler: &Handler<'_>) -> Option<EphemeralStorage> {
    let size = handler.get("EphemeralStorage")?.get("Size").and_then(text)?.parse().ok()?;
    Some(EphemeralStorage { size })
}

fn logging(handler: &Handler<'_>) -> Option<LoggingConfig> {
    let config = handler.get("LoggingConfig")?;
    let part = |name: &str| config.get(name).and_then(text);
    Some(LoggingConfig {
        log_format: part("LogFormat").as_deref().and_then(LogFormat::parse),
        application_log_level: part("ApplicationLogLevel").as_deref().and_then(ApplicationLogLevel::parse),
        system_log_level: part("SystemLogLevel").as_deref().and_then(SystemLogLevel::parse),
        log_group: part("LogGroup"),
    })
}
