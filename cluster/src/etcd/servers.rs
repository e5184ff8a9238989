//! The connection to one etcd server at a time.

use std::io;
use std::time::Duration;

use etcd_client::{Certificate, Client, ConnectOptions, Error, Identity, TlsOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::{Tls, unavailable};
use crate::{Address, Unavailable};

/// The maximum time of a request, and of the connection before it.
const DEADLINE: Duration = Duration::from_millis(400);

/// The interval of the probes on an idle connection, and the time for an answer.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));

/// The maximum size of an answer: several batches of the maximum size.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 20;

pub(super) struct Servers {
    runtime: Runtime,
    /// `host:port` of each server. The first one gets the next request.
    endpoints: Vec<String>,
    options: ConnectOptions,
    /// The connection to the first server.
    client: Option<Client>,
}

impl Servers {
    pub(super) fn new(address: &Address, tls: Tls) -> io::Result<Self> {
        let scheme = if address.tls { "https" } else { "http" };
        let mut options =
            ConnectOptions::new().with_connect_timeout(DEADLINE).with_keep_alive(KEEP_ALIVE.0, KEEP_ALIVE.1);
        if address.tls {
            let mut tls_options = TlsOptions::new();
            if let Some(authority) = tls.authority {
                tls_options = tls_options.ca_certificate(Certificate::from_pem(authority));
            }
            if let Some((certificate, key)) = tls.identity {
                tls_options = tls_options.identity(Identity::from_pem(certificate, key));
            }
            options = options.with_tls(tls_options);
        }
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            endpoints: address.servers.iter().map(|server| format!("{scheme}://{server}")).collect(),
            options,
            client: None,
        })
    }

    /// Sends a request. After a failure, the next request goes to the next server.
    pub(super) fn call<T>(
        &mut self,
        request: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Unavailable> {
        let Self { runtime, endpoints, options, client } = self;
        let answer = runtime.block_on(async {
            let call = async {
                let client = match client {
                    Some(client) => client,
                    None => client.insert(connect(endpoints, options).await?),
                };
                request(client).await
            };
            timeout(DEADLINE, call).await
        });
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => unavailable(&error),
            Err(_) => Unavailable(format!("no answer within {} ms", DEADLINE.as_millis())),
        };
        self.client = None;
        self.endpoints.rotate_left(1);
        Err(error)
    }

    /// Waits for an answer that may not come; `None` after `wait`.
    pub(super) fn wait<T: Default>(
        &mut self,
        wait: Duration,
        answer: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<Option<T>, Unavailable> {
        let answer = self.runtime.block_on(async { timeout(wait, answer()).await });
        match answer {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(_)) => Ok(None),
            Err(_) => Ok(Some(T::default())),
        }
    }
}

async fn connect(endpoints: &[String], options: &ConnectOptions) -> Result<Client, Error> {
    let first = endpoints.get(..1).unwrap_or_default();
    Client::connect(first, Some(options.clone())).await
}
