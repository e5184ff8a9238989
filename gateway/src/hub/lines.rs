//! Splits a frame of a client into the lines for the server and the requests for the gateway itself.
//!
//! The gateway adds the token of the connection's cookie or header to each request. It forwards a line that
//! it cannot parse unchanged, and the server answers with the error.

use common::methods::Method;
use common::presence::State;
use common::{Detail, Error, rpc};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The requests that the gateway answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    Ping,
}

impl Own {
    /// The name of the method after `gateway.`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
            Self::Ping => "ping",
        }
    }
}

/// One line of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The line for the server, with the token and without a newline.
    Server(Vec<u8>),
    /// An attempt to log in or to register. The limits of the address apply.
    Login {
        line: Vec<u8>,
        id: String,
        user: String,
    },
    /// A `presence.set`, with its line for the server.
    Presence {
        line: Vec<u8>,
        id: String,
        state: State,
    },
    Own {
        id: String,
        request: Own,
    },
    Refused {
        id: String,
        error: Error,
    },
}

#[derive(Deserialize)]
struct OwnToken {
    token: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct OwnState {
    state: State,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
struct TopicParams {
    topics: Vec<String>,
}

/// Reads one line. `token` is the token of the connection.
pub(crate) fn read(line: &[u8], token: Option<&str>) -> Line {
    let Ok(request) = rpc::decode(line) else { return Line::Server(line.to_vec()) };
    let id = request.id.to_owned();
    if let Some(own) = request.method.strip_prefix("gateway.") {
        return match read_own(own, request.params) {
            Ok(request) => Line::Own { id, request },
            Err(error) => Line::Refused { id, error },
        };
    }
    let method = Method::from_name(&request.method);
    if matches!(method, Some(Method::Login | Method::Register)) {
        let user = serde_json::from_str::<User>(request.params).map(|params| params.user).unwrap_or_default();
        return Line::Login { line: line.to_vec(), id, user };
    }
    let needs_token = method.is_none_or(|method| method.description().rights.needs_token());
    match token {
        Some(token) if needs_token => match add_token(&request, token) {
            Ok(line) if method == Some(Method::PresenceSet) => {
                match serde_json::from_str::<OwnState>(request.params) {
                    Ok(OwnState { state }) => Line::Presence { line, id, state },
                    Err(_) => Line::Server(line),
                }
            }
            Ok(line) => Line::Server(line),
            Err(error) => Line::Refused { id, error },
        },
        Some(_) | None => Line::Server(line.to_vec()),
    }
}

fn read_own(name: &str, params: &str) -> Result<Own, Error> {
    let topics = || {
        let params = serde_json::from_str::<TopicParams>(params);
        params.map(|params| params.topics).map_err(|error| {
            Detail::BadParams { method: format!("gateway.{name}"), error: error.to_string() }.into()
        })
    };
    match name {
        "subscribe" => topics().map(Own::Subscribe),
        "unsubscribe" => topics().map(Own::Unsubscribe),
        "ping" => Ok(Own::Ping),
        _ => Err(Detail::MethodNotFound { method: format!("gateway.{}", short(name)) }.into()),
    }
}

fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(common::limits::METHOD_CHARACTERS_MAX).collect()
}

/// The line with the token in its parameters. A request with a token of its own is refused.
fn add_token(request: &rpc::Envelope<'_>, token: &str) -> Result<Vec<u8>, Error> {
    let rest = request.params.strip_prefix('{').unwrap_or_default().trim_start();
    let has_own_token =
        serde_json::from_str::<OwnToken>(request.params).map_or(true, |own| own.token.is_some());
    if has_own_token {
        let error = "leave out the token: the connection has one".to_owned();
        return Err(Detail::BadParams { method: short(&request.method), error }.into());
    }
    let comma = if rest.starts_with('}') { "" } else { "," };
    let [method, token] = [&*request.method, token].map(|text| serde_json::Value::from(text).to_string());
    let id = request.id;
    let line =
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{{"token":{token}{comma}{rest}}}"#);
    Ok(line.into_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(line: &str, token: Option<&str>) -> String {
        match read(line.as_bytes(), token) {
            Line::Server(line) => String::from_utf8(line).expect("text"),
            Line::Login { user, .. } => format!("login of {user}"),
            Line::Presence { id, state, .. } => format!("{id}: presence {state:?}"),
            Line::Own { id, request } => format!("{id}: {request:?}"),
            Line::Refused { id, error } => format!("{id}: {} {}", error.code, error.message),
        }
    }

    #[test]
    fn the_token_is_added_to_requests_that_need_one() {
        for (line, sent) in [
            (
                r##"{"jsonrpc":"2.0","id":1,"method":"channel.join","params":{"channel":"#a"}}"##,
                r##"{"jsonrpc":"2.0","id":1,"method":"channel.join","params":{"token":"t","channel":"#a"}}"##,
            ),
            (
                r#"{"id":"x","method":"session\u002elist","params": { },"jsonrpc":"2.0"}"#,
                r#"{"jsonrpc":"2.0","id":"x","method":"session.list","params":{"token":"t"}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"session.list"}"#,
                r#"{"jsonrpc":"2.0","id":1,"method":"session.list","params":{"token":"t"}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{}}"#,
                r#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"presence.set","params":{"state":"busy"}}"#,
                r#"{"jsonrpc":"2.0","id":1,"method":"presence.set","params":{"token":"t","state":"busy"}}"#,
            ),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            assert_eq!(text(line, Some("t")), sent);
            assert_eq!(text(line, None), line);
        }
    }

    #[test]
    fn a_request_with_its_own_token_is_refused_if_the_connection_has_one() {
        for params in
            [r#"{"token":"mine"}"#, r#"{"a":1,"\u0074oken":"mine"}"#, r#"{"token":"a","token":"b"}"#]
        {
            let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"session.list","params":{params}}}"#);
            assert_eq!(
                text(&line, Some("t")),
                "1: -32602 session.list: leave out the token: the connection has one"
            );
            assert_eq!(text(&line, None), line);
        }
    }

    #[test]
    fn the_gateway_answers_its_own_methods() {
        let own = |method: &str, params: &str| {
            text(&format!(r#"{{"jsonrpc":"2.0","id":"g","method":"{method}","params":{params}}}"#), Some("t"))
        };
        assert_eq!(own("gateway.ping", "{}"), "\"g\": Ping");
        assert_eq!(own("gateway.subscribe", r#"{"topics":["a"]}"#), "\"g\": Subscribe([\"a\"])");
        assert_eq!(own("gateway\\u002eunsubscribe", r#"{"topics":[]}"#), "\"g\": Unsubscribe([])");
        assert_eq!(
            own("gateway.subscribe", "{}"),
            "\"g\": -32602 gateway.subscribe: missing field `topics` at line 1 column 2"
        );
        assert_eq!(
            own("gateway.x", "{}"),
            "\"g\": -32601 there is no method \"gateway.x\": check its name and the version of the server"
        );
        assert_eq!(own("auth.login", r#"{"user":"alice","password":"x"}"#), "login of alice");
        assert_eq!(own("auth\\u002eregister", r#"{"user":"bob"}"#), "login of bob");
    }

    proptest! {
        /// The server receives each line of a client unchanged, or as JSON with exactly the token of the
        /// connection.
        #[test]
        fn no_line_reaches_the_server_with_another_token(
            line in r#"\{"jsonrpc":"2.0","id":[0-9"a]{1,4},"method":"(session\.list|message\.send|[a-z.]{0,9})"(,"params":(\{("[a-z]{1,3}":[0-9"a{},]{1,8},?|"token":"x",?|"t\\u006fken":1,?| ){0,4}\}|.{0,6}))?\}|.{0,40}"#,
        ) {
            if let Line::Server(sent) = read(line.as_bytes(), Some("own"))
                && sent != line.as_bytes()
            {
                let sent: serde_json::Value = serde_json::from_slice(&sent).expect("JSON");
                prop_assert_eq!(&sent["params"]["token"], "own");
                let given: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                prop_assert_eq!(given["params"].get("token"), None);
            }
        }
    }
}
