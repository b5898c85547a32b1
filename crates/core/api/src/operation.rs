//! The table of operations: what a front door needs to know before it can read a request.

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};

use crate::{Answer, Error, OPERATIONS, Reader, Request, Service};

/// How a service puts requests and answers on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS Query: form fields in, XML out.
    Query,
    /// AWS JSON 1.1: `X-Amz-Target` and JSON.
    Json11,
    /// REST-JSON: method and path, JSON bodies.
    RestJson,
}

/// What the model says about a service.
#[derive(Debug)]
pub struct ServiceInfo {
    /// The service.
    pub service: Service,
    /// The name in endpoints, in botocore and before the colon of IAM actions: `cloudformation`.
    pub name: &'static str,
    /// The service's name in signatures.
    pub signing_name: &'static str,
    /// How it speaks.
    pub protocol: Protocol,
    /// The version of its API: `2010-05-15`.
    pub api_version: &'static str,
    /// What comes before the dot in `X-Amz-Target`; empty for other protocols.
    pub target_prefix: &'static str,
    /// The namespace of its XML; empty for other protocols.
    pub xml_namespace: &'static str,
}

/// What the model says about an operation.
#[derive(Debug)]
pub struct OperationInfo {
    /// The service.
    pub service: &'static ServiceInfo,
    /// The operation: `CreateStackSet`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The URI with labels in braces; `/` outside of REST-JSON.
    pub uri: &'static str,
    /// The HTTP status of a good answer.
    pub status: u16,
    /// The element around the output in AWS Query; `None` when there is no output.
    pub result_wrapper: Option<&'static str>,
    /// Whether the operation changes something (judged by its name).
    pub mutating: bool,
    /// The schema of the input.
    pub input: &'static Schema<'static>,
    /// The schema of the output.
    pub output: &'static Schema<'static>,
    /// The errors that the model lists.
    pub errors: &'static [&'static ErrorInfo],
    /// Reads the input.
    pub read_request: fn(&mut dyn ShapeDeserializer, &mut Reader) -> Result<Request, SerdeError>,
    /// Reads the output (what clients do; here for tests and recordings).
    pub read_answer: fn(&mut dyn ShapeDeserializer, &mut Reader) -> Result<Answer, SerdeError>,
}

/// What the model says about an error.
#[derive(Debug)]
pub struct ErrorInfo {
    /// The name of the shape.
    pub shape: &'static str,
    /// The code in AWS Query.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The schema of its members.
    pub schema: &'static Schema<'static>,
    /// Reads it.
    pub read: fn(&mut dyn ShapeDeserializer, &mut Reader) -> Result<Error, SerdeError>,
}

impl OperationInfo {
    /// Returns the IAM action that permits the operation: `cloudformation:CreateStackSet`.
    pub fn iam_action(&self) -> String {
        format!("{}:{}", self.service.name, self.name)
    }
}

/// Returns the operation `name` of `service`.
pub fn operation(service: Service, name: &str) -> Option<&'static OperationInfo> {
    operations_of(service).find(|operation| operation.name == name)
}

/// Returns the operations of `service`.
pub fn operations_of(service: Service) -> impl Iterator<Item = &'static OperationInfo> {
    OPERATIONS.iter().copied().filter(move |operation| operation.service.service == service)
}
