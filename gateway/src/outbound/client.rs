//! The HTTP client for addresses that users chose. It connects only to addresses that the guard permits,
//! follows no redirect, and bounds the time, the bytes and the number of its requests.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;
use tokio::sync::Semaphore;
use tower_service::Service;

use super::address::Guard;
use crate::limits::{OUTBOUND_ANSWER_BYTES_MAX, OUTBOUND_MS_MAX, OUTBOUND_REQUESTS_MAX};
use crate::tls::provider;

/// The time after which a connection without requests is closed.
const IDLE: Duration = Duration::from_secs(30);

/// The reason why a request failed. No sentence reveals an internal address or the name of its host.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("the address cannot be used: {0}")]
    BadUrl(String),
    #[error(
        "the host has no public address: the operator of the node can permit its network with --hooks-allow"
    )]
    NotPublic,
    #[error("no answer within {} s", OUTBOUND_MS_MAX / 1_000)]
    TooSlow,
    #[error("the answer has more than {OUTBOUND_ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the receiver answered {status}")]
    Refused {
        status: StatusCode,
        /// The header `Retry-After` in seconds.
        wait: Option<Duration>,
    },
    #[error("the receiver has no valid certificate for its name")]
    BadCertificate,
    #[error("{0}")]
    Failed(String),
}

/// All requests share its connections, and its limit of concurrent requests.
pub(crate) struct GuardedClient {
    connections: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    guard: Guard,
    request_slots: Semaphore,
    limit: Duration,
}

impl GuardedClient {
    /// `allowed` are the networks that the operator permits although they are not public. The client trusts
    /// the certificates of the system, and `roots`.
    pub(crate) fn new(allowed: &[IpNet], roots: &[CertificateDer<'static>]) -> Result<Self, OutboundError> {
        let guard = Guard::new(allowed);
        let mut connector = HttpConnector::new_with_resolver(Resolver { guard: guard.clone() });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(roots)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(1).pool_timer(TokioTimer::new());
        Ok(Self {
            connections: builder.build(https),
            guard,
            request_slots: Semaphore::new(OUTBOUND_REQUESTS_MAX),
            limit: Duration::from_millis(OUTBOUND_MS_MAX),
        })
    }

    /// Posts a body: JSON, unless the headers name another type. Only an answer 2xx is a success.
    pub(crate) async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<(), OutboundError> {
        let sent = async {
            let _turn = self.request_slots.acquire().await;
            self.send(url, headers, body).await
        };
        let answered = tokio::time::timeout(self.limit, sent).await;
        answered.map_err(|_elapsed| OutboundError::TooSlow)?
    }

    async fn send(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<(), OutboundError> {
        let url: Uri = url.parse().map_err(|error| OutboundError::BadUrl(format!("{error}")))?;
        // The connector resolves names, and does not resolve addresses.
        if let Some(address) = url.authority().and_then(address_of)
            && !self.guard.permits(address)
        {
            return Err(OutboundError::NotPublic);
        }
        let mut request = Request::new(Full::new(body));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (Method::POST, url, headers);
        let agent = HeaderValue::from_static(concat!("papo/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(header::USER_AGENT, agent);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
        let answer = self.connections.request(request).await.map_err(|error| reason(&error))?;
        let status = answer.status();
        let wait =
            answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = wait.map(Duration::from_secs);
        let body = Limited::new(answer.into_body(), OUTBOUND_ANSWER_BYTES_MAX).collect().await;
        if !status.is_success() {
            return Err(OutboundError::Refused { status, wait });
        }
        match body {
            Ok(_) => Ok(()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(OutboundError::TooLarge),
            Err(error) => Err(OutboundError::Failed(error.to_string())),
        }
    }
}

/// Trusts the certificates of the system, and `roots`. Without any of them, only plain HTTP works.
fn tls_config(roots: &[CertificateDer<'static>]) -> Result<ClientConfig, OutboundError> {
    let failed = |error: rustls::Error| OutboundError::Failed(error.to_string());
    let CertificateResult { certs, errors, .. } = rustls_native_certs::load_native_certs();
    for error in errors {
        tracing::warn!(%error, "a certificate of the system cannot be used for outgoing webhooks");
    }
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(certs.into_iter().chain(roots.iter().cloned()));
    if trusted.is_empty() {
        tracing::warn!("the system has no certificates: webhooks to https:// addresses fail");
    }
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    Ok(builder.with_root_certificates(trusted).with_no_client_auth())
}

/// The address in a URL whose host is an IP address. The resolver handles other spellings of an address, such
/// as `0x7f.1`, like a name.
fn address_of(authority: &Authority) -> Option<IpAddr> {
    let host = authority.host();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Converts the innermost cause of a failure, which is the most specific.
fn reason(error: &(dyn StdError + 'static)) -> OutboundError {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<NotPublic>() {
        return OutboundError::NotPublic;
    }
    match tls_error(cause) {
        // The text of this error contains the names in the certificate, which can be internal.
        Some(rustls::Error::InvalidCertificate(_)) => OutboundError::BadCertificate,
        _ => OutboundError::Failed(cause.to_string()),
    }
}

/// The error of TLS. The connector wraps it in several errors of input and output.
fn tls_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut wrapped: &'a (dyn StdError + Send + Sync + 'static) =
        cause.downcast_ref::<io::Error>()?.get_ref()?;
    while let Some(error) = wrapped.downcast_ref::<io::Error>() {
        wrapped = error.get_ref()?;
    }
    wrapped.downcast_ref()
}

/// The name has no address to which the gateway may connect.
#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

/// Resolves a name to the addresses that the guard permits. The connector connects to these addresses.
#[derive(Clone)]
struct Resolver {
    guard: Guard,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.guard.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<_> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() { Err(NotPublic.into()) } else { Ok(permitted.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that answers each connection with these bytes. `None` never answers.
    async fn server(answer: Option<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).await;
                if let Some(answer) = &answer {
                    let _client_left = stream.write_all(answer).await;
                }
                open.push(stream);
            }
        });
        address.to_string()
    }

    fn client(allowed: &str) -> GuardedClient {
        let allowed: Vec<_> = allowed.parse().into_iter().collect();
        GuardedClient::new(&allowed, &[]).expect("a client")
    }

    /// Posts to a server. Returns the sentence of the error, or `ok`.
    fn post(client: &GuardedClient, answer: Option<&str>, url: impl Fn(&str) -> String) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let address = server(answer.map(|answer| answer.as_bytes().to_vec())).await;
            let posted = client.post(&url(&address), HeaderMap::new(), Bytes::from_static(b"{}")).await;
            posted.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
        })
    }

    const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

    #[test]
    fn no_spelling_of_an_internal_address_is_connected() {
        let not_public = OutboundError::NotPublic.to_string();
        let port = |address: &str| address.rsplit_once(':').map(|(_, port)| port.to_owned()).expect("a port");
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "0.0.0.0",
            "0",
            "localhost",
            "LOCALHOST",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
        ] {
            let url = |address: &str| format!("http://{host}:{}/", port(address));
            assert_eq!(post(&client(""), Some(OK), url), not_public, "{host}");
        }
        assert_eq!(post(&client("127.0.0.0/8"), Some(OK), |address| format!("http://{address}/")), "ok");
        let url = |address: &str| format!("http://localhost:{}/", port(address));
        assert_eq!(post(&client("127.0.0.0/8"), Some(OK), url), "ok", "a name is resolved and checked");
    }

    #[test]
    fn a_redirect_is_not_followed() {
        let found = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        let answered = post(&client("127.0.0.0/8"), Some(found), |address| format!("http://{address}/"));
        assert_eq!(answered, "the receiver answered 302 Found");
    }

    #[test]
    fn the_time_and_the_bytes_of_an_answer_are_bounded() {
        let client = client("127.0.0.0/8");
        let hasty = GuardedClient { limit: Duration::from_millis(300), ..self::client("127.0.0.0/8") };
        let url = |address: &str| format!("http://{address}/");
        assert_eq!(post(&hasty, None, url), OutboundError::TooSlow.to_string());
        let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123";
        assert_eq!(post(&hasty, Some(begun), url), OutboundError::TooSlow.to_string());
        let body = "x".repeat(OUTBOUND_ANSWER_BYTES_MAX + 1);
        let large = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        assert_eq!(post(&client, Some(&large), url), OutboundError::TooLarge.to_string());
        let chunked = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        assert_eq!(post(&client, Some(&chunked), url), OutboundError::TooLarge.to_string());
        assert_eq!(
            post(&client, Some("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"), url),
            "the receiver answered 500 Internal Server Error"
        );
    }
}
