//! Commands that send files, and a summary of the files in the state.

use common::{ContentHash, FileInfo, FileName};

use super::*;
use crate::domain::files::SharedFile;

/// Sends a file with one of two contents.
pub(super) fn share(by: &str, target: &str, is_small: bool) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0006);
    let (bytes, sha256) = if is_small { (1, ContentHash([1; 32])) } else { (5000, ContentHash([2; 32])) };
    let file = FileInfo { name: FileName::new("plan.pdf").expect("a name"), bytes, sha256 };
    Command::Share { user: user(by), to: to(target), id, file }
}

/// All files, the hashes of their contents, and the bytes that each user has sent.
pub(super) fn summary(state: &State) -> (Vec<SharedFile>, Vec<ContentHash>, Vec<u64>) {
    let mut contents: Vec<_> = state.files.contents().copied().collect();
    contents.sort_unstable_by_key(|content| content.0);
    let bytes = ["ana", "bob", "eva"].map(|name| state.files.bytes_of(&user(name)));
    (state.files.all().cloned().collect(), contents, bytes.to_vec())
}
