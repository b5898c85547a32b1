//! Lambda: functions, their code by digest, resource policies and tags. No code is run: there is no `Invoke`, and what
//! services call comes as far as its log group.
//!
//! Code from S3 is read as the caller, from a bucket of the same region, as Lambda does. The role must exist and trust
//! Lambda. A function is `Pending` for a moment and then `Active`.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use stackfleet_api::{
    Blob, Error,
    lambda::{
        Architecture, CodeStorageExceededException, CreateFunctionInput, DeadLetterConfig, EnvironmentResponse,
        EphemeralStorage, FunctionConfiguration, InvalidParameterValueException, LastUpdateStatus, Layer, LogFormat,
        LoggingConfig, PackageType, PreconditionFailedException, ResourceConflictException, ResourceNotFoundException,
        Runtime, State, TracingConfigResponse, TracingMode, UpdateFunctionCodeInput, UpdateFunctionConfigurationInput,
    },
};
use stackfleet_base::{AccountId, Digest, Region, Timestamp};

use crate::{Call, World, cloudformation::pairs};

pub(crate) mod operations;
pub(crate) mod policy;
mod run;

/// How long a new function is `Pending`; not documented, about what functions without a VPC take.
const ACTIVATION: Duration = Duration::from_secs(3);
/// Bytes of environment variables.
const ENVIRONMENT_MAX: usize = 4_096;

/// Functions of one account and region, by name.
pub(crate) type Shelf = BTreeMap<String, Function>;

/// All functions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LambdaStore {
    #[serde(with = "pairs")]
    pub(crate) shelves: BTreeMap<(AccountId, Region), Shelf>,
}

/// The code of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// SHA-256 in base64, as Lambda shows it.
    pub(crate) sha256: String,
    /// Bytes.
    pub(crate) size: i64,
}

/// A function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) arn: String,
    pub(crate) runtime: Option<String>,
    pub(crate) role: String,
    pub(crate) handler: Option<String>,
    pub(crate) code: Code,
    pub(crate) image: bool,
    pub(crate) description: String,
    pub(crate) timeout: i32,
    pub(crate) memory: i32,
    pub(crate) modified: Timestamp,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) dead_letter: Option<String>,
    pub(crate) tracing: String,
    pub(crate) layers: Vec<String>,
    pub(crate) arm: bool,
    pub(crate) ephemeral_mb: i32,
    pub(crate) log_format: String,
    pub(crate) log_levels: (Option<String>, Option<String>),
    pub(crate) log_group: String,
    pub(crate) active_from: Timestamp,
    pub(crate) revision: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) policy: Vec<policy::Statement>,
    pub(crate) policy_revision: String,
}

/// Returns a function's ARN.
pub(crate) fn arn(call: &Call, name: &str) -> String {
    format!("arn:{}:lambda:{}:{}:function:{name}", call.region.partition().as_str(), call.region, call.account())
}

/// Returns the name in what callers may give: a name, a partial ARN or an ARN, with or without a qualifier.
pub(crate) fn name_in(given: &str) -> &str {
    let after = given.split_once("function:").map_or(given, |(_, after)| after);
    after.split_once(':').map_or(after, |(name, _)| name)
}

/// Says that a function is not there.
pub(crate) fn missing(call: &Call, name: &str) -> Error {
    ResourceNotFoundException::error(format!("Function not found: {}", arn(call, name)))
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    InvalidParameterValueException::error(message)
}

impl LambdaStore {
    /// Returns the function that a caller names.
    pub(crate) fn find(&self, call: &Call, given: &str) -> Result<(&str, &Function), Error> {
        let name = name_in(given);
        if let Some(region) = given.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2))
            && region != call.region.as_str()
        {
            return Err(ResourceNotFoundException::error(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                call.region
            )));
        }
        let shelf = self.shelves.get(&(call.account().clone(), call.region.clone()));
        let found = shelf.and_then(|shelf| shelf.get_key_value(name)).ok_or_else(|| missing(call, name))?;
        Ok((found.0.as_str(), found.1))
    }

    /// Returns the function that a caller names, to change it.
    pub(crate) fn find_mut(&mut self, call: &Call, given: &str) -> Result<&mut Function, Error> {
        self.find(call, given)?;
        let name = name_in(given);
        let shelf = self.shelves.get_mut(&(call.account().clone(), call.region.clone()));
        shelf.and_then(|shelf| shelf.get_mut(name)).ok_or_else(|| missing(call, name))
    }
}

impl Code {
    fn of(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(b"PK") {
            return Err(invalid("Could not unzip uploaded file. Please check your file, then try to upload again."));
        }
        if bytes.len() > 262_144_000 {
            return Err(CodeStorageExceededException::error("Unzipped size must be smaller than 262144000 bytes"));
        }
        let sha256 = aws_smithy_types::base64::encode(Digest::of(bytes).as_bytes());
        Ok(Self { sha256, size: i64::try_from(bytes.len()).unwrap_or(i64::MAX) })
    }
}

/// Where code comes from.
pub(crate) struct Source {
    pub(crate) zip: Option<Blob>,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) image: Option<String>,
}

impl Source {
    /// Reads the code, from S3 as the caller.
    pub(crate) fn read(self, world: &mut World, call: &Call) -> Result<(Code, bool), Error> {
        match self {
            Self { zip: Some(zip), bucket: None, image: None, .. } => Ok((Code::of(zip.as_ref())?, false)),
            Self { zip: None, bucket: Some(bucket), key: Some(key), version, image: None } => {
                let bytes = operations::fetch(world, call, &bucket, &key, version)?;
                Ok((Code::of(&bytes)?, false))
            }
            Self { zip: None, bucket: None, image: Some(image), .. } => {
                let sha256 = Digest::of(&image).to_string();
                Ok((Code { sha256, size: 0 }, true))
            }
            Self { .. } => Err(invalid("Please provide a source for function code.")),
        }
    }
}

impl Function {
    /// Makes a function from a request whose code was read.
    pub(crate) fn new(
        call: &Call,
        now: Timestamp,
        revision: String,
        input: CreateFunctionInput,
        code: Code,
        image: bool,
    ) -> Result<Self, Error> {
        if !image && (input.runtime.is_none() || input.handler.is_none()) {
            return Err(invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
            ));
        }
        let function = Self {
            arn: arn(call, name_in(&input.function_name)),
            runtime: input.runtime.map(|runtime| runtime.as_str().to_owned()),
            role: input.role,
            handler: input.handler,
            code,
            image,
            description: input.description.unwrap_or_default(),
            timeout: input.timeout.unwrap_or(3),
            memory: input.memory_size.unwrap_or(128),
            modified: now,
            environment: input.environment.and_then(|environment| environment.variables).unwrap_or_default(),
            kms_key: input.kms_key_arn,
            dead_letter: input.dead_letter_config.and_then(|config| config.target_arn),
            tracing: input
                .tracing_config
                .and_then(|config| config.mode)
                .unwrap_or(TracingMode::PassThrough)
                .as_str()
                .to_owned(),
            layers: input.layers.unwrap_or_default(),
            arm: input.architectures.is_some_and(|all| all.contains(&Architecture::Arm64)),
            ephemeral_mb: input.ephemeral_storage.map_or(512, |storage| storage.size),
            log_format: "Text".to_owned(),
            log_levels: (None, None),
            log_group: format!("/aws/lambda/{}", name_in(&input.function_name)),
            active_from: now + ACTIVATION,
            revision,
            tags: input.tags.unwrap_or_default(),
            policy: Vec::new(),
            policy_revision: String::new(),
        };
        let mut function = function;
        function.log_to(input.logging_config);
        function.check_environment()?;
        Ok(function)
    }

    fn check_environment(&self) -> Result<(), Error> {
        let text = serde_json::to_string(&self.environment).unwrap_or_default();
        if text.len() > ENVIRONMENT_MAX {
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the 4KB limit. String measured: {text}"
            )));
        }
        Ok(())
    }

    fn log_to(&mut self, config: Option<LoggingConfig>) {
        let Some(config) = config else { return };
        if let Some(format) = config.log_format {
            format.as_str().clone_into(&mut self.log_format);
        }
        if let Some(group) = config.log_group {
            self.log_group = group;
        }
        self.log_levels = (
            config.application_log_level.map(|level| level.as_str().to_owned()),
            config.system_log_level.map(|level| level.as_str().to_owned()),
        );
    }

    /// Returns whom a statement of the function's policy lets in.
    pub(crate) fn principal_of(&self, statement: &str) -> Option<&str> {
        self.policy.iter().find(|found| found.id == statement).map(|found| found.principal.as_str())
    }

    /// Refuses a change that was meant for another revision.
    pub(crate) fn check_revision(&self, wanted: Option<&String>) -> Result<(), Error> {
        if wanted.is_none_or(|wanted| *wanted == self.revision) {
            return Ok(());
        }
        Err(PreconditionFailedException::error(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        ))
    }

    /// Refuses a change while the function is being made.
    pub(crate) fn check_settled(&self, now: Timestamp) -> Result<(), Error> {
        if self.active_from <= now {
            return Ok(());
        }
        Err(ResourceConflictException::error(format!(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending \
             (function ARN: {})",
            self.arn
        )))
    }

    /// Changes the configuration.
    pub(crate) fn configure(
        &mut self,
        now: Timestamp,
        revision: String,
        input: UpdateFunctionConfigurationInput,
    ) -> Result<(), Error> {
        let before = self.clone();
        if let Some(runtime) = input.runtime {
            self.runtime = Some(runtime.as_str().to_owned());
        }
        if let Some(role) = input.role {
            self.role = role;
        }
        if input.handler.is_some() {
            self.handler = input.handler;
        }
        if let Some(description) = input.description {
            self.description = description;
        }
        self.timeout = input.timeout.unwrap_or(self.timeout);
        self.memory = input.memory_size.unwrap_or(self.memory);
        if let Some(environment) = input.environment {
            self.environment = environment.variables.unwrap_or_default();
        }
        if input.kms_key_arn.is_some() {
            self.kms_key = input.kms_key_arn;
        }
        if let Some(config) = input.dead_letter_config {
            self.dead_letter = config.target_arn;
        }
        if let Some(mode) = input.tracing_config.and_then(|config| config.mode) {
            mode.as_str().clone_into(&mut self.tracing);
        }
        if let Some(layers) = input.layers {
            self.layers = layers;
        }
        self.ephemeral_mb = input.ephemeral_storage.map_or(self.ephemeral_mb, |storage| storage.size);
        self.log_to(input.logging_config);
        if let Err(error) = self.check_environment() {
            *self = before;
            return Err(error);
        }
        self.modified = now;
        self.revision = revision;
        Ok(())
    }

    /// Puts other code in place.
    pub(crate) fn recode(&mut self, now: Timestamp, revision: String, input: &UpdateFunctionCodeInput, code: Code) {
        self.code = code;
        if let Some(architectures) = &input.architectures {
            self.arm = architectures.contains(&Architecture::Arm64);
        }
        self.modified = now;
        self.revision = revision;
    }

    /// Shows the function as AWS describes it.
    pub(crate) fn shown(&self, name: &str, now: Timestamp) -> FunctionConfiguration {
        let pending = self.active_from > now;
        let layer = |arn: &String| Layer { arn: Some(arn.clone()), ..Layer::default() };
        let environment = (!self.environment.is_empty()).then(|| EnvironmentResponse {
            variables: Some(self.environment.clone()),
            ..EnvironmentResponse::default()
        });
        FunctionConfiguration {
            function_name: Some(name.to_owned()),
            function_arn: Some(self.arn.clone()),
            runtime: self.runtime.as_deref().and_then(Runtime::parse),
            role: Some(self.role.clone()),
            handler: self.handler.clone(),
            code_size: Some(self.code.size),
            description: Some(self.description.clone()),
            timeout: Some(self.timeout),
            memory_size: Some(self.memory),
            // Lambda writes the offset as digits where others write `Z`.
            last_modified: Some(self.modified.to_string().replace('Z', "+0000")),
            code_sha256: Some(self.code.sha256.clone()),
            version: Some("$LATEST".to_owned()),
            dead_letter_config: self
                .dead_letter
                .clone()
                .map(|target_arn| DeadLetterConfig { target_arn: Some(target_arn) }),
            environment,
            kms_key_arn: self.kms_key.clone(),
            tracing_config: Some(TracingConfigResponse { mode: TracingMode::parse(&self.tracing) }),
            revision_id: Some(self.revision.clone()),
            layers: (!self.layers.is_empty()).then(|| self.layers.iter().map(layer).collect()),
            state: Some(if pending { State::Pending } else { State::Active }),
            state_reason: pending.then(|| "The function is being created.".to_owned()),
            last_update_status: Some(LastUpdateStatus::Successful),
            package_type: Some(if self.image { PackageType::Image } else { PackageType::Zip }),
            architectures: Some(vec![if self.arm { Architecture::Arm64 } else { Architecture::X8664 }]),
            ephemeral_storage: Some(EphemeralStorage { size: self.ephemeral_mb }),
            logging_config: Some(LoggingConfig {
                log_format: LogFormat::parse(&self.log_format),
                application_log_level: self
                    .log_levels
                    .0
                    .as_deref()
                    .and_then(stackfleet_api::lambda::ApplicationLogLevel::parse),
                system_log_level: self.log_levels.1.as_deref().and_then(stackfleet_api::lambda::SystemLogLevel::parse),
                log_group: Some(self.log_group.clone()),
            }),
            ..FunctionConfiguration::default()
        }
    }
}
