//! `file.begin`, `file.chunk`, `file.commit`, `file.get`, `file.link`, `file.open`.

use common::files::{
    Begin, Begun, Chunk, Commit, Get, Have, Link, LinkHours, LinkedPart, MakeLink, OpenLink, Part,
};
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::messages::Sent;
use common::{Body, Conversation, Detail, Error, Target, UserName};
use uuid::Uuid;

use super::{RequestContext, Unanswered};
use crate::domain::links::{self, FileLink, LinkNonce};
use crate::domain::{Command, files, history};
use crate::services::files::copies::{Content, Need};
use crate::services::files::{Failure, Outcome, Upload};
use crate::services::jobs::{self, Job, Kind};
use crate::services::limiters::rates::RateKind;
use crate::storage::ledger::Receipt;

/// Begins or continues an upload. Makes the same checks as `file.commit` before the client sends any bytes.
pub(super) fn begin(
    context: &mut RequestContext<'_>,
    params: Begin<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Begun, Unanswered> {
    let user = context.authenticate(&params.token)?;
    let Begin { to, id, info, .. } = params;
    if context.ledger.sent_before(id, &user)?.is_some() {
        return Ok(Begun { file: id, have: info.bytes });
    }
    let outcome = outcome.map(file_outcome);
    match &outcome {
        Some(Outcome::Finished | Outcome::Failed(Failure::NotFound)) | None => {}
        Some(outcome) => {
            if matches!(outcome, Outcome::Failed(_)) {
                context.files.discard_upload(id, context.ledger.position());
            }
            return Ok(Begun { file: id, have: stored_bytes(outcome)? });
        }
    }
    may_share(context, &user, &to, id)?;
    let _is_discarded = discard_if_unreadable(context, &user, id);
    let known = files::readable_content(context.ledger.state(), &user, &info.sha256);
    if let Some(known) = known.map(|shared| shared.bytes).filter(|known| *known != info.bytes) {
        return Err(Detail::WrongLength { known, bytes: info.bytes }.into());
    }
    let known = match outcome {
        // The user uploads the bytes, because no node sent the content.
        Some(_) if outcome != Some(Outcome::Finished) => None,
        None if context.ledger.is_in_cluster() && known.is_some() => {
            return Err(Unanswered::NeedsNodes(Need::Here(Content {
                sha256: info.sha256,
                bytes: info.bytes,
            })));
        }
        _ => known,
    };
    let by_hash = known.map(|shared| Conversation::of(&shared.from, &shared.to).seen_by(&user));
    let is_verified = by_hash.is_some();
    let common::FileInfo { name, bytes, sha256 } = info;
    let (begun, is_from_earlier_run) = (context.now_ms, false);
    let requested =
        Upload { id, user, to, name, bytes, sha256, begun, is_verified, by_hash, is_from_earlier_run };
    let known = context.files.uploads.resume(&requested, context.now_ms)?;
    let is_new = known.is_none();
    let upload = match known {
        Some(upload) => upload,
        None => {
            context.ledger.may_write()?;
            context.check_quota(&requested.user)?;
            context.take_rate(&requested.user, RateKind::Messages)?;
            for idle in context.files.uploads.add(requested.clone(), &context.ledger.state().files)? {
                context.files.discard_upload(idle, context.ledger.position());
            }
            requested
        }
    };
    let folder = context.files.folder.clone();
    Err(Unanswered::NeedsJob(Job::file(Kind::Transfers, move || folder.begin(&upload, is_new))))
}

pub(super) fn chunk(
    context: &mut RequestContext<'_>,
    params: &Chunk<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Have, Unanswered> {
    let user = context.authenticate(&params.token)?;
    if let Some(outcome) = outcome {
        let outcome = file_outcome(outcome);
        if outcome == Outcome::Failed(Failure::Lost) {
            context.files.discard_upload(params.file, context.ledger.position());
        }
        return Ok(Have { have: stored_bytes(&outcome)? });
    }
    let upload = context.files.uploads.touch(&user, params.file, context.now_ms)?.clone();
    if !context.is_in_scope(&upload.to) {
        return Err(Detail::NoSuchUpload.into());
    }
    let bytes = context.attached.bytes.clone().filter(|_| context.attached.is_single_line);
    let bytes = bytes.ok_or(Detail::NoChunkBytes)?;
    if bytes.is_empty() || bytes.len() > FILE_CHUNK_BYTES_MAX {
        return Err(Detail::ChunkSize { max: FILE_CHUNK_BYTES_MAX, bytes: bytes.len() }.into());
    }
    let offset = params.offset;
    if offset.checked_add(bytes.len() as u64).is_none_or(|end| end > upload.bytes) {
        return Err(Detail::ChunkBeyondFile { bytes: upload.bytes }.into());
    }
    let folder = context.files.folder.clone();
    // On a full disk, the chunk would use the space that the log needs for revocations.
    context.ledger.may_write()?;
    Err(Unanswered::NeedsJob(Job::file(Kind::Transfers, move || folder.append(&upload, offset, &bytes))))
}

/// Makes the complete content of an upload durable, in a cluster also on one other node, and then records its
/// event.
pub(super) fn commit(
    context: &mut RequestContext<'_>,
    params: &Commit<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Sent, Unanswered> {
    let id = params.file;
    let outcome = outcome.map(file_outcome);
    // Update the upload before the session is checked: the session may have ended during the job.
    match &outcome {
        Some(Outcome::Failed(Failure::WrongContent | Failure::Lost)) => {
            context.files.discard_upload(id, context.ledger.position());
        }
        Some(outcome) => {
            let is_verified = matches!(outcome, Outcome::Finished | Outcome::Copied);
            context.files.uploads.end_commit(id, is_verified);
        }
        None => {}
    }
    let user = context.authenticate(&params.token)?;
    if let Some(Receipt { n, at }) = context.ledger.sent_before(id, &user)? {
        return Ok(Sent::new(n, at));
    }
    if let Some(Outcome::Failed(failure)) = outcome {
        return Err(error_of(failure).into());
    }
    let upload = context.files.uploads.touch(&user, id, context.now_ms)?.clone();
    if !context.is_in_scope(&upload.to) {
        return Err(Detail::NoSuchUpload.into());
    }
    may_share(context, &user, &upload.to, id)?;
    if discard_if_unreadable(context, &user, id) {
        return Err(Detail::NoSuchUpload.into());
    }
    if outcome.is_none() {
        context.ledger.may_write()?;
        context.files.uploads.mark_committing(id);
        let folder = context.files.folder.clone();
        return Err(Unanswered::NeedsJob(Job::commit(id, move || folder.commit(&upload))));
    }
    if outcome == Some(Outcome::Finished) && context.ledger.is_in_cluster() {
        context.files.uploads.mark_committing(id);
        return Err(Unanswered::NeedsNodes(Need::Elsewhere(Content {
            sha256: upload.sha256,
            bytes: upload.bytes,
        })));
    }
    let file = upload.info();
    let receipt = context.record(Command::Share { user, to: upload.to, id, file })?;
    let Receipt { n, at } = receipt.ok_or(Detail::Internal)?;
    context.files.uploads.mark_recorded(id, context.ledger.position());
    Ok(Sent::new(n, at))
}

/// Reads a part of a file, for users who may read its event.
pub(super) fn get(
    context: &mut RequestContext<'_>,
    params: &Get<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Part, Unanswered> {
    let user = context.authenticate(&params.token)?;
    let shared = files::find(context.ledger.state(), &user, &params.conversation, params.n)?;
    let content = Content { sha256: shared.sha256, bytes: shared.bytes };
    read(context, content, params.offset, params.length, outcome)
}

/// Makes a link with which everybody reads a file that the user may read.
pub(super) fn link(context: &mut RequestContext<'_>, params: &MakeLink<'_>) -> Result<Link, Error> {
    let maker = context.authenticate(&params.token)?;
    let (state, conversation) = (context.ledger.state(), params.conversation.clone());
    let sha256 = files::find(state, &maker, &conversation, params.n)?.sha256;
    let expires = context.now_ms + params.hours.unwrap_or(LinkHours::MAX).as_ms();
    let mut nonce = LinkNonce::default();
    getrandom::fill(&mut nonce).map_err(|_no_random_bytes| Detail::Internal)?;
    let link = FileLink { maker, conversation, n: params.n, sha256, expires };
    let code = state.channels.link_key().seal(&link, nonce).ok_or(Detail::Internal)?;
    let path = format!("/f/{code}");
    let url = context.web_origin.map(|origin| format!("{origin}{path}"));
    Ok(Link { path, url, expires })
}

/// Reads a part of the file of a link. The rate belongs to the maker of the link.
pub(super) fn open(
    context: &mut RequestContext<'_>,
    params: &OpenLink,
    outcome: Option<jobs::Outcome>,
) -> Result<LinkedPart, Unanswered> {
    let (link, shared) = links::find(context.ledger.state(), &params.code, context.now_ms)?;
    let content = Content { sha256: shared.sha256, bytes: shared.bytes };
    let conversation = Conversation::of(&link.maker, &link.conversation);
    if outcome.is_none() {
        context.take_rate(&link.maker, RateKind::Links)?;
    }
    let event = context.ledger.event(&conversation, link.n)?;
    let Some(Body::File { file, .. }) = event.map(|event| event.body) else {
        return Err(Detail::LinkEnded.into());
    };
    let Part { offset, length, .. } = read(context, content, params.offset, params.length, outcome)?;
    Ok(LinkedPart { file: *file, offset, length })
}

/// Reads a part of a content: starts the job, or returns its outcome.
fn read(
    context: &mut RequestContext<'_>,
    Content { sha256, bytes }: Content,
    offset: u64,
    length: Option<u64>,
    outcome: Option<jobs::Outcome>,
) -> Result<Part, Unanswered> {
    match outcome.map(file_outcome) {
        Some(Outcome::Failed(Failure::Missing)) if context.ledger.is_in_cluster() => {
            return Err(Unanswered::NeedsNodes(Need::Here(Content { sha256, bytes })));
        }
        // Another node has sent the content.
        Some(Outcome::Finished) | None => {}
        Some(outcome) => {
            let part = content_part(outcome)?;
            let length = part.len() as u64;
            *context.attached.reply = Some(part);
            return Ok(Part { bytes, offset, length });
        }
    }
    if !context.attached.is_single_line {
        return Err(Detail::FileGetNotAlone.into());
    }
    let Some(left) = bytes.checked_sub(offset) else {
        return Err(Detail::BeyondFile { bytes, offset }.into());
    };
    let length = left.min(length.unwrap_or(u64::MAX)).min(FILE_CHUNK_BYTES_MAX as u64);
    let length = usize::try_from(length).unwrap_or(FILE_CHUNK_BYTES_MAX);
    let folder = context.files.folder.clone();
    Err(Unanswered::NeedsJob(Job::file(Kind::Transfers, move || folder.read(&sha256, offset, length))))
}

/// Checks that the user may send the file. If not, discards the upload, because its bytes count towards the
/// user's quota.
fn may_share(context: &mut RequestContext<'_>, user: &UserName, to: &Target, id: Uuid) -> Result<(), Error> {
    let allowed = files::may_share(context.ledger.state(), user, to, id, context.now_ms);
    if allowed.is_err() && context.files.uploads.is_open_for(id, user, to) {
        context.files.discard_upload(id, context.ledger.position());
    }
    Ok(allowed?)
}

/// Discards an upload without bytes if its user may no longer read the file with the same hash. The user
/// must then upload the bytes. Returns whether the upload was discarded.
fn discard_if_unreadable(context: &mut RequestContext<'_>, user: &UserName, id: Uuid) -> bool {
    let Some(upload) = context.files.uploads.open_by_hash(id, user) else { return false };
    let source = upload.by_hash.as_ref();
    if source.is_none_or(|source| history::readable(context.ledger.state(), user, source).is_ok()) {
        return false;
    }
    context.files.discard_upload(id, context.ledger.position());
    true
}

fn file_outcome(outcome: jobs::Outcome) -> Outcome {
    match outcome {
        jobs::Outcome::File(outcome) => outcome,
        jobs::Outcome::Password(..) | jobs::Outcome::Search(_) | jobs::Outcome::Failed => {
            Outcome::Failed(Failure::Unavailable)
        }
    }
}

fn stored_bytes(outcome: &Outcome) -> Result<u64, Error> {
    match outcome {
        Outcome::Have(have) => Ok(*have),
        Outcome::Failed(failure) => Err(error_of(*failure)),
        Outcome::Finished | Outcome::Copied | Outcome::Bytes(_) => Err(error_of(Failure::Unavailable)),
    }
}

fn content_part(outcome: Outcome) -> Result<Vec<u8>, Error> {
    match outcome {
        Outcome::Bytes(bytes) => Ok(bytes),
        Outcome::Failed(failure) => Err(error_of(failure)),
        Outcome::Finished | Outcome::Copied | Outcome::Have(_) => Err(error_of(Failure::Unavailable)),
    }
}

fn error_of(failure: Failure) -> Error {
    match failure {
        Failure::WrongOffset(have) => Error::from(Detail::WrongOffset { have }).with_have(have),
        Failure::WrongContent => Detail::WrongContent.into(),
        Failure::StorageFull => Detail::UploadStorageFull.into(),
        Failure::Unavailable | Failure::Missing | Failure::NotFound => Detail::FilesUnavailable.into(),
        Failure::NotCopied => Detail::NotCopied.into(),
        Failure::Lost => Detail::UploadLost.into(),
    }
}
