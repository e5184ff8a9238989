//! The person's own folder: sessions that are kept, servers that are known, and the lines typed. The only place of
//! the client that touches the disk.
//!
//! `sessions.json` holds one session per server, by endpoint. Whoever can read it can speak for the person, and
//! whoever can write `known_hosts.json`, the keys of servers by `host:port`, or `last_server.json`, which leads to a
//! server without a word, can speak for a server. So the files have mode 0600, in a folder of mode 0700, and each is
//! replaced as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use common::accounts::LoggedIn;
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::keys::PublicKey;
use uuid::Uuid;

use crate::cli_error::CliError;
use crate::local_error::{FileAction, LocalError, cannot};

/// Sessions by the endpoint of their server.
const SESSIONS: &str = "sessions.json";

/// The public keys of servers by `host:port`.
const KNOWN_HOSTS: &str = "known_hosts.json";

/// What leads to the server that answered last, by how it is talked to.
const LAST_SERVER: &str = "last_server.json";

/// The ids of uploads that were begun and are not sent yet, by what is sent to whom.
const UPLOADS: &str = "uploads.json";

/// Uploads that are remembered; the oldest are forgotten, and begin anew.
const UPLOADS_MAX: usize = 64;

/// How the server that answered last was talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastServer {
    Encrypted,
    InPlainText,
}

impl LastServer {
    fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::InPlainText => "plaintext",
        }
    }
}

/// The person's own folder.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    folder: PathBuf,
}

impl Config {
    /// The given folder, or `papo` where the system keeps such things. It is made when first needed.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self, CliError> {
        let usual = || {
            let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
            let base =
                absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
            base.map(|base| base.join("papo"))
        };
        let folder = folder.or_else(usual);
        folder.map(|folder| Self { folder }).ok_or_else(|| LocalError::NoHome.into())
    }

    /// The session kept for a server, by the names that it has.
    pub(crate) fn session(&self, server: &[String]) -> Result<Option<LoggedIn>, CliError> {
        let mut sessions = self.load(SESSIONS)?;
        Ok(server.iter().find_map(|name| sessions.remove(name)))
    }

    /// Keeps a session.
    pub(crate) fn keep(&self, server: &[String], session: &LoggedIn) -> Result<(), CliError> {
        let mut sessions = self.load(SESSIONS)?;
        sessions.extend(server.iter().map(|name| (name.clone(), session.clone())));
        self.store(SESSIONS, &sessions)
    }

    /// Keeps a session no longer.
    pub(crate) fn forget(&self, server: &[String]) -> Result<(), CliError> {
        let mut sessions = self.load::<LoggedIn>(SESSIONS)?;
        let before = sessions.len();
        sessions.retain(|name, _| !server.contains(name));
        if sessions.len() < before {
            self.store(SESSIONS, &sessions)?;
        }
        Ok(())
    }

    /// The key that the server at `host:port` is known by.
    pub(crate) fn known_key(&self, host: &str) -> Result<Option<PublicKey>, CliError> {
        Ok(self.load(KNOWN_HOSTS)?.remove(host))
    }

    /// Knows a server by its key from now on.
    pub(crate) fn know(&self, host: &str, key: PublicKey) -> Result<(), CliError> {
        let mut known = self.load(KNOWN_HOSTS)?;
        known.insert(host.to_owned(), key);
        self.store(KNOWN_HOSTS, &known)
    }

    /// Where the keys of servers are kept.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder.join(KNOWN_HOSTS)
    }

    /// What leads to the server that answered last.
    pub(crate) fn last_server(&self, how: LastServer) -> Result<Option<Vec<String>>, CliError> {
        Ok(self.load(LAST_SERVER)?.remove(how.name()))
    }

    /// Remembers the server that has answered.
    pub(crate) fn remember(&self, how: LastServer, server: &[String]) -> Result<(), CliError> {
        let mut last = self.load(LAST_SERVER)?;
        if last.insert(how.name().to_owned(), server.to_vec()).as_deref() == Some(server) {
            return Ok(());
        }
        self.store(LAST_SERVER, &last)
    }

    /// The id of an upload, the same one until it is [sent](Self::forget_upload).
    pub(crate) fn upload(&self, what: &str) -> Result<Uuid, CliError> {
        let mut uploads = self.load::<Uuid>(UPLOADS)?;
        if let Some(id) = uploads.get(what) {
            return Ok(*id);
        }
        let id = Uuid::now_v7();
        uploads.insert(what.to_owned(), id);
        while uploads.len() > UPLOADS_MAX {
            // An id begins with the time it was made at.
            let oldest = uploads.iter().min_by_key(|(_, id)| **id).map(|(what, _)| what.clone());
            oldest.and_then(|what| uploads.remove(&what));
        }
        self.store(UPLOADS, &uploads).map(|()| id)
    }

    /// An upload is sent: the same file once more is another one.
    pub(crate) fn forget_upload(&self, what: &str) -> Result<(), CliError> {
        let mut uploads = self.load::<Uuid>(UPLOADS)?;
        uploads.remove(what);
        self.store(UPLOADS, &uploads)
    }

    /// Where messages are kept until they are sent.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.folder.join("outbox")
    }

    /// Where the last messages are kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Where the lines typed are kept.
    pub(crate) fn lines_typed(&self) -> Result<PathBuf, CliError> {
        self.make_folder().map_err(|error| cannot(FileAction::Make, &self.folder, error))?;
        Ok(self.folder.join("lines_typed"))
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<BTreeMap<String, T>, CliError> {
        let file = self.folder.join(name);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(cannot(FileAction::Read, &file, error)),
        };
        serde_json::from_str(&text)
            .map_err(|error| LocalError::Damaged { file, error: error.to_string() }.into())
    }

    fn store<T: Serialize>(&self, name: &str, entries: &BTreeMap<String, T>) -> Result<(), CliError> {
        let mut text = serde_json::to_string_pretty(entries).map_err(io::Error::from)?;
        text.push('\n');
        self.replace(name, &text).map_err(|error| cannot(FileAction::Write, &self.folder.join(name), error))
    }

    /// Temporary file, synced, then renamed: a crash leaves the old file or the new one.
    fn replace(&self, name: &str, text: &str) -> io::Result<()> {
        self.make_folder()?;
        // A chat has several connections, and each of them a thread that may write.
        let temporary = self.folder.join(format!("{name}.{}.tmp", Uuid::now_v7()));
        let renamed = || fs::rename(&temporary, self.folder.join(name));
        let written = write_private(&temporary, text).and_then(|()| renamed());
        if written.is_err() {
            let _best_effort = fs::remove_file(&temporary);
        }
        written
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }
}

/// The first line of a file that holds a password.
pub(crate) fn read_password(file: &Path) -> Result<String, CliError> {
    let text = fs::read_to_string(file).map_err(|error| cannot(FileAction::Read, file, error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn server(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    const LOCAL: &str = "tcp://127.0.0.1:5555";

    fn session(token: &str) -> LoggedIn {
        let user = common::UserName::new("alice").expect("a name");
        LoggedIn { user, token: token.to_owned(), topic: "user.alice.0".to_owned(), expires: 7 }
    }

    fn config() -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::new(Some(folder.path().join("papo"))).expect("a config");
        (folder, config)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("metadata").permissions().mode() & 0o777
    }

    #[test]
    fn sessions_are_kept_by_server_and_are_nobody_elses_business() {
        let (_folder, config) = config();
        assert_eq!(config.session(&server(LOCAL)).expect("no file yet"), None);
        config.keep(&server(LOCAL), &session("one")).expect("kept");
        config.keep(&server("ipc:///tmp/papo"), &session("other")).expect("kept");
        assert_eq!(config.session(&server(LOCAL)).expect("a session"), Some(session("one")));
        assert_eq!(mode(&config.folder), 0o700);
        assert_eq!(mode(&config.folder.join(SESSIONS)), 0o600);
        config.forget(&server(LOCAL)).expect("forgotten");
        assert_eq!(config.session(&server(LOCAL)).expect("no session"), None);
        assert_eq!(config.session(&server("ipc:///tmp/papo")).expect("a session"), Some(session("other")));
    }

    #[test]
    fn the_file_is_replaced_and_never_written_into() {
        let (_folder, config) = config();
        config.keep(&server(LOCAL), &session("one")).expect("kept");
        let earlier = config.folder.join("earlier");
        fs::hard_link(config.folder.join(SESSIONS), &earlier).expect("a link");
        config.keep(&server(LOCAL), &session("two")).expect("kept");
        assert!(fs::read_to_string(&earlier).expect("the old file").contains("\"one\""));
        let names = fs::read_dir(&config.folder).expect("a folder").count();
        assert_eq!(names, 2, "no temporary file is left");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let (_folder, config) = config();
        config.keep(&server(LOCAL), &session("one")).expect("kept");
        write_private(&config.folder.join(SESSIONS), "{\"tcp").expect("damaged");
        let sentence = config.session(&server(LOCAL)).expect_err("damaged").to_string();
        assert!(sentence.ends_with("delete it and start again"), "{sentence}");
        assert!(config.keep(&server(LOCAL), &session("two")).is_err(), "what is there is not overwritten");
    }
}
