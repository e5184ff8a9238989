//! The form of endpoints. libzmq accepts ports above 65535 and below 0, and uses another port instead.

use std::path::Path;

use crate::error::TransportError;

/// The use of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The host and the port may be `*`, and port 0 means that the system chooses the port.
    Listen,
    Connect,
}

/// Returns [`TransportError::BadEndpoint`] unless `endpoint` is `tcp://host:port`, `ipc://path` in an
/// existing folder, or `inproc://name`.
pub fn check(endpoint: &str, used: Use) -> Result<(), TransportError> {
    let is_valid = match endpoint.split_once("://") {
        _ if endpoint.contains('\0') => false,
        Some(("tcp", address)) => address.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty()
                && !host.contains(['/', ';', ' '])
                && is_port(port, used)
                && (used == Use::Listen || host != "*")
        }),
        Some(("ipc", path)) => {
            let folder = Path::new(path).parent();
            let is_in_folder =
                folder.is_none_or(|folder| folder.as_os_str().is_empty() || disk::is_folder(folder));
            !path.is_empty() && is_in_folder
        }
        Some(("inproc", name)) => !name.is_empty(),
        Some(_) | None => false,
    };
    if is_valid { Ok(()) } else { Err(TransportError::BadEndpoint { endpoint: endpoint.to_owned() }) }
}

fn is_port(port: &str, used: Use) -> bool {
    let number = port.parse::<u16>().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()));
    match used {
        Use::Listen => port == "*" || number.is_some(),
        Use::Connect => number.is_some_and(|number| number > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_up_to_65535() {
        let is_valid = |used, endpoint: &str| check(endpoint, used).is_ok();
        for endpoint in
            ["tcp://127.0.0.1:1", "tcp://[::1]:65535", "tcp://chat.example:5555", "ipc://name", "inproc://x"]
        {
            assert!(is_valid(Use::Listen, endpoint) && is_valid(Use::Connect, endpoint), "{endpoint}");
        }
        for endpoint in ["tcp://*:5555", "tcp://127.0.0.1:0", "tcp://127.0.0.1:*"] {
            assert!(is_valid(Use::Listen, endpoint) && !is_valid(Use::Connect, endpoint), "{endpoint}");
        }
        for port in ["99999", "65536", "-1", "+1", "", "1x", " 1", "5555;tcp://h:1"] {
            let endpoint = format!("tcp://127.0.0.1:{port}");
            assert!(!is_valid(Use::Listen, &endpoint) && !is_valid(Use::Connect, &endpoint), "{endpoint}");
        }
        for endpoint in [
            "",
            "tcp://",
            "tcp://:5555",
            "127.0.0.1:5555",
            "udp://h:1",
            "ipc://",
            "ipc:///no/such/x",
            "inproc://",
        ] {
            assert!(!is_valid(Use::Listen, endpoint) && !is_valid(Use::Connect, endpoint), "{endpoint}");
        }
    }
}
