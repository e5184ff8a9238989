//! SASL PLAIN (RFC 4616) in the lines of AUTHENTICATE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits::{SASL_BYTES_MAX, SASL_LINE_BYTES};

/// The name and the password of a client.
#[derive(PartialEq, Eq)]
pub(crate) struct PlainCredentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The outcome of a line of AUTHENTICATE.
pub(crate) enum Step {
    /// Further lines follow.
    More,
    Complete(Option<PlainCredentials>),
    /// The line is too long.
    LineTooLong,
    /// The lines together are too long.
    TooLong,
}

/// The lines of AUTHENTICATE up to now.
#[derive(Default)]
pub(crate) struct Exchange {
    encoded: String,
}

impl Exchange {
    /// Adds a line. A line of fewer than 400 bytes is the last.
    pub(crate) fn push(&mut self, line: &str) -> Step {
        if line.len() > SASL_LINE_BYTES {
            return Step::LineTooLong;
        }
        if self.encoded.len() + line.len() > SASL_BYTES_MAX {
            return Step::TooLong;
        }
        if line != "+" {
            self.encoded.push_str(line);
        }
        if line.len() == SASL_LINE_BYTES { Step::More } else { Step::Complete(plain(&self.encoded)) }
    }
}

/// Decodes `authzid NUL authcid NUL password`. An `@phone` after the name is ignored.
fn plain(encoded: &str) -> Option<PlainCredentials> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let mut parts = decoded.split('\0');
    let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_own = authorization.is_empty() || authorization == user;
    if parts.next().is_some() || user.is_empty() || !is_own {
        return None;
    }
    Some(PlainCredentials { user: account(user).to_owned(), password: password.to_owned() })
}

/// The account of a name such as `alice@phone`.
pub(crate) fn account(name: &str) -> &str {
    name.split_once('@').map_or(name, |(account, _device)| account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(lines: &[&str]) -> Option<(String, String)> {
        let mut exchange = Exchange::default();
        for line in lines {
            match exchange.push(line) {
                Step::More => {}
                Step::Complete(credentials) => return credentials.map(|plain| (plain.user, plain.password)),
                Step::LineTooLong | Step::TooLong => panic!("too long"),
            }
        }
        None
    }

    #[test]
    fn credentials_are_decoded() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(complete(&["amlsbGVzAGppbGxlcwBzZXNhbWU="]), pair("jilles", "sesame"));
        let encoded = STANDARD.encode("\0alice@phone\0correct horse");
        assert_eq!(complete(&[&encoded]), pair("alice", "correct horse"));
        for bad in
            ["%%", "", "+", &STANDARD.encode("a\0b\0c"), &STANDARD.encode("\0\0c"), &STANDARD.encode("\0a")]
        {
            assert_eq!(complete(&[bad]), None, "{bad}");
        }
    }

    #[test]
    fn a_line_of_400_bytes_has_a_successor() {
        let encoded = STANDARD.encode(format!("\0alice\0{}", "x".repeat(500)));
        let (first, second) = encoded.split_at(400);
        assert_eq!(complete(&[first, second]).expect("credentials").1.len(), 500);
        let exact = STANDARD.encode(format!("\0alice\0{}", "x".repeat(293)));
        assert_eq!((exact.len(), complete(&[&exact, "+"]).is_some()), (400, true));
    }

    #[test]
    fn long_credentials_are_refused() {
        let mut exchange = Exchange::default();
        assert!(matches!(exchange.push(&"x".repeat(401)), Step::LineTooLong));
        let line = "x".repeat(400);
        let steps = (0..7).map(|_| exchange.push(&line));
        assert!(steps.last().is_some_and(|step| matches!(step, Step::TooLong)));
    }
}
