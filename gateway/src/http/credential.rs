//! The token of an HTTP request: a header for programs, a cookie for browsers.

use axum::http::{HeaderMap, header};
use common::Detail;

use super::answer::Failure;
use super::web::Client;
use crate::token::Token;

/// The maximum number of sessions of a browser. Two windows can belong to two users.
pub(crate) const SLOTS: u8 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The header `Authorization: Bearer`. A browser never adds it by itself.
    Header,
    /// A cookie. A browser adds it to every request, so the origin of the request must be checked.
    Cookie,
}

/// The name of the cookie of a slot. The prefix `__Host-` makes browsers refuse it without TLS.
pub(crate) fn cookie_name(slot: u8, client: &Client) -> String {
    if client.is_secure { format!("__Host-papo-{slot}") } else { format!("papo-{slot}") }
}

/// All cookies of papo in a request, by slot.
pub(crate) fn cookies(headers: &HeaderMap, client: &Client) -> Vec<(u8, Token)> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let named: Vec<_> = pairs.collect();
    let of_slot = |slot| {
        let name = cookie_name(slot, client);
        let (_, value) = named.iter().find(|(known, _)| *known == name)?;
        Some((slot, Token::new(value)?))
    };
    (0..SLOTS).filter_map(of_slot).collect()
}

/// The slot that a request names in its query: 0 by default.
pub(crate) fn slot(query: Option<&str>) -> Option<u8> {
    match query_value(query, "slot") {
        None => Some(0),
        Some(slot) => slot.parse().ok().filter(|slot| *slot < SLOTS),
    }
}

/// The decoded value of a parameter in the query.
pub(crate) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(known, _)| *known == name)?;
    let value = value.replace('+', " ");
    percent_encoding::percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The token of a request; `None` if it has none.
pub(crate) fn find(
    headers: &HeaderMap,
    query: Option<&str>,
    client: &Client,
) -> Result<Option<(Token, Source)>, Failure> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        let token = Token::new(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
        return token.map(|token| Some((token, Source::Header))).ok_or(Detail::NoSession.into());
    }
    let slot = slot(query).ok_or_else(|| Detail::BadParams {
        method: "slot".to_owned(),
        error: format!("a slot is a number below {SLOTS}"),
    })?;
    let cookie = cookies(headers, client).into_iter().find(|(known, _)| *known == slot);
    Ok(cookie.map(|(_, token)| (token, Source::Cookie)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (header::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_cookie_belongs_to_its_slot_and_its_kind_of_connection() {
        let plain = Client { sender: [0; 8], is_secure: false };
        let secure = Client { is_secure: true, ..plain };
        let sent =
            headers(&[("cookie", "papo-0=a.b; x=y; papo-3=c"), ("cookie", "__Host-papo-1=d; papo-10=e")]);
        let slots = |client| cookies(&sent, client).into_iter().map(|(slot, _)| slot).collect::<Vec<_>>();
        assert_eq!((slots(&plain), slots(&secure)), (vec![0, 3], vec![1]));
        let token = |query| find(&sent, query, &plain).expect("valid").map(|(token, _)| token);
        assert_eq!(token(Some("slot=3")), Token::new("c"));
        assert_eq!(token(None), Token::new("a.b"));
        assert_eq!(token(Some("slot=4")), None);
        assert!(find(&sent, Some("slot=10"), &plain).is_err());
        let bad = headers(&[("cookie", "papo-0=a b\"")]);
        assert!(cookies(&bad, &plain).is_empty(), "a token has the characters of a JSON Web Token only");
    }

    #[test]
    fn a_header_takes_precedence_and_must_be_a_bearer() {
        let client = Client { sender: [0; 8], is_secure: false };
        let found =
            |value: &str| find(&headers(&[("authorization", value), ("cookie", "papo-0=c")]), None, &client);
        assert_eq!(
            found("Bearer a.b").expect("valid"),
            Some((Token::new("a.b").expect("a token"), Source::Header))
        );
        for bad in ["Basic YTpi", "Bearer ", "Bearer a b", "a.b"] {
            assert!(found(bad).is_err(), "{bad}");
        }
    }
}
