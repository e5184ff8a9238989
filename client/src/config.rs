//! The person's own folder: sessions that are kept, and the lines typed. The only place of the client that
//! touches the disk.
//!
//! `sessions.json` holds one session per server, by endpoint. Whoever can read it can speak for the person, so
//! the file has mode 0600, in a folder of mode 0700, and is replaced as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use common::accounts::LoggedIn;

use crate::failure::Failure;

/// Sessions by the endpoint of their server.
type Sessions = BTreeMap<String, LoggedIn>;

/// The person's own folder.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    folder: PathBuf,
}

impl Config {
    /// The given folder, or `papo` where the system keeps such things. It is made when first needed.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self, Failure> {
        let usual = || {
            let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
            let base =
                absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
            base.map(|base| base.join("papo"))
        };
        let folder = folder.or_else(usual);
        let sentence = "there is no HOME to keep the session in: say --config <folder>";
        folder.map(|folder| Self { folder }).ok_or_else(|| Failure::Usage(sentence.to_owned()))
    }

    /// The session kept for a server.
    pub(crate) fn session(&self, server: &str) -> Result<Option<LoggedIn>, Failure> {
        Ok(self.load()?.remove(server))
    }

    /// Keeps a session.
    pub(crate) fn keep(&self, server: &str, session: &LoggedIn) -> Result<(), Failure> {
        let mut sessions = self.load()?;
        sessions.insert(server.to_owned(), session.clone());
        self.store(&sessions)
    }

    /// Keeps a session no longer.
    pub(crate) fn forget(&self, server: &str) -> Result<(), Failure> {
        let mut sessions = self.load()?;
        if sessions.remove(server).is_some() {
            self.store(&sessions)?;
        }
        Ok(())
    }

    /// Where the lines typed are kept.
    pub(crate) fn lines_typed(&self) -> Result<PathBuf, Failure> {
        self.make_folder().map_err(|error| cannot("make", &self.folder, &error))?;
        Ok(self.folder.join("lines_typed"))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }

    fn load(&self) -> Result<Sessions, Failure> {
        let file = self.file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Sessions::new()),
            Err(error) => return Err(cannot("read", &file, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            let file = file.display();
            Failure::Machine(format!("{file} is damaged ({error}): delete it and log in again"))
        })
    }

    fn store(&self, sessions: &Sessions) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(sessions).map_err(io::Error::from)?;
        text.push('\n');
        self.replace(&text).map_err(|error| cannot("write", &self.file(), &error))
    }

    /// Temporary file, synced, then renamed: a crash leaves the old file or the new one.
    fn replace(&self, text: &str) -> io::Result<()> {
        self.make_folder()?;
        let temporary = self.folder.join(format!("sessions.json.{}.tmp", std::process::id()));
        let written = write_private(&temporary, text).and_then(|()| fs::rename(&temporary, self.file()));
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
pub(crate) fn read_password(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file).map_err(|error| cannot("read", file, &error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Machine(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SERVER: &str = "tcp://127.0.0.1:5555";

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
        assert_eq!(config.session(SERVER).expect("no file yet"), None);
        config.keep(SERVER, &session("one")).expect("kept");
        config.keep("ipc:///tmp/papo", &session("other")).expect("kept");
        assert_eq!(config.session(SERVER).expect("a session"), Some(session("one")));
        assert_eq!(mode(&config.folder), 0o700);
        assert_eq!(mode(&config.file()), 0o600);
        config.forget(SERVER).expect("forgotten");
        assert_eq!(config.session(SERVER).expect("no session"), None);
        assert_eq!(config.session("ipc:///tmp/papo").expect("a session"), Some(session("other")));
    }

    #[test]
    fn the_file_is_replaced_and_never_written_into() {
        let (_folder, config) = config();
        config.keep(SERVER, &session("one")).expect("kept");
        let earlier = config.folder.join("earlier");
        fs::hard_link(config.file(), &earlier).expect("a link");
        config.keep(SERVER, &session("two")).expect("kept");
        assert!(fs::read_to_string(&earlier).expect("the old file").contains("\"one\""));
        let names = fs::read_dir(&config.folder).expect("a folder").count();
        assert_eq!(names, 2, "no temporary file is left");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let (_folder, config) = config();
        config.keep(SERVER, &session("one")).expect("kept");
        write_private(&config.file(), "{\"tcp").expect("damaged");
        let sentence = config.session(SERVER).expect_err("damaged").to_string();
        assert!(sentence.ends_with("delete it and log in again"), "{sentence}");
        assert!(config.keep(SERVER, &session("two")).is_err(), "what is there is not overwritten");
    }
}
