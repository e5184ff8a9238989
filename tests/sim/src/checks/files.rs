//! Checks that every file is stored completely, and that readers receive the content that was sent.

use common::{Body, Conversation, Event, FileInfo, UserName};
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::services::files::folder::content;
use sha2::{Digest as _, Sha256};

use super::amendments::ExpectedMessages;
use super::observed::Observed;
use super::stored::Stored;
use super::{Check, ensure};
use crate::upload::content_of;

/// Bytes of one download request at the end of a run.
const READ_BYTES: usize = 400;

/// The content of every file that was not deleted is on the disk.
pub(crate) fn files_are_complete(disk: &FaultyDisk, stored: &Stored) -> Check {
    stored.files().try_for_each(|(conversation, n, file)| {
        let (found, sent) = (disk.read(&content(&file.sha256)), content_of(&file.name));
        let is_complete = found.as_ref().is_ok_and(|found| *found == sent && matches_info(file, found));
        ensure(is_complete, "files_are_complete", || {
            let length = found.as_ref().map(Vec::len);
            let is_sent = found.as_ref().is_ok_and(|found| *found == sent);
            format!("{conversation} {n} has {file:?}; the stored content has {length:?} bytes and equals the sent content: {is_sent}")
        })
    })
}

fn matches_info(file: &FileInfo, bytes: &[u8]) -> bool {
    Sha256::digest(bytes)[..] == file.sha256.0 && bytes.len() as u64 == file.bytes
}

/// A downloaded chunk equals the content that was sent.
pub(crate) fn downloads_match_uploads(
    observed: &Observed,
    user: &UserName,
    (conversation, n): &(Conversation, u64),
    offset: u64,
    bytes: &[u8],
) -> Check {
    let Some(line) = observed.of(conversation).find(|(number, _)| number == n).map(|(_, line)| line) else {
        return Ok(());
    };
    let Ok(Event { body: Body::File { file, .. }, .. }) = serde_json::from_str(line) else { return Ok(()) };
    let sent = content_of(&file.name);
    let rest = usize::try_from(offset).ok().and_then(|offset| sent.get(offset..)).unwrap_or_default();
    ensure(!bytes.is_empty() && rest.starts_with(bytes), "downloads_match_uploads", || {
        format!(
            "{user} received {} bytes of {conversation} {n} at {offset}, which differ from the uploaded bytes",
            bytes.len()
        )
    })
}

/// At the end of a run, every file can be downloaded completely, except the deleted files.
pub(crate) fn downloads_are_complete(
    expected: &ExpectedMessages,
    conversation: &Conversation,
    reader: &UserName,
    mut get: impl FnMut(Value) -> Result<(Value, Option<Vec<u8>>), String>,
) -> Check {
    for (n, file, is_deleted) in expected.files(conversation) {
        let (mut got, mut refusal) = (Vec::new(), None);
        while refusal.is_none() && (is_deleted || (got.len() as u64) < file.bytes) {
            let target = conversation.seen_by(reader);
            let params = json!({ "conversation": target, "n": n, "offset": got.len(), "length": READ_BYTES });
            match get(params) {
                Ok((_, Some(bytes))) if !bytes.is_empty() && !is_deleted => got.extend(bytes),
                Ok((answer, _)) => refusal = Some(format!("no bytes, only {answer}")),
                Err(error) => refusal = Some(error),
            }
        }
        let is_correct = match &refusal {
            None => matches_info(&file, &got) && got == content_of(&file.name),
            Some(refusal) => is_deleted && refusal.contains("no_such_file"),
        };
        ensure(is_correct, "downloads_are_complete", || {
            format!("{conversation} {n}, deleted: {is_deleted}: {} bytes, {refusal:?}", got.len())
        })?;
    }
    Ok(())
}
