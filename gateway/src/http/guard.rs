//! Checks `Host` and `Origin`: against DNS rebinding, cross-site requests and cross-site WebSockets.
//!
//! A page of another site can make a browser send requests to this gateway, also to a gateway on the loopback
//! address. With DNS rebinding, the name of such a page even resolves to the gateway's own address. So the
//! `Host` of a request must be an IP address, `localhost`, or the host of a configured origin.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri, header};

use super::credential::Source;
use super::web::Client;
use crate::GatewayError;

/// The origins that the operator configured, such as `https://chat.example`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(Vec<String>);

/// The reason why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    Host,
    Origin,
}

impl Origins {
    pub(crate) fn new(origins: &[String]) -> Result<Self, GatewayError> {
        let checked = origins.iter().map(|origin| {
            let lower = origin.trim_end_matches('/').to_ascii_lowercase();
            let uri = lower.parse::<Uri>().ok();
            let is_origin = uri.is_some_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.host().is_some()
                    && uri.path() == "/"
            });
            if is_origin { Ok(lower) } else { Err(GatewayError::BadOrigin { origin: origin.clone() }) }
        });
        checked.collect::<Result<_, _>>().map(Self)
    }

    /// The first origin with HTTPS.
    pub(crate) fn public(&self) -> Option<&str> {
        self.0.iter().find(|origin| origin.starts_with("https://")).map(String::as_str)
    }

    /// The first origin with HTTPS, or the first one.
    pub(crate) fn first(&self) -> Option<&str> {
        self.public().or_else(|| self.0.first().map(String::as_str))
    }

    /// Checks a request before its handler. `source` is the source of its token.
    pub(crate) fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        client: &Client,
        source: Option<Source>,
    ) -> Result<(), Foreign> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(header::HOST).unwrap_or_default().to_ascii_lowercase();
        if !self.knows_host(&host) || headers.get_all(header::HOST).iter().count() > 1 {
            return Err(Foreign::Host);
        }
        let is_upgrade = headers.contains_key(header::UPGRADE);
        let has_effect = is_upgrade || !(method.is_safe());
        if !has_effect {
            return Ok(());
        }
        let origin = text(header::ORIGIN).map(str::to_ascii_lowercase);
        let is_own = |origin: &str| self.is_own(origin, &host, client);
        match (origin, source) {
            (Some(origin), _) if !is_own(&origin) => Err(Foreign::Origin),
            (Some(_), _) | (None, None | Some(Source::Header)) => Ok(()),
            // Only old browsers send no `Origin` with a WebSocket or with a request that has an effect.
            (None, Some(Source::Cookie)) => {
                let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
                let is_same = !is_upgrade && matches!(site, Some("same-origin" | "none"));
                if is_same { Ok(()) } else { Err(Foreign::Origin) }
            }
        }
    }

    fn knows_host(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let is_configured = || {
            let hosts = self.0.iter().filter_map(|origin| origin.split_once("://")).map(|(_, host)| host);
            hosts.into_iter().any(|known| known == host || known == name)
        };
        name == "localhost" || bare.parse::<IpAddr>().is_ok() || is_configured()
    }

    fn is_own(&self, origin: &str, host: &str, client: &Client) -> bool {
        let scheme = if client.is_secure { "https" } else { "http" };
        self.0.iter().any(|known| known == origin) || origin == format!("{scheme}://{host}")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(
        pairs: &[(&'static str, &'static str)],
        method: &Method,
        source: Option<Source>,
    ) -> Result<(), Foreign> {
        let origins = Origins::new(&["https://chat.example".to_owned()]).expect("an origin");
        let client = Client { sender: [0; 8], is_secure: false };
        let pair = |(name, value): &(&'static str, &'static str)| {
            (header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = pairs.iter().map(pair).collect();
        origins.check(method, &headers, &client, source)
    }

    #[test]
    fn only_addresses_localhost_and_configured_names_are_hosts() {
        for host in ["127.0.0.1:8080", "[::1]:8080", "localhost", "LOCALHOST:1", "192.0.2.1", "chat.example"]
        {
            assert_eq!(check(&[("host", host)], &Method::GET, None), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "", "chat.example.evil"]
        {
            assert_eq!(check(&[("host", host)], &Method::GET, None), Err(Foreign::Host), "{host}");
        }
        let two = [("host", "localhost"), ("host", "evil.example")];
        let mut headers = HeaderMap::new();
        for (name, value) in two {
            headers.append(name, HeaderValue::from_static(value));
        }
        let client = Client { sender: [0; 8], is_secure: false };
        assert_eq!(Origins::default().check(&Method::GET, &headers, &client, None), Err(Foreign::Host));
    }

    #[test]
    fn another_origin_may_cause_no_effect() {
        let host = ("host", "localhost:8080");
        let own = ("origin", "http://localhost:8080");
        for source in [None, Some(Source::Header), Some(Source::Cookie)] {
            assert_eq!(check(&[host, own], &Method::POST, source), Ok(()));
            assert_eq!(check(&[host, ("origin", "https://chat.example")], &Method::POST, source), Ok(()));
            for foreign in ["http://evil.example", "http://localhost:8081", "https://localhost:8080", "null"]
            {
                let sent = [host, ("origin", foreign)];
                assert_eq!(check(&sent, &Method::POST, source), Err(Foreign::Origin), "{foreign}");
                let upgrade = [host, ("origin", foreign), ("upgrade", "websocket")];
                assert_eq!(check(&upgrade, &Method::GET, source), Err(Foreign::Origin), "{foreign}");
            }
        }
    }

    #[test]
    fn a_cookie_needs_proof_of_the_same_origin() {
        let (host, cookie) = (("host", "localhost:8080"), Some(Source::Cookie));
        assert_eq!(check(&[host], &Method::POST, cookie), Err(Foreign::Origin));
        assert_eq!(check(&[host], &Method::POST, Some(Source::Header)), Ok(()));
        assert_eq!(check(&[host, ("sec-fetch-site", "same-origin")], &Method::POST, cookie), Ok(()));
        assert_eq!(
            check(&[host, ("sec-fetch-site", "cross-site")], &Method::POST, cookie),
            Err(Foreign::Origin)
        );
        let upgrade = [host, ("upgrade", "websocket"), ("sec-fetch-site", "same-origin")];
        assert_eq!(
            check(&upgrade, &Method::GET, cookie),
            Err(Foreign::Origin),
            "a WebSocket needs an Origin"
        );
    }

    #[test]
    fn an_origin_has_no_path() {
        for bad in ["chat.example", "https://chat.example/papo", "ftp://chat.example", ""] {
            assert!(Origins::new(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
