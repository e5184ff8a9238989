//! The listeners and the routes.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, Router};
use axum_server::Handle;
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use transport::shutdown::Shutdown;
use transport::wake::Wake;

use super::address_limits::AddressLimits;
use super::admission::{admit, admit_monitor};
use super::answer::refuse;
use super::guard::Origins;
use super::hooks::{self, Format};
use super::irc::IrcDoor;
use super::{
    backups, events, files, history, irc, messages, openapi, page, rpc, session, uploads, websocket,
};
use crate::connection_id::SenderId;
use crate::courier;
use crate::limits::{BODY_BYTES_MAX, HEADERS_MS_MAX, HOOK_BYTES_MAX, REQUEST_MS_MAX};
use crate::link::HubHandle;
use crate::metrics::Gauges;
use crate::metrics::pages::{self, Statuses};
use crate::tls::Tls;
use crate::tls::stream::Acceptor;
use crate::token::Token;
use crate::{Config, GatewayError};

/// The maximum bytes of the headers of a request.
const HEADERS_BYTES_MAX: usize = 32 << 10;

/// The time for which a stopping gateway waits for its connections.
const GRACE: Duration = Duration::from_secs(1);

/// The header `Strict-Transport-Security` with TLS: browsers use only HTTPS for half a year.
const ONLY_HTTPS: &str = "max-age=15552000";

/// The client of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) sender: SenderId,
    /// Whether the client's browser uses HTTPS.
    pub(crate) is_secure: bool,
}

/// The client of a request with its token.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) token: Option<Token>,
}

/// The state that all handlers share.
#[derive(Clone)]
pub(crate) struct Web(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) hub: HubHandle,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) statuses: Statuses,
    pub(crate) limits: Arc<AddressLimits>,
    pub(crate) is_stopping: watch::Sender<bool>,
    /// The internal networks to which outgoing webhooks may deliver.
    pub(crate) hooks_allow: Vec<IpNet>,
    /// The root certificates that outgoing webhooks trust in addition to those of the system.
    pub(crate) hooks_roots: Vec<CertificateDer<'static>>,
    /// The folder on whose file system posted files wait until their hash is known.
    pub(crate) scratch_folder: PathBuf,
    origins: Origins,
    trusted_proxies: Vec<IpNet>,
    legacy_api: bool,
    /// `None` if the process has no IRC front.
    irc: Option<IrcDoor>,
    serves_tls: bool,
    /// The folder of the page's sources, for development.
    web_folder: Option<PathBuf>,
}

impl std::ops::Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Web {
    pub(crate) fn new(
        hub: HubHandle,
        gauges: Arc<Gauges>,
        statuses: Statuses,
        origins: Origins,
        hooks_roots: Vec<CertificateDer<'static>>,
        config: &Config,
    ) -> Self {
        let (is_stopping, _) = watch::channel(false);
        Self(Arc::new(Shared {
            limits: Arc::clone(&hub.limits),
            hub,
            gauges,
            statuses,
            is_stopping,
            hooks_allow: config.hooks_allow.clone(),
            hooks_roots,
            scratch_folder: config.scratch_folder.clone(),
            origins,
            trusted_proxies: config.trusted_proxies.clone(),
            legacy_api: config.legacy_api,
            irc: config.irc.clone(),
            serves_tls: config.tls.is_some(),
            web_folder: config.web_folder.clone(),
        }))
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The address of the page, for the operators of push services.
    pub(crate) fn contact(&self) -> Option<&str> {
        self.origins.public()
    }

    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut is_secure = self.serves_tls;
        if self.is_proxy(peer) {
            let scheme = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
            is_secure = scheme.map_or(is_secure, |scheme| scheme.eq_ignore_ascii_case("https"));
        }
        Client { sender: self.hub.sender(self.client_address(peer, headers)), is_secure }
    }

    /// The address of the client behind the trusted proxies: the last address in `X-Forwarded-For` that is
    /// not a trusted proxy.
    pub(crate) fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if self.is_proxy(peer) {
            let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
            let hops: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
            for hop in hops.iter().rev() {
                let Ok(hop) = hop.parse::<IpAddr>() else { break };
                address = hop.to_canonical();
                if !self.is_proxy(address) {
                    break;
                }
            }
        }
        address
    }

    fn routes(&self) -> Router {
        let hooks = Router::new()
            .route("/hooks/{token}", post(hooks::post).layer(Extension(Format::Slack)))
            .route("/hooks/{token}/github", post(hooks::post).layer(Extension(Format::GitHub)))
            .route("/hooks/{token}/alertmanager", post(hooks::post).layer(Extension(Format::Alertmanager)))
            .layer(RequestBodyLimitLayer::new(HOOK_BYTES_MAX));
        let timed = Router::new()
            .route("/rpc", post(rpc::call))
            .route("/session", post(session::log_in).delete(session::log_out))
            .route("/history/{conversation}", get(history::page))
            .route("/messages", post(messages::send))
            .merge(hooks)
            .route("/openapi.json", get(openapi::document))
            .route("/healthz", get(pages::is_alive))
            .route("/roles", get(pages::roles))
            .route("/u/{slot}", get(page::without_slash))
            .route("/u/{slot}/", get(page::of_slot))
            .route("/a/{*path}", get(page::asset))
            .route("/sw.js", get(page::worker))
            .layer(tower_http::timeout::TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                Duration::from_millis(REQUEST_MS_MAX),
            ))
            .layer(DefaultBodyLimit::disable())
            .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX));
        let streams = Router::new()
            .route("/", get(irc::index))
            .route("/ws", get(websocket::open))
            .route("/irc", get(irc::open))
            .route("/events", get(events::follow))
            .route("/files/{id}", axum::routing::put(files::upload).head(files::offset))
            .route("/files/{conversation}/{n}/{name}", get(files::download))
            .route("/f/{code}", get(files::links::download))
            .route(uploads::PATH, post(uploads::store).options(uploads::describe))
            .route("/backups/{name}", get(backups::download));
        let routes = timed.merge(streams).with_state(self.clone());
        let routes = routes
            .fallback(|| async { refuse(StatusCode::NOT_FOUND, "no_such_path", "there is no such path") });
        let default =
            |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
        let only_https = self.serves_tls.then(|| HeaderValue::from_static(ONLY_HTTPS));
        routes
            .layer(from_fn_with_state(self.clone(), admit))
            .layer(CatchPanicLayer::new())
            .layer(default(header::CACHE_CONTROL, "no-store"))
            .layer(default(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, only_https))
            .layer(default(header::REFERRER_POLICY, "no-referrer"))
            .layer(default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
            .layer(default(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
    }

    fn metrics_routes(&self) -> Router {
        Router::new()
            .route("/metrics", get(pages::metrics))
            .route("/healthz", get(pages::is_alive))
            .route("/readyz", get(pages::is_ready))
            .with_state(self.clone())
            .layer(from_fn_with_state(self.clone(), admit_monitor))
    }

    pub(crate) fn web_folder(&self) -> Option<&Path> {
        self.web_folder.as_deref()
    }

    pub(crate) fn irc(&self) -> Option<&IrcDoor> {
        self.irc.as_ref()
    }

    pub(crate) fn legacy_api(&self) -> bool {
        self.legacy_api
    }
}

/// Serves both listeners until the shutdown.
pub(crate) fn serve(
    (web, tls): (Option<TcpListener>, Option<Tls>),
    metrics: Option<TcpListener>,
    state: Web,
    shutdown: &Shutdown,
) -> Result<(), GatewayError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(GatewayError::Start)?.block_on(async {
        let handle = Handle::new();
        let config = tls.as_ref().map(|tls| Arc::clone(&tls.server));
        let pages = web.map(|listener| (listener, state.routes(), config));
        let monitors = metrics.map(|listener| (listener, state.metrics_routes(), None));
        let serving = [pages, monitors].into_iter().flatten().map(|(listener, routes, tls)| {
            let acceptor = Acceptor { web: state.clone(), tls };
            tokio::spawn(run_listener(listener, routes, acceptor, handle.clone()))
        });
        let serving: Vec<_> = serving.collect();
        if let Some(tls) = tls {
            tokio::spawn(tls.keep());
        }
        let couriers = [
            tokio::spawn(courier::run_webhooks(state.clone())),
            tokio::spawn(courier::run_pushes(state.clone())),
        ];
        wait_for(shutdown).await;
        state.is_stopping.send_replace(true);
        handle.graceful_shutdown(Some(GRACE));
        let _unfinished_after_grace = tokio::time::timeout(GRACE, join_all(couriers)).await;
        for listener in serving {
            listener.await.map_err(io::Error::other).flatten().map_err(GatewayError::Start)?;
        }
        Ok(())
    })
}

async fn run_listener(
    listener: TcpListener,
    routes: Router,
    acceptor: Acceptor,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let server = axum_server::from_tcp(listener)?.handle(handle);
    let mut server = server.acceptor(acceptor);
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADERS_MS_MAX))
        .max_buf_size(HEADERS_BYTES_MAX);
    *server.http_builder() = http;
    server.serve(routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// Waits for the shutdown. A [`Shutdown`] wakes only threads, so a socket wakes this task.
async fn wait_for(shutdown: &Shutdown) {
    let Ok((waker, wake)) = Wake::new() else { return };
    shutdown.watch(waker);
    if let Ok(mut stream) = tokio::net::UnixStream::from_std(wake.into_stream()) {
        let _ended = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
    }
}

/// Runs a future. Returns `None` if the gateway stops first.
pub(crate) async fn until_stop<T>(web: &Web, future: impl Future<Output = T>) -> Option<T> {
    let mut is_stopping = web.is_stopping.subscribe();
    tokio::select! {
        result = future => Some(result),
        _ = is_stopping.wait_for(|stopping| *stopping) => None,
    }
}

/// The visitor of a request, which [`admit`] added.
pub(crate) type VisitorOf = Extension<Visitor>;
