//! The page: `/`, `/u/{slot}/` and the files below `/a/`.
//!
//! `build.rs` embeds the files. A name with a hash never changes its content, so browsers keep the file. With
//! `PAPO_WEB_DIR`, the sources are read from a folder for each request instead.

use std::path::Path;

use axum::Extension;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;

use super::answer::refuse;
use super::credential::SLOTS;
use super::web::{VisitorOf, Web};

/// A file of the page in three encodings.
pub(super) struct Asset {
    path: &'static str,
    name: &'static str,
    /// Whether a browser loads the file before the page is usable.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test of the budget reads it"))]
    is_first: bool,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

mod assets {
    use super::Asset;
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}
use assets::{ASSETS, IMPORT_MAP_HASH, INDEX, INDEX_TAG};

/// One year, and the browser does not ask again.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The tag of the embedded page. The hello carries it, so an open page notices a new version.
pub(crate) const TAG: &str = INDEX_TAG;

/// The Content-Security-Policy of the page. Trusted Types make the browser refuse HTML from strings.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src 'self' '{IMPORT_MAP_HASH}'; style-src 'self'; img-src 'self' blob:; \
         media-src 'self' blob:; connect-src 'self'; font-src 'none'; worker-src 'self'; manifest-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types papo-worker"
    )
}

/// `GET /`.
pub(crate) async fn index(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    headers: HeaderMap,
) -> Response {
    let mut answer = match web.web_folder() {
        Some(folder) => from_folder(folder, "index.html"),
        None => embedded(&INDEX, &headers, NO_CACHE),
    };
    let fields = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        fields.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut set = |name, value| fields.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    set("cross-origin-opener-policy", "same-origin");
    set("permissions-policy", "camera=(), microphone=(), geolocation=()");
    if visitor.client.is_secure {
        set("strict-transport-security", "max-age=31536000");
    }
    answer
}

/// `GET /u/{slot}/`: the page of a session in a browser that has several.
pub(crate) async fn of_slot(
    UrlPath(slot): UrlPath<u8>,
    web: State<Web>,
    visitor: VisitorOf,
    headers: HeaderMap,
) -> Response {
    if slot >= SLOTS {
        return refuse(StatusCode::NOT_FOUND, "no_such_path", "a slot is a number below 10");
    }
    index(web, visitor, headers).await
}

/// `GET /u/{slot}`: the address needs a slash at its end.
pub(crate) async fn without_slash(UrlPath(slot): UrlPath<u8>) -> Response {
    Redirect::permanent(&format!("/u/{slot}/")).into_response()
}

/// `GET /a/{path}`.
pub(crate) async fn asset(
    State(web): State<Web>,
    UrlPath(path): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    file(&web, &path, &headers)
}

/// `GET /sw.js`: the service worker. Its address decides that it serves all pages.
pub(crate) async fn worker(State(web): State<Web>, headers: HeaderMap) -> Response {
    let mut answer = file(&web, "sw.js", &headers);
    let policy = HeaderValue::from_static("default-src 'none'; connect-src 'self'");
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}

fn file(web: &Web, path: &str, headers: &HeaderMap) -> Response {
    if let Some(folder) = web.web_folder() {
        return from_folder(folder, path);
    }
    let caching = |asset: &Asset| if asset.name == path { IMMUTABLE } else { NO_CACHE };
    // The manifest names its icon without a hash.
    match ASSETS.iter().find(|asset| asset.name == path || asset.path == path) {
        Some(asset) => embedded(asset, headers, caching(asset)),
        None => no_such_file(),
    }
}

fn no_such_file() -> Response {
    refuse(StatusCode::NOT_FOUND, "no_such_path", "the page has no such file: load the page again")
}

fn embedded(asset: &'static Asset, headers: &HeaderMap, caching: HeaderValue) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{TAG}\"")).unwrap_or(NO_CACHE);
    let is_index = asset.name == INDEX.name;
    if is_index && headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let (bytes, encoding) = match () {
        () if accepts(headers, "br") => (asset.brotli, Some("br")),
        () if accepts(headers, "gzip") => (asset.gzip, Some("gzip")),
        () => (asset.plain, None),
    };
    let mut answer = Bytes::from_static(bytes).into_response();
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, content_type(asset.path));
    fields.insert(header::CACHE_CONTROL, caching);
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if is_index {
        fields.insert(header::ETAG, tag);
    }
    answer
}

/// Whether the client accepts an encoding. An encoding with the weight 0 is refused.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        name.trim().eq_ignore_ascii_case(encoding) && weight > 0.0
    })
}

/// A file of the folder of `PAPO_WEB_DIR`.
fn from_folder(folder: &Path, path: &str) -> Response {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if !is_plain || path.split('/').any(|part| part.is_empty() || part == "..") {
        return no_such_file();
    }
    let Ok(bytes) = disk::read(&folder.join(path)) else { return no_such_file() };
    ([(header::CONTENT_TYPE, content_type(path)), (header::CACHE_CONTROL, NO_CACHE)], bytes).into_response()
}

fn content_type(path: &str) -> HeaderValue {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    HeaderValue::from_static(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget of the first load: all files that a browser needs before the page is usable.
    const FIRST_LOAD_BYTES_MAX: usize = 100_000;

    #[test]
    fn the_first_load_is_small() {
        // A browser loads one language: the larger one counts. The other texts are loaded later.
        let is_larger_language = |asset: &Asset| {
            let is_language = asset.path.starts_with("i18n/") && asset.path.ends_with("-BR.js");
            let is_later =
                ["i18n/commands", "i18n/admin", "i18n/emoji"].iter().any(|name| asset.path.starts_with(name));
            is_language && !is_later
        };
        let first = ASSETS.iter().filter(|asset| asset.is_first || is_larger_language(asset));
        let sum = |bytes: fn(&Asset) -> &'static [u8]| {
            first.clone().map(|asset| bytes(asset).len()).sum::<usize>() + bytes(&INDEX).len()
        };
        let (brotli, gzip) = (sum(|asset| asset.brotli), sum(|asset| asset.gzip));
        println!("first load: {brotli} bytes with brotli, {gzip} bytes with gzip");
        assert!(brotli > 10_000, "the table of the files is incomplete: {brotli} bytes");
        assert!(brotli.max(gzip) <= FIRST_LOAD_BYTES_MAX, "{brotli} bytes with brotli, {gzip} with gzip");
    }

    #[test]
    fn the_sources_have_no_sink_for_html() {
        let sinks =
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "document.write"];
        for asset in ASSETS {
            let text = String::from_utf8_lossy(asset.plain);
            for sink in sinks {
                assert!(!text.contains(sink), "{} has {sink}", asset.path);
            }
        }
        let index = String::from_utf8_lossy(INDEX.plain);
        assert!(!index.contains("style=") && !index.contains(" onclick="), "{index}");
        assert_eq!(index.matches("<script").count(), 2, "only the import map and main.js: {index}");
    }

    #[test]
    fn every_address_of_the_page_exists() {
        let index = String::from_utf8_lossy(INDEX.plain);
        let addresses: Vec<_> =
            index.split("\"/a/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(addresses.len() > 10);
        for address in addresses {
            let is_known = ASSETS.iter().any(|asset| asset.name == address || asset.path == address);
            assert!(is_known, "{address}");
        }
    }

    #[test]
    fn an_encoding_with_weight_0_is_not_used() {
        let accepts = |value: &str| {
            let headers = HeaderMap::from_iter([(
                header::ACCEPT_ENCODING,
                HeaderValue::from_str(value).expect("a value"),
            )]);
            accepts(&headers, "br")
        };
        assert!(accepts("gzip, br") && accepts("BR;q=0.5"));
        assert!(!accepts("gzip") && !accepts("br;q=0") && !accepts("brx"));
    }

    #[test]
    fn a_path_cannot_leave_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(from_folder(&folder, "http/page.rs").status(), StatusCode::OK);
        for bad in ["../Cargo.toml", "http/../../Cargo.toml", "/etc/passwd", "http//page.rs", ""] {
            assert_eq!(from_folder(&folder, bad).status(), StatusCode::NOT_FOUND, "{bad}");
        }
    }
}
