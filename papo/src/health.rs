//! `papo health`: requests the status of running roles from their control sockets.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use transport::{Context, control};

use crate::print_to_stderr;

#[derive(Args)]
pub(crate) struct Health {
    /// Request the status at these control endpoints; the default is a node on this machine, with or without
    /// a gateway
    endpoints: Vec<String>,
    /// Wait this long for each answer, in milliseconds
    #[arg(long, default_value_t = 2000)]
    timeout_ms: u64,
}

/// The endpoints of broker, proxy and server.
const ROLES: [&str; 3] = ["tcp://127.0.0.1:5559", "tcp://127.0.0.1:5560", "tcp://127.0.0.1:5561"];

/// The endpoint of the gateway, which a node may not have.
const GATEWAY: &str = "tcp://127.0.0.1:5562";

/// The exit code if a role did not answer in time.
const UNREACHABLE: u8 = 3;

impl Health {
    /// Prints one line of JSON for each role that answers. Fails if a role reports a problem or does not
    /// answer.
    pub(crate) fn run(self) -> ExitCode {
        let context = Context::new();
        let mut code = ExitCode::SUCCESS;
        let named = self.endpoints.iter().map(|endpoint| (&**endpoint, true));
        let default = ROLES.iter().map(|endpoint| (*endpoint, true)).chain([(GATEWAY, false)]);
        let endpoints: Vec<_> = if self.endpoints.is_empty() { default.collect() } else { named.collect() };
        for (endpoint, is_required) in endpoints {
            match control::request_status(&context, endpoint, Duration::from_millis(self.timeout_ms)) {
                Ok(status) => {
                    if writeln!(std::io::stdout(), "{status}").is_err() {
                        return ExitCode::FAILURE;
                    }
                    let problems = status.get("problems").and_then(|problems| problems.as_array());
                    if problems.is_some_and(|problems| !problems.is_empty()) && code == ExitCode::SUCCESS {
                        code = ExitCode::FAILURE;
                    }
                }
                Err(_) if !is_required => {
                    print_to_stderr(&format!(
                        "papo: no gateway answers at {endpoint}: to check that it runs, name the endpoints of all roles"
                    ));
                }
                Err(error) => {
                    print_to_stderr(&format!("papo: {error}"));
                    code = ExitCode::from(UNREACHABLE);
                }
            }
        }
        code
    }
}
