//! Adds the flag of the endpoint to the error for an endpoint in use.

use anyhow::anyhow;
use broker::BrokerError;
use gateway::GatewayError;
use proxy::ProxyError;
use server::ServerError;
use transport::TransportError;

/// The error of a role that did not start.
pub(crate) trait StartError: Into<anyhow::Error> {
    /// The error of a socket, if a socket is the cause.
    fn transport(&self) -> Option<&TransportError>;
}

impl StartError for BrokerError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

impl StartError for ProxyError {
    fn transport(&self) -> Option<&TransportError> {
        let Self::Transport(error) = self;
        Some(error)
    }
}

impl StartError for ServerError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

impl StartError for GatewayError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

/// Returns the error for the operator. `flags` are the flags of the role with their endpoints.
pub(crate) fn with_flag<E: StartError>(error: E, flags: &[(&str, &str)]) -> anyhow::Error {
    if let Some(TransportError::InUse { endpoint }) = error.transport()
        && let Some((flag, _)) = flags.iter().find(|(_, given)| given == endpoint)
    {
        return anyhow!(
            "{endpoint} is in use: another papo may be running there; stop it, or choose another port with {flag}"
        );
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(endpoint: &str) -> String {
        let error = BrokerError::from(TransportError::InUse { endpoint: endpoint.to_owned() });
        let flags = [("--clients", "tcp://*:5555"), ("--control", "tcp://127.0.0.1:5559")];
        with_flag(error, &flags).to_string()
    }

    #[test]
    fn the_error_names_the_flag_of_the_endpoint_in_use() {
        insta::assert_snapshot!(sentence("tcp://127.0.0.1:5559"), @"tcp://127.0.0.1:5559 is in use: another papo may be running there; stop it, or choose another port with --control");
        insta::assert_snapshot!(sentence("tcp://127.0.0.1:1"), @"tcp://127.0.0.1:1 is in use: another papo may be running there; stop it, or choose another port by flag");
    }
}
