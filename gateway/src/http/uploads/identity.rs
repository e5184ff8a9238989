//! The user of an upload: the credentials of SASL PLAIN as HTTP Basic, or a token.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Detail, UserName};
use serde_json::{Value, json};

use super::super::answer::Failure;
use super::super::call::{Ask, ask};
use super::super::web::{Client, Visitor, Web};
use crate::token::Token;

/// A user whom the server has accepted.
pub(super) struct Identity {
    pub(super) user: UserName,
    session: Session,
}

impl Identity {
    pub(super) fn visitor(&self) -> &Visitor {
        &self.session.visitor
    }
}

/// The session of an upload. If the upload opened it, it ends with the upload, also after a cut connection.
struct Session {
    web: Web,
    visitor: Visitor,
    is_own: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.is_own, tokio::runtime::Handle::try_current()) else { return };
        let (web, Visitor { client, token }) = (self.web.clone(), self.visitor.clone());
        runtime.spawn(async move {
            let logout = Ask::new("auth.logout", json!({}));
            // A session whose end is lost expires.
            let _ended = ask(&web, client, token.as_ref(), logout).await;
        });
    }
}

/// The credentials in the header `Authorization`.
enum Credentials {
    Password { user: String, password: String },
    Token(Token),
}

/// Finds the user of a request, and checks the credentials with the server.
pub(super) async fn find(web: &Web, client: Client, headers: &HeaderMap) -> Result<Identity, Failure> {
    match credentials(headers).ok_or(Detail::NoSession)? {
        Credentials::Password { user, password } => {
            // The login continues after a cut connection, so that its session ends.
            let login = tokio::spawn(log_in(web.clone(), client, user, password));
            login.await.map_err(|_panic| Detail::Internal)?
        }
        Credentials::Token(token) => {
            // The claims of a token count only after the server has accepted the token.
            ask(web, client, Some(&token), Ask::new("session.list", json!({}))).await?;
            let user = token.user().ok_or(Detail::NoSession)?;
            let visitor = Visitor { client, token: Some(token) };
            Ok(Identity { user, session: Session { web: web.clone(), visitor, is_own: false } })
        }
    }
}

/// Opens a session. A wrong password counts as a guess.
async fn log_in(web: Web, client: Client, user: String, password: String) -> Result<Identity, Failure> {
    web.hub.take_login(client.sender, &user).await?;
    let params = json!({ "user": user, "password": password });
    let opened = ask(&web, client, None, Ask::new("auth.login", params)).await?.value()?;
    let token = opened.get("token").and_then(Value::as_str).and_then(Token::new).ok_or(Detail::NoReply)?;
    let user = token.user().ok_or(Detail::NoReply)?;
    let visitor = Visitor { client, token: Some(token) };
    Ok(Identity { user, session: Session { web, visitor, is_own: true } })
}

fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Token::new(value).map(Credentials::Token);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    // As in SASL, the name can contain the device: `alice@phone`.
    let user = name.split_once('@').map_or(name, |(user, _device)| user);
    Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(value: &str) -> String {
        let value = HeaderValue::from_str(value).expect("a value");
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        match credentials(&headers) {
            None => "none".to_owned(),
            Some(Credentials::Token(token)) => format!("token {}", token.as_str()),
            Some(Credentials::Password { user, password }) => format!("{user} {password}"),
        }
    }

    #[test]
    fn credentials_are_those_of_sasl_or_a_token() {
        let basic = |text: &str| found(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(basic("alice:a:b é"), "alice a:b é");
        assert_eq!(basic("alice@phone:x@y"), "alice x@y");
        assert_eq!(basic(":"), " ");
        assert_eq!(basic("alice"), "none");
        assert_eq!(found("bearer a.b"), "token a.b");
        for bad in ["Basic ", "Basic YTpi!", "Basic //8=", "Bearer a b", "Digest YTpi", "YTpi"] {
            assert_eq!(found(bad), "none", "{bad}");
        }
    }
}
