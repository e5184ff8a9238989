//! Adds the flag of an endpoint to the error that the endpoint caused.

use anyhow::anyhow;
use broker::BrokerError;
use gateway::GatewayError;
use irc::IrcError;
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

impl StartError for IrcError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

/// Returns the error for the operator, with the flag of the endpoint that caused it. `flags` are the flags of
/// the role with their endpoints.
pub(crate) fn with_flag<E: StartError>(error: E, flags: &[(&str, &str)]) -> anyhow::Error {
    let Some(cause) = error.transport() else { return error.into() };
    let flag = flags.iter().find(|(_, given)| cause.endpoint() == Some(given)).map(|(flag, _)| *flag);
    match (cause, flag) {
        (TransportError::InUse { endpoint }, Some(flag)) => anyhow!(
            "{endpoint} is in use: another papo may be running there; stop it, or choose another port with {flag}"
        ),
        (cause, Some(flag)) => anyhow!("{flag}: {cause}"),
        (_, None) => error.into(),
    }
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
        insta::assert_snapshot!(sentence("tcp://127.0.0.1:1"), @"tcp://127.0.0.1:1 is in use: another papo may be running there; stop it, or choose another port with its flag");
    }

    #[test]
    fn the_error_for_an_invalid_endpoint_begins_with_its_flag() {
        let error = BrokerError::from(TransportError::BadEndpoint { endpoint: "tcp://*:99999".to_owned() });
        let sentence =
            with_flag(error, &[("--servers", "tcp://*:1"), ("--clients", "tcp://*:99999")]).to_string();
        assert!(sentence.starts_with("--clients: tcp://*:99999 is not an endpoint"), "{sentence}");
    }
}
