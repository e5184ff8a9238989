//! The user's own folder: sessions, keys of known servers, the client's own keys, ids of interrupted uploads,
//! the history of typed lines, the outbox and the cache.
//!
//! A program that can read `sessions.json` can impersonate the user. A program that can write
//! `known_hosts.json` or `last_server.json` can impersonate a server. So the files have mode 0600 in a folder
//! with mode 0700. Each file is replaced atomically.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use common::accounts::LoggedIn;
use disk::{Access, RealDisk};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::key_folder::KeyFolder;
use transport::keys::PublicKey;
use uuid::Uuid;

use crate::cli_error::CliError;
use crate::local_error::{FileAction, LocalError, file_error};

/// Sessions by the endpoint of their server.
const SESSIONS: &str = "sessions.json";

/// The public keys of servers by `host:port`.
const KNOWN_HOSTS: &str = "known_hosts.json";

/// The endpoints of the last server that answered, under the keys `encrypted` and `plaintext`.
const LAST_SERVER: &str = "last_server.json";

/// The ids of incomplete uploads, by user, conversation and file.
const UPLOADS: &str = "uploads.json";

/// The maximum number of stored upload ids. An upload without a stored id starts again from its first byte.
const UPLOADS_MAX: usize = 64;

/// The protection of the connection to the last server that answered.
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

/// The user's own folder.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    folder: PathBuf,
}

impl Config {
    /// Uses the given folder, or `papo` in the system's configuration folder. The first write creates the
    /// folder.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self, CliError> {
        let default = || {
            let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
            let base =
                absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
            base.map(|base| base.join("papo"))
        };
        let folder = folder.or_else(default);
        folder.map(|folder| Self { folder }).ok_or_else(|| LocalError::NoHome.into())
    }

    /// The session that is stored for one of the addresses of a server.
    pub(crate) fn session(&self, server: &[String]) -> Result<Option<LoggedIn>, CliError> {
        let mut sessions = self.load(SESSIONS)?;
        Ok(server.iter().find_map(|name| sessions.remove(name)))
    }

    pub(crate) fn store_session(&self, server: &[String], session: &LoggedIn) -> Result<(), CliError> {
        let mut sessions = self.load(SESSIONS)?;
        sessions.extend(server.iter().map(|name| (name.clone(), session.clone())));
        self.store(SESSIONS, &sessions)
    }

    pub(crate) fn remove_session(&self, server: &[String]) -> Result<(), CliError> {
        let mut sessions = self.load::<LoggedIn>(SESSIONS)?;
        let before = sessions.len();
        sessions.retain(|name, _| !server.contains(name));
        if sessions.len() < before {
            self.store(SESSIONS, &sessions)?;
        }
        Ok(())
    }

    /// The stored key of the server at `host:port`.
    pub(crate) fn known_key(&self, host: &str) -> Result<Option<PublicKey>, CliError> {
        Ok(self.load(KNOWN_HOSTS)?.remove(host))
    }

    pub(crate) fn store_key(&self, host: &str, key: PublicKey) -> Result<(), CliError> {
        let mut known = self.load(KNOWN_HOSTS)?;
        known.insert(host.to_owned(), key);
        self.store(KNOWN_HOSTS, &known)
    }

    /// The folder of the client's own keys, one pair for each node.
    pub(crate) fn own_keys(&self) -> KeyFolder {
        KeyFolder::new(self.folder.join("keys"))
    }

    /// The file with the keys of servers.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder.join(KNOWN_HOSTS)
    }

    /// The endpoints of the last server that answered.
    pub(crate) fn last_server(&self, kind: LastServer) -> Result<Option<Vec<String>>, CliError> {
        Ok(self.load(LAST_SERVER)?.remove(kind.name()))
    }

    /// Stores the endpoints of a server that answered.
    pub(crate) fn store_last_server(&self, kind: LastServer, server: &[String]) -> Result<(), CliError> {
        let mut last = self.load(LAST_SERVER)?;
        if last.insert(kind.name().to_owned(), server.to_vec()).as_deref() == Some(server) {
            return Ok(());
        }
        self.store(LAST_SERVER, &last)
    }

    /// The id of an upload. It is the same until [`remove_upload`](Self::remove_upload).
    pub(crate) fn upload_id(&self, key: &str) -> Result<Uuid, CliError> {
        let mut uploads = self.load::<Uuid>(UPLOADS)?;
        if let Some(id) = uploads.get(key) {
            return Ok(*id);
        }
        let id = Uuid::now_v7();
        uploads.insert(key.to_owned(), id);
        while uploads.len() > UPLOADS_MAX {
            // An id starts with the time of its creation.
            let oldest = uploads.iter().min_by_key(|(_, id)| **id).map(|(key, _)| key.clone());
            oldest.and_then(|key| uploads.remove(&key));
        }
        self.store(UPLOADS, &uploads).map(|()| id)
    }

    /// Removes the id of a committed upload. The next upload of the same file has a new id.
    pub(crate) fn remove_upload(&self, key: &str) -> Result<(), CliError> {
        let mut uploads = self.load::<Uuid>(UPLOADS)?;
        uploads.remove(key);
        self.store(UPLOADS, &uploads)
    }

    /// The folder, for the outbox.
    pub(crate) fn disk(&self) -> RealDisk {
        RealDisk::new(&self.folder)
    }

    /// The folder of the cache.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// The file with the history of typed lines.
    pub(crate) fn history_file(&self) -> Result<PathBuf, CliError> {
        disk::make_folder(&self.folder)
            .map_err(|error| file_error(FileAction::Create, &self.folder, error))?;
        Ok(self.folder.join("lines_typed"))
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<BTreeMap<String, T>, CliError> {
        let file = self.folder.join(name);
        let text = match disk::read_text(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            text => text.map_err(|error| file_error(FileAction::Read, &file, error))?,
        };
        serde_json::from_str(&text)
            .map_err(|error| LocalError::Damaged { file, error: error.to_string() }.into())
    }

    fn store<T: Serialize>(&self, name: &str, entries: &BTreeMap<String, T>) -> Result<(), CliError> {
        let mut text = serde_json::to_string_pretty(entries).map_err(io::Error::from)?;
        text.push('\n');
        let file = self.folder.join(name);
        let replaced = disk::make_folder(&self.folder)
            .and_then(|()| disk::replace_file(&file, text.as_bytes(), Access::Owner));
        replaced.map_err(|error| file_error(FileAction::Write, &file, error))
    }
}

/// The first line of a password file.
pub(crate) fn read_password(file: &Path) -> Result<String, CliError> {
    let text = disk::read_text(file).map_err(|error| file_error(FileAction::Read, file, error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
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
    fn sessions_are_stored_by_server_and_readable_by_the_owner_only() {
        let (_folder, config) = config();
        assert_eq!(config.session(&server(LOCAL)).expect("no file yet"), None);
        config.store_session(&server(LOCAL), &session("one")).expect("stored");
        config.store_session(&server("ipc:///tmp/papo"), &session("other")).expect("stored");
        assert_eq!(config.session(&server(LOCAL)).expect("a session"), Some(session("one")));
        assert_eq!(mode(&config.folder), 0o700);
        assert_eq!(mode(&config.folder.join(SESSIONS)), 0o600);
        config.remove_session(&server(LOCAL)).expect("removed");
        assert_eq!(config.session(&server(LOCAL)).expect("no session"), None);
        assert_eq!(config.session(&server("ipc:///tmp/papo")).expect("a session"), Some(session("other")));
    }

    #[test]
    fn a_file_is_replaced_and_never_overwritten() {
        let (_folder, config) = config();
        config.store_session(&server(LOCAL), &session("one")).expect("stored");
        let earlier = config.folder.join("earlier");
        fs::hard_link(config.folder.join(SESSIONS), &earlier).expect("a link");
        config.store_session(&server(LOCAL), &session("two")).expect("stored");
        assert!(fs::read_to_string(&earlier).expect("the old file").contains("\"one\""));
        let names = fs::read_dir(&config.folder).expect("a folder").count();
        assert_eq!(names, 2, "no temporary file is left");
    }

    #[test]
    fn an_error_names_the_damaged_file() {
        let (_folder, config) = config();
        config.store_session(&server(LOCAL), &session("one")).expect("stored");
        disk::replace_file(&config.folder.join(SESSIONS), b"{\"tcp", Access::Owner).expect("damaged");
        let sentence = config.session(&server(LOCAL)).expect_err("damaged").to_string();
        assert!(sentence.ends_with("delete it and start again"), "{sentence}");
        assert!(
            config.store_session(&server(LOCAL), &session("two")).is_err(),
            "the damaged file is not overwritten"
        );
    }
}
