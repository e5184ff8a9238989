//! The HTTPS client for the certificate authority. It checks the authority's own certificate.

use std::path::Path;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Limited;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::{ClientConfig, RootCertStore};

use super::certificate::load_roots;
use super::{TlsError, provider};

/// The maximum bytes of a reply. The longest is a chain of certificates.
const REPLY_BYTES_MAX: usize = 1 << 20;

type Connections = Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>;

/// Creates clients that share their connections.
pub(crate) struct Requests(Connections);

pub(crate) struct HttpsClient(Connections);

impl Requests {
    pub(crate) fn client(&self) -> HttpsClient {
        HttpsClient(self.0.clone())
    }
}

impl HttpsClient {
    /// `roots` is a file in PEM. By default, the client trusts the certificates of the system.
    pub(crate) fn requests(roots: Option<&Path>) -> Result<Requests, TlsError> {
        let builder = HttpsConnectorBuilder::new();
        let builder = match roots {
            Some(path) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(load_roots(path)?);
                builder.with_tls_config(
                    ClientConfig::builder_with_provider(provider())
                        .with_safe_default_protocol_versions()?
                        .with_root_certificates(roots)
                        .with_no_client_auth(),
                )
            }
            None => builder.with_provider_and_native_roots(provider()).map_err(TlsError::Client)?,
        };
        let connector = builder.https_only().enable_http1().build();
        Ok(Requests(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl HttpClient for HttpsClient {
    fn request(
        &self,
        request: axum::http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let replying = self.0.request(request);
        Box::pin(async move {
            let reply = replying.await.map_err(|error| Error::Other(with_causes(&error).into()))?;
            Ok(BytesResponse::from(reply.map(|body| Limited::new(body, REPLY_BYTES_MAX))))
        })
    }
}

/// The sentence of an error and of its causes, such as `connection refused`, which the first sentence omits.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
