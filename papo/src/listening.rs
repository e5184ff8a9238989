//! A role that cannot listen where it was told to: the flag that says where is named.

use anyhow::anyhow;
use broker::BrokerError;
use proxy::ProxyError;
use server::ServerError;
use transport::TransportError;

/// Why a role did not start.
pub(crate) trait NotStarted: Into<anyhow::Error> {
    /// What is wrong with one of its sockets.
    fn transport(&self) -> Option<&TransportError>;
}

impl NotStarted for BrokerError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

impl NotStarted for ProxyError {
    fn transport(&self) -> Option<&TransportError> {
        let Self::Transport(error) = self;
        Some(error)
    }
}

impl NotStarted for ServerError {
    fn transport(&self) -> Option<&TransportError> {
        if let Self::Transport(error) = self { Some(error) } else { None }
    }
}

/// What the person is told, who has given these endpoints by these flags.
pub(crate) fn in_words<E: NotStarted>(error: E, flags: &[(&str, &str)]) -> anyhow::Error {
    if let Some(TransportError::InUse { endpoint }) = error.transport()
        && let Some((flag, _)) = flags.iter().find(|(_, said)| said == endpoint)
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

    fn told(endpoint: &str) -> String {
        let error = BrokerError::from(TransportError::InUse { endpoint: endpoint.to_owned() });
        let flags = [("--clients", "tcp://*:5555"), ("--control", "tcp://127.0.0.1:5559")];
        in_words(error, &flags).to_string()
    }

    #[test]
    fn the_flag_that_says_where_to_listen_is_named() {
        insta::assert_snapshot!(told("tcp://127.0.0.1:5559"), @"tcp://127.0.0.1:5559 is in use: another papo may be running there; stop it, or choose another port with --control");
        insta::assert_snapshot!(told("tcp://127.0.0.1:1"), @"tcp://127.0.0.1:1 is in use: another papo may be running there; stop it, or choose another port by flag");
    }
}
