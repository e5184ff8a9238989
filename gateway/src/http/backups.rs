//! `GET /backups/{name}`: a backup of the node, or a range of it. The server decides whether the user is an
//! administrator.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use common::backups::Backups;
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::{Detail, Error};
use serde_json::json;

use super::admission::too_many_bodies;
use super::answer::Failure;
use super::call::{Ask, ask};
use super::files::content::{Content, set};
use super::web::{Visitor, VisitorOf, Web};

pub(crate) async fn download(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(held) = web.limits.hold_body(visitor.client.sender, FILE_CHUNK_BYTES_MAX) else {
        return Ok(too_many_bodies());
    };
    let content = find(&web, &visitor, &name).await?;
    let range = match content.range(&headers) {
        Ok(range) => range,
        Err(answer) => return Ok(*answer),
    };
    let first = content.part(&web, &visitor, range.start, range.end).await?;
    let mut answer = content.answer(web, visitor, range, first, held);
    set(&mut answer, header::CONTENT_TYPE, "application/x-tar".to_owned());
    // The name is one of the server's names: letters, digits, hyphens and dots.
    set(&mut answer, header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    set(&mut answer, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned());
    Ok(answer)
}

/// Finds a backup in the list of the server. No name of a request becomes a part of a path.
async fn find(web: &Web, visitor: &Visitor, name: &str) -> Result<Content, Failure> {
    let listed =
        ask(web, visitor.client, visitor.token.as_ref(), Ask::new("admin.backups", json!({}))).await?;
    let listed: Backups = serde_json::from_str(listed.raw()?.get()).map_err(|_| Detail::NoReply)?;
    let known = listed.backups.into_iter().find(|backup| backup.name == name);
    let known = known.ok_or_else(|| Error::from(Detail::NoSuchBackup))?;
    let etag = HeaderValue::try_from(format!("\"{}-{}\"", known.name, known.bytes));
    Ok(Content {
        method: "admin.backup_get",
        params: json!({ "name": known.name }),
        bytes: known.bytes,
        etag: etag.map_err(|_| Detail::NoReply)?,
    })
}
