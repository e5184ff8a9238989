//! Tags client names with the run of the broker.
//!
//! A ROUTER of libzmq names its clients. After a restart of the broker, a new client may get the name of an
//! old client. A delayed reply of the server could then reach the wrong client, with the token of another
//! user or the acknowledgement of another message. Therefore the broker appends a tag of its run to each
//! name, and drops replies with another tag.

use transport::Frame;

/// The length of a tag in bytes. 64 random bits make two equal tags practically impossible.
const TAG_BYTES: usize = 8;

/// The random tag of one run of the broker.
pub(crate) struct RunTag([u8; TAG_BYTES]);

impl RunTag {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TAG_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Appends the tag to a client's name.
    pub(crate) fn append_to(&self, client: &mut Frame) {
        let mut tagged = Frame::with_size(client.len() + TAG_BYTES);
        let (name, tag) = tagged.split_at_mut(client.len());
        name.copy_from_slice(client);
        tag.copy_from_slice(&self.0);
        *client = tagged;
    }

    /// Removes the tag from a name. Returns false if the name does not end with it.
    pub(crate) fn remove_from(&self, client: &mut Frame) -> bool {
        let Some(name) = client.strip_suffix(&self.0) else { return false };
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
            one.append_to(&mut client);
            assert_ne!(&*client, name);
            assert!(!other.remove_from(&mut client));
            assert!(one.remove_from(&mut client));
            assert_eq!(&*client, name);
            assert!(!one.remove_from(&mut client), "the tag is already removed");
        }
    }
}
