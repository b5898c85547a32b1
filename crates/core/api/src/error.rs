//! An error answer: code, status, message, and the members that the model gives it.

use std::fmt;
use std::sync::Arc;

use aws_smithy_schema::serde::SerializableStruct;

/// The members of a modelled error, apart from how they are written.
pub trait ErrorFields: SerializableStruct + fmt::Debug + Send + Sync {}

impl<T: SerializableStruct + fmt::Debug + Send + Sync> ErrorFields for T {}

/// Whose fault an error is; AWS Query writes it as `Sender` or `Receiver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is wrong.
    Sender,
    /// The service failed.
    Receiver,
}

/// What an operation answers instead of its output.
#[derive(Debug, Clone)]
pub struct Error {
    /// The code as AWS Query writes it: `NoSuchEntity`. It is the shape's name unless the model says otherwise.
    pub code: &'static str,
    /// The name of the error's shape, which the JSON protocols write: `NoSuchEntityException`.
    pub shape: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What people read.
    pub message: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// The modelled members, with the message among them; `None` for errors that models leave out.
    pub fields: Option<Arc<dyn ErrorFields>>,
}

impl Error {
    /// Returns an error that has a code and a message only; 500 and above is the service's fault.
    pub fn new(code: &'static str, status: u16, message: impl Into<String>) -> Error {
        let fault = if status >= 500 { Fault::Receiver } else { Fault::Sender };
        Error { code, shape: code, status, message: message.into(), fault, fields: None }
    }
}

impl PartialEq for Error {
    /// Compares what clients tell errors apart by; modelled members do not count.
    fn eq(&self, other: &Error) -> bool {
        (self.code, self.shape, self.status, &self.message) == (other.code, other.shape, other.status, &other.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}

/// Implements the conversion of a modelled error into [`Error`], and `error(message)`.
macro_rules! modelled_error {
    ($name:ident $shape:literal $code:literal $status:literal $fault:ident) => {
        impl From<$name> for $crate::error::Error {
            fn from(value: $name) -> $crate::error::Error {
                $crate::error::Error {
                    code: $code,
                    shape: $shape,
                    status: $status,
                    message: String::new(),
                    fault: $crate::error::Fault::$fault,
                    fields: Some(std::sync::Arc::new(value)),
                }
            }
        }

        impl $name {
            /// Returns the error with `message`, the other members left out.
            pub fn error(message: impl Into<String>) -> $crate::error::Error {
                $crate::error::Error { message: message.into(), ..Self::default().into() }
            }
        }
    };
    ($name:ident $shape:literal $code:literal $status:literal $fault:ident $message:ident) => {
        impl From<$name> for $crate::error::Error {
            fn from(value: $name) -> $crate::error::Error {
                $crate::error::Error {
                    code: $code,
                    shape: $shape,
                    status: $status,
                    message: $crate::error::message_of(&value.$message),
                    fault: $crate::error::Fault::$fault,
                    fields: Some(std::sync::Arc::new(value)),
                }
            }
        }

        impl $name {
            /// Returns the error with `message`, the other members left out.
            pub fn error(message: impl Into<String>) -> $crate::error::Error {
                let message: String = message.into();
                let mut value = $name::default();
                value.$message = message.into();
                value.into()
            }
        }
    };
}
pub(crate) use modelled_error;

/// Returns the text of a message member, required or not.
pub(crate) fn message_of(member: &(impl Clone + Into<Option<String>>)) -> String {
    member.clone().into().unwrap_or_default()
}
