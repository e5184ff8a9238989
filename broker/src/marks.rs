//! Which run of the broker a client belongs to.
//!
//! libzmq names the clients of a ROUTER by counting, and begins at the same number in every process (4.3.5 too: nobody
//! seeds its `rand`). So after a restart of the broker new clients have the names of old ones, and a reply that was
//! still on its way at the server would reach a stranger: another's token, or the acknowledgement of another's message.
//! Therefore the name that the server gets ends with a mark of this run, and a reply with another mark is dropped.

use transport::Frame;

/// Bytes of a mark: so many that no two runs draw the same one.
const MARK_BYTES: usize = 8;

/// The mark of one run.
pub(crate) struct Mark([u8; MARK_BYTES]);

impl Mark {
    /// A mark that no other run has.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; MARK_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Puts the mark behind a client's name.
    pub(crate) fn add_to(&self, client: &mut Frame) {
        let mut marked = Frame::with_size(client.len() + MARK_BYTES);
        let (name, mark) = marked.split_at_mut(client.len());
        name.copy_from_slice(client);
        mark.copy_from_slice(&self.0);
        *client = marked;
    }

    /// Takes the mark off again; false when it is not there.
    pub(crate) fn take_from(&self, client: &mut Frame) -> bool {
        let Some(name) = client.strip_suffix(&self.0) else { return false };
        *client = Frame::from(name);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_from_its_own_run_only() {
        let [one, other] = [(); 2].map(|()| Mark::draw().expect("chance"));
        for name in [b"\0\x6b\x8b\x45\x67".as_slice(), b"", &[7; 255]] {
            let mut client = Frame::from(name);
            one.add_to(&mut client);
            assert_ne!(&*client, name);
            assert!(!other.take_from(&mut client));
            assert!(one.take_from(&mut client));
            assert_eq!(&*client, name);
            assert!(!one.take_from(&mut client), "it is taken off once");
        }
    }
}
