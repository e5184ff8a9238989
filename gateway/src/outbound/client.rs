//! The HTTP client for addresses that users chose. It connects only to addresses that the guard permits,
//! follows no redirect, and bounds the time, the bytes and the number of its requests.

use std::error::Error as StdError;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;
use tower_service::Service;

use super::address::Guard;
use crate::limits::{OUTBOUND_ANSWER_BYTES_MAX, OUTBOUND_MS_MAX, OUTBOUND_REQUESTS_MAX};
use crate::tls::provider;

/// The time after which a connection without requests is closed.
const IDLE: Duration = Duration::from_secs(30);

/// Why a request was not accepted. No sentence shows an internal address or the name behind it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("the address cannot be used: {0}")]
    BadUrl(String),
    #[error("the host has no public address: the operator of the node can permit its network with --hooks-allow")]
    NotPublic,
    #[error("no answer within {} s", OUTBOUND_MS_MAX / 1_000)]
    TooSlow,
    #[error("the answer has more than {OUTBOUND_ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the receiver answered {0}")]
    Refused(StatusCode),
    #[error("{0}")]
    Failed(String),
}

/// All requests share the limit of requests and the connections.
pub(crate) struct GuardedClient {
    connections: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    guard: Guard,
    turns: Semaphore,
}

impl GuardedClient {
    /// `allowed` are the networks that the operator permits although they are not public.
    pub(crate) fn new(allowed: &[IpNet]) -> Result<Self, OutboundError> {
        let guard = Guard::new(allowed);
        let mut connector = HttpConnector::new_with_resolver(Resolver { guard: guard.clone() });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls_config()?).https_or_http().enable_http1().wrap_connector(connector);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(1).pool_timer(TokioTimer::new());
        Ok(Self { connections: builder.build(https), guard, turns: Semaphore::new(OUTBOUND_REQUESTS_MAX) })
    }

    /// Posts a body of JSON. Only an answer 2xx is a success.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), OutboundError> {
        let _turn = self.turns.acquire().await;
        let limit = Duration::from_millis(OUTBOUND_MS_MAX);
        let answered = tokio::time::timeout(limit, self.send(url, headers, body)).await;
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
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.connections.request(request).await.map_err(|error| reason(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), OUTBOUND_ANSWER_BYTES_MAX).collect().await;
        if !status.is_success() {
            return Err(OutboundError::Refused(status));
        }
        match body {
            Ok(_) => Ok(()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(OutboundError::TooLarge),
            Err(error) => Err(OutboundError::Failed(error.to_string())),
        }
    }
}

/// Trusts the certificates of the system. A system without certificates can still use plain HTTP.
fn tls_config() -> Result<ClientConfig, OutboundError> {
    let failed = |error: rustls::Error| OutboundError::Failed(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    let builder = match builder.clone().with_native_roots() {
        Ok(builder) => builder,
        Err(error) => {
            tracing::warn!(%error, "the system has no certificates: webhooks to https:// addresses fail");
            builder.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(builder.with_no_client_auth())
}

/// The address in an URL without a name. Other spellings of an address, such as `0x7f.1`, are resolved like a
/// name.
fn address_of(authority: &Authority) -> Option<IpAddr> {
    let host = authority.host();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// The last cause of a failure, which says most.
fn reason(error: &(dyn StdError + 'static)) -> OutboundError {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<NotPublic>() { OutboundError::NotPublic } else { OutboundError::Failed(cause.to_string()) }
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
