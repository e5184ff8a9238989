//! Permalinks: `papo://host:port/#channel/17` is event 17 of a channel, and `papo://host:port/@user/17` is
//! event 17 of the direct conversation of the reader and a user.

use std::fmt;
use std::str::FromStr;

use common::Target;

const SCHEME: &str = "papo://";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permalink {
    /// `host:port` of the server; empty for the server of the reader.
    pub(crate) server: String,
    pub(crate) conversation: Target,
    pub(crate) n: u64,
}

impl Permalink {
    /// `address` is the endpoint of the server.
    pub(crate) fn new(address: &str, conversation: Target, n: u64) -> Self {
        let server = address.strip_prefix("tcp://").unwrap_or_default().to_owned();
        Self { server, conversation, n }
    }

    /// Whether the link leads to a server with one of these endpoints.
    pub(crate) fn is_of(&self, addresses: &[String]) -> bool {
        self.server.is_empty()
            || addresses.iter().any(|address| address.strip_prefix("tcp://") == Some(&self.server))
    }
}

impl fmt::Display for Permalink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}", self.server, self.conversation, self.n)
    }
}

impl FromStr for Permalink {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (server, rest) = text.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')).ok_or(())?;
        let (conversation, n) = rest.rsplit_once('/').ok_or(())?;
        // An invite has a key before its address.
        let server = server.rsplit_once('@').map_or(server, |(_, address)| address).to_owned();
        let conversation = Target::new(conversation).map_err(drop)?;
        Ok(Self { server, conversation, n: n.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use testkit::target;

    use super::*;

    #[test]
    fn a_link_survives_a_round_trip_through_text() {
        for (address, text) in [
            ("tcp://chat.example:5555", "papo://chat.example:5555/#general/17"),
            ("tcp://[::1]:5555", "papo://[::1]:5555/#general/17"),
            ("ipc:///run/papo", "papo:///#general/17"),
        ] {
            let link = Permalink::new(address, target("#general"), 17);
            assert_eq!(link.to_string(), text);
            assert_eq!(text.parse(), Ok(link.clone()));
            assert!(link.is_of(&[address.to_owned()]));
        }
        let direct: Permalink = "papo://key@h:1/@joão/2".parse().expect("a link");
        assert_eq!((direct.server.as_str(), direct.conversation.clone()), ("h:1", target("@joão")));
        assert!(!direct.is_of(&["tcp://other:1".to_owned()]));
    }

    #[test]
    fn other_texts_are_no_links() {
        for text in [
            "papo://key@h:1",
            "papo://h:1/",
            "papo://h:1/general/17",
            "papo://h:1/#general",
            "papo://h:1/#general/x",
            "papo://h:1/#general/-1",
            "https://h:1/#general/17",
            "see papo://h:1/#general/17",
        ] {
            assert_eq!(text.parse::<Permalink>(), Err(()), "{text}");
        }
    }
}
