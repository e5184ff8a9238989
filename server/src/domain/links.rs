//! Links to files. The code of a link is encrypted under a key that is derived from the secret of the node.
//! So the code survives restarts and restores, all nodes of a cluster accept it, and it reveals no name. The
//! server stores nothing about a link.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use common::limits::LINK_CODE_BYTES_MAX;
use common::{ContentHash, Detail, Target, UserName};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::State;
use super::files::{self, SharedFile};

/// Random bytes that make each code unique. With 96 bits, a key may encrypt 2^32 codes.
pub type LinkNonce = [u8; NONCE_LEN];

/// The permission in a link: its maker lets everybody read the file of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLink {
    pub maker: UserName,
    /// The conversation of the file's event, as the maker addresses it.
    pub conversation: Target,
    pub n: u64,
    /// The content of the file. After a restore, the event `n` can be another one.
    pub sha256: ContentHash,
    /// The time at which the link expires, in Unix milliseconds.
    pub expires: u64,
}

/// Encrypts and decrypts the codes of links.
pub struct LinkKey(Option<LessSafeKey>);

impl LinkKey {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        // ring only refuses keys of another length.
        Self(UnboundKey::new(&AES_256_GCM, &secret).ok().map(LessSafeKey::new))
    }

    /// The code of a link: the nonce and the encrypted link in Base64 for URLs.
    #[must_use]
    pub fn seal(&self, link: &FileLink, nonce: LinkNonce) -> Option<String> {
        let FileLink { maker, conversation, n, sha256, expires } = link;
        let mut bytes = [&expires.to_be_bytes()[..], &n.to_be_bytes(), &sha256.0].concat();
        bytes.extend(format!("{conversation} {maker}").bytes());
        let key = self.0.as_ref()?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    /// The link of a code; `None` if this node did not make the code.
    #[must_use]
    pub fn open(&self, code: &str) -> Option<FileLink> {
        if code.len() > LINK_CODE_BYTES_MAX {
            return None;
        }
        let code = BASE64_URL_SAFE_NO_PAD.decode(code).ok()?;
        let (nonce, sealed) = code.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.as_ref()?.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?;
        let (expires, rest) = opened.split_first_chunk()?;
        let (n, rest) = rest.split_first_chunk()?;
        let (sha256, names) = rest.split_first_chunk()?;
        let (conversation, maker) = std::str::from_utf8(names).ok()?.split_once(' ')?;
        Some(FileLink {
            maker: UserName::new(maker).ok()?,
            conversation: Target::new(conversation).ok()?,
            n: u64::from_be_bytes(*n),
            sha256: ContentHash(*sha256),
            expires: u64::from_be_bytes(*expires),
        })
    }
}

/// The file of a link. A link ends when it expires, when the file is deleted, and while its maker may not
/// read the file or has no active account.
pub fn find<'a>(state: &'a State, code: &str, now_ms: u64) -> Result<(FileLink, &'a SharedFile), Detail> {
    let link = state.channels.link_key().open(code);
    let link = link.filter(|link| now_ms < link.expires && state.users.may_act(&link.maker));
    let link = link.ok_or(Detail::LinkEnded)?;
    let shared = files::find(state, &link.maker, &link.conversation, link.n);
    let shared = shared.ok().filter(|shared| shared.sha256 == link.sha256).ok_or(Detail::LinkEnded)?;
    Ok((link, shared))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> FileLink {
        FileLink {
            maker: UserName::new("joão").expect("a name"),
            conversation: Target::new("#ops").expect("a target"),
            n: 17,
            sha256: ContentHash([9; 32]),
            expires: 1_763_700_000_123,
        }
    }

    #[test]
    fn only_a_complete_code_of_this_key_is_opened_and_it_shows_no_name() {
        let key = LinkKey::new([7; 32]);
        let code = key.seal(&link(), [1; NONCE_LEN]).expect("a code");
        assert_eq!(key.open(&code), Some(link()));
        assert_eq!(LinkKey::new([8; 32]).open(&code), None, "another node");
        assert_ne!(key.seal(&link(), [2; NONCE_LEN]).as_ref(), Some(&code));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&code).expect("Base64");
        assert!(!bytes.windows(4).any(|part| part == b"#ops"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&BASE64_URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
            assert_eq!(key.open(&BASE64_URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "{at} bytes");
        }
        for bad in ["", "%%", "AAAA", &"A".repeat(LINK_CODE_BYTES_MAX + 4)] {
            assert_eq!(key.open(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_code_with_the_longest_names_is_within_its_limit() {
        let name = "\u{20000}".repeat(common::limits::NAME_CHARACTERS_MAX);
        let (maker, conversation) = (UserName::new(&name), Target::new(&format!("#{name}")));
        let link = FileLink {
            maker: maker.expect("a name"),
            conversation: conversation.expect("a target"),
            ..link()
        };
        let key = LinkKey::new([7; 32]);
        let code = key.seal(&link, [1; NONCE_LEN]).expect("a code");
        assert!(code.len() <= LINK_CODE_BYTES_MAX, "{} bytes", code.len());
        assert_eq!(key.open(&code), Some(link));
    }
}
