//! Tags client names with the run of the broker.
//!
//! After a restart of the broker, a new client can get the name of an old client. A delayed reply could then
//! reach the new client, with the token of another user or the acknowledgement of another message. Therefore
//! the broker appends a run tag to each name, and drops replies with a different tag. [`client_name`] defines
//! the extended name.

use transport::Frame;
use transport::client_name::{self, Client, RUN_TAG_BYTES};

/// The random tag of one run of the broker.
pub(crate) struct RunTag([u8; RUN_TAG_BYTES]);

impl RunTag {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RUN_TAG_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Extends a client's name with its key and the tag.
    pub(crate) fn append_to(&self, name: &mut Frame, client: Client) {
        *name = client_name::extend(name, client, &self.0);
    }

    /// Removes the key and the tag from a name. Returns false if the name does not end with the tag.
    pub(crate) fn remove_from(&self, client: &mut Frame) -> bool {
        let Some(name) = client_name::shorten(client, &self.0) else { return false };
        *client = Frame::from(name);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_accepts_only_names_with_its_own_tag() {
        let [one, other] = [(); 2].map(|()| RunTag::random().expect("random bytes"));
        for name in [b"\0\x6b\x8b\x45\x67".as_slice(), b"", &[7; 255]] {
            let mut client = Frame::from(name);
            one.append_to(&mut client, Client::One(None));
            assert_ne!(&*client, name);
            assert!(!other.remove_from(&mut client));
            assert!(one.remove_from(&mut client));
            assert_eq!(&*client, name);
            assert!(!one.remove_from(&mut client), "the tag is already removed");
        }
    }
}
