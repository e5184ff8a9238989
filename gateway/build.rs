//! Embeds the page: compresses each file of `web/src`, names it by its SHA-256, and writes the import map.
//!
//! The sources import each other by relative paths. The import map of `index.html` maps these paths to the
//! names with the hash, so a browser can cache every file forever. `PAPO_WEB_DIR` serves the sources without
//! this step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The number of bytes of the SHA-256 in the name of a file.
const HASH_BYTES: usize = 8;

/// The parts of `web/src` that only programs in Node use.
const NODE_ONLY: [&str; 3] = ["core/README.md", "core/node/", "core/package.json"];

struct Source {
    /// The path below `web/src`, such as `ui/timeline.js`.
    path: String,
    bytes: Vec<u8>,
}

fn main() -> io::Result<()> {
    let folder = Path::new("../web/src");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut sources = Vec::new();
    collect(folder, "", &mut sources)?;
    let index = sources.iter().position(|source| source.path == "index.html");
    let index = sources.remove(index.ok_or_else(|| io::Error::other("web/src/index.html is missing"))?);
    let names: BTreeMap<_, _> =
        sources.iter().map(|source| (source.path.clone(), hashed_name(source))).collect();
    let index_text = String::from_utf8_lossy(&index.bytes);
    let first_load = first_load(&sources, &index_text);
    let map = import_map(&names, &first_load);
    let page = index_page(&index_text, &names, &map, &first_load)?;
    let page = Source { path: index.path, bytes: page.into_bytes() };

    let mut code = String::from("pub(super) static ASSETS: &[Asset] = &[\n");
    for source in &sources {
        let name = names.get(&source.path).map_or("", |name| name);
        embed(&out, source, name, first_load.contains(&source.path), &mut code)?;
    }
    code.push_str("];\npub(super) static INDEX: Asset = ");
    embed(&out, &page, "index.html", true, &mut code)?;
    code.pop();
    code.pop();
    let tag = short_hash(&page.bytes);
    let hash = STANDARD.encode(Sha256::digest(map.as_bytes()));
    let _written = write!(
        code,
        ";\npub(super) const INDEX_TAG: &str = \"{tag}\";\npub(super) const IMPORT_MAP_HASH: &str = \"sha256-{hash}\";\n"
    );
    store(&out.join("assets.rs"), code.as_bytes())
}

/// All files below a folder, in the order of their paths.
fn collect(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    let mut entries: Vec<_> = folder.read_dir()?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let below = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &format!("{below}/"), sources)?;
        } else if !below.ends_with(".d.ts") && !NODE_ONLY.iter().any(|part| below.starts_with(part)) {
            let mut bytes = Vec::new();
            io::copy(&mut OpenOptions::new().read(true).open(&path)?, &mut bytes)?;
            println!("cargo::rerun-if-changed={}", path.display());
            if below.ends_with(".js") || below.ends_with(".css") {
                bytes = without_comments(&String::from_utf8_lossy(&bytes)).into_bytes();
            }
            sources.push(Source { path: below, bytes });
        }
    }
    Ok(())
}

/// Leaves out empty lines and the lines that have only a comment: a third of the compressed bytes.
fn without_comments(text: &str) -> String {
    let (mut kept, mut is_in_block) = (String::with_capacity(text.len()), false);
    for line in text.lines() {
        let trimmed = line.trim();
        if is_in_block {
            is_in_block = !trimmed.ends_with("*/");
            continue;
        }
        let is_whole_block = trimmed.find("*/").is_some_and(|end| end + 2 == trimmed.len());
        is_in_block = trimmed.starts_with("/*") && !trimmed.contains("*/");
        let is_comment = trimmed.starts_with("//") || trimmed.starts_with("/*") && is_whole_block;
        if !(trimmed.is_empty() || is_comment || is_in_block) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn short_hash(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().take(HASH_BYTES).fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// `ui/timeline.js` becomes `ui/timeline.<hash>.js`.
fn hashed_name(source: &Source) -> String {
    let hash = short_hash(&source.bytes);
    match source.path.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{}.{hash}", source.path),
    }
}

/// The modules that `main.js` imports statically, and the style sheets of `index.html`.
fn first_load(sources: &[Source], index: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec!["main.js".to_owned()];
    let sheets = sources.iter().map(|source| &source.path).filter(|path| path.ends_with(".css"));
    waiting.extend(sheets.filter(|path| index.contains(&format!("\"/a/{path}\""))).cloned());
    while let Some(path) = waiting.pop() {
        let Some(source) = sources.iter().find(|source| source.path == path) else { continue };
        if !found.insert(path.clone()) {
            continue;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in String::from_utf8_lossy(&source.bytes).lines() {
            let is_import =
                line.starts_with("import ") || line.starts_with("export ") || line.starts_with('}');
            let target = line.split_once("from \"").or_else(|| line.split_once("import \""));
            let target = target.and_then(|(_, rest)| rest.split_once('"')).map(|(target, _)| target);
            if let Some(target) = target.filter(|target| is_import && target.starts_with('.')) {
                waiting.push(resolve(folder, target));
            }
        }
    }
    found
}

/// The path of a relative import.
fn resolve(folder: &str, import: &str) -> String {
    let mut parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The modules, and the style sheets that a module loads later.
fn import_map(names: &BTreeMap<String, String>, first_load: &BTreeSet<String>) -> String {
    let is_mapped =
        |path: &str| path.ends_with(".js") || path.ends_with(".css") && !first_load.contains(path);
    let modules = names.iter().filter(|(path, _)| is_mapped(path));
    let rows: Vec<_> = modules.map(|(path, name)| format!("\"/a/{path}\":\"/a/{name}\"")).collect();
    format!("{{\"imports\":{{{}}}}}", rows.join(","))
}

/// Replaces the addresses of `index.html`, and adds the import map and the preloads before the first script.
fn index_page(
    html: &str,
    names: &BTreeMap<String, String>,
    map: &str,
    first_load: &BTreeSet<String>,
) -> io::Result<String> {
    let mut page = html.to_owned();
    for (path, name) in names {
        page = page.replace(&format!("\"/a/{path}\""), &format!("\"/a/{name}\""));
    }
    let mut head = format!("<script type=\"importmap\">{map}</script>\n");
    for path in first_load.iter().filter(|path| path.ends_with(".js")) {
        let name = names.get(path).map_or("", |name| name);
        let _written = writeln!(head, "<link rel=\"modulepreload\" href=\"/a/{name}\">");
    }
    let script = page.find("<script").ok_or_else(|| io::Error::other("index.html has no script"))?;
    page.insert_str(script, &head);
    Ok(page)
}

/// Writes a file in three encodings, and its row of the table.
fn embed(out: &Path, source: &Source, name: &str, is_first: bool, code: &mut String) -> io::Result<()> {
    let hash = short_hash(&source.bytes);
    let mut brotli = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &*source.bytes, &mut brotli, &params)?;
    let mut gzip = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, &*source.bytes, &mut gzip)?;
    store(&out.join(&hash), &source.bytes)?;
    store(&out.join(format!("{hash}.br")), &brotli)?;
    store(&out.join(format!("{hash}.gz")), &gzip)?;
    let path = &source.path;
    let include = |suffix: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{hash}{suffix}\"))");
    let _written = writeln!(
        code,
        "Asset {{ path: {path:?}, name: {name:?}, is_first: {is_first}, plain: {}, brotli: {}, gzip: {} }},",
        include(""),
        include(".br"),
        include(".gz")
    );
    Ok(())
}

fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)?.write_all(bytes)
}
