//! The modelled error of an operation, free of its wire format.

/// An error reply: its code as the service model spells it, a message, and whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The code as the Rust and Python SDKs report it, e.g. `DeploymentDoesNotExistException`.
    pub code: String,
    /// The message shown to people.
    pub message: String,
    /// The HTTP status: 400 for most client faults, 403 for identity in the query protocol, 500 for server faults.
    pub status: u16,
}

impl ApiError {
    /// A fault of the caller, HTTP 400.
    pub fn client(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// A fault of the service, HTTP 500.
    pub fn server(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 500 }
    }
}
