//! Values that a template takes from SSM: parameters of SSM types and dynamic references, read as the stack's principal.

use stackfleet_api::{
    Answer, Error, Request,
    ssm::{self, GetParametersInput, Parameter, ParameterType},
};

use crate::{Call, World};

/// Reads a parameter as the type `AWS::SSM::Parameter::Value<...>` does.
///
/// # Errors
/// The message of AWS's `ValidationError`.
pub(crate) fn parameter(world: &mut World, call: &Call, name: &str) -> Result<String, String> {
    let missing = || format!("Unable to fetch parameters [{name}] from parameter store for this account.");
    let found = read(world, call, name).map_err(|error| error.message)?.ok_or_else(missing)?;
    if found.type_ == Some(ParameterType::SecureString) {
        return Err(format!("Parameters [{name}] referenced by template have types not supported by CloudFormation."));
    }
    found.value.ok_or_else(missing)
}

/// Resolves a dynamic reference, given without braces: `resolve:ssm:/a/b:1`.
///
/// # Errors
/// The message of AWS's `ValidationError`.
pub(crate) fn dynamic(world: &mut World, call: &Call, reference: &str) -> Result<String, String> {
    let mut parts = reference.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("resolve"), Some("ssm"), Some(name)) => parameter(world, call, name),
        (Some("resolve"), Some("ssm-secure"), Some(name)) => {
            let missing = || format!("Unable to fetch parameters [{name}] from parameter store for this account.");
            let found = read(world, call, name).map_err(|error| error.message)?.ok_or_else(missing)?;
            found.value.ok_or_else(missing)
        }
        _ => Err(format!("The dynamic reference {{{{{reference}}}}} is unsupported by the twin")),
    }
}

fn read(world: &mut World, call: &Call, name: &str) -> Result<Option<Parameter>, Error> {
    let input = GetParametersInput { names: vec![name.to_owned()], ..GetParametersInput::default() };
    let answer = world.call(call, Request::Ssm(ssm::Request::GetParameters(input)))?;
    let Answer::Ssm(ssm::Answer::GetParameters(output)) = answer else {
        return Err(stackfleet_api::common::internal_failure(format!("BUG: GetParameters was answered by {answer:?}")));
    };
    Ok(output.parameters.unwrap_or_default().into_iter().next())
}
