//! The folder of the node's keys, the only files that `transport` touches.
//!
//! Two pairs lie in it: `node`, which clients know the node by, and `service`, which the server role shows on the
//! inner ports. `<name>.secret` holds both halves and has mode 0600; `<name>.public` is for handing on. Both are
//! certificates as CZMQ and pyzmq write them, so `zmq.auth.load_certificate` reads them.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::TransportError;
use crate::keys::{KeyPair, PublicKey};

const NODE: &str = "node";
const SERVICE: &str = "service";

const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFolderError {
    /// A file or the folder cannot be used.
    #[error("cannot {action} {path}: {cause}; the keys must belong to the user that runs papo")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The operating system's own words, which the sentence above repeats: not a source, or they were printed twice.
        cause: io::Error,
    },
    /// Others can read a secret.
    #[error("{0} can be read by others: run `chmod 600 {0}`, and `papo keys rotate` if somebody may have")]
    Exposed(PathBuf),
    /// A file does not read as a certificate.
    #[error("{0} holds no key: restore it from a backup, or move it away and a new one is made")]
    Damaged(PathBuf),
    /// There are no keys yet.
    #[error("there are no keys in {0}: they are made when papo starts for the first time (`papo up`)")]
    None(PathBuf),
    /// The new keys could not be made.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// A folder of keys, which need not be there yet.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    folder: PathBuf,
}

impl KeyFolder {
    /// The keys in `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The node's pair, made on first use.
    pub fn node(&self) -> Result<KeyPair, KeyFolderError> {
        self.load_or_make(NODE)
    }

    /// The pair of the node's own server role, made on first use.
    pub fn service(&self) -> Result<KeyPair, KeyFolderError> {
        self.load_or_make(SERVICE)
    }

    /// What clients know the node by. It takes no secret to read it, and makes nothing.
    pub fn node_public(&self) -> Result<PublicKey, KeyFolderError> {
        let path = self.public_path(NODE);
        match fs::read_to_string(&path) {
            Ok(text) => field(&text, "public-key").ok_or(KeyFolderError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyFolderError::None(self.folder.clone()))
            }
            Err(cause) => Err(KeyFolderError::Io { action: "read", path, cause }),
        }
    }

    /// Replaces both pairs by new ones and keeps the old secrets beside them, named `<name>.secret.<stamp>`.
    /// Returns what clients know the node by from its next start on.
    pub fn rotate(&self, stamp: &str) -> Result<PublicKey, KeyFolderError> {
        let node = self.replace(NODE, stamp)?;
        self.replace(SERVICE, stamp)?;
        Ok(node.public)
    }

    fn load_or_make(&self, name: &str) -> Result<KeyPair, KeyFolderError> {
        let pair = match self.load(name)? {
            Some(pair) => pair,
            None => self.make(name)?,
        };
        self.publish(name, &pair)?;
        Ok(pair)
    }

    fn load(&self, name: &str) -> Result<Option<KeyPair>, KeyFolderError> {
        let path = self.secret_path(name);
        let failed = |cause| KeyFolderError::Io { action: "read", path: path.clone(), cause };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFolderError::Exposed(path));
        }
        match (field(&text, "public-key"), field(&text, "secret-key")) {
            (Some(public), Some(secret)) => Ok(Some(KeyPair { public, secret })),
            _ => Err(KeyFolderError::Damaged(path)),
        }
    }

    /// Makes a pair, unless another process was faster: roles that start together agree on one. A link, unlike a
    /// rename, never replaces what is there.
    fn make(&self, name: &str) -> Result<KeyPair, KeyFolderError> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |cause| KeyFolderError::Io { action, path, cause }
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.folder).map_err(failed("create", &self.folder))?;
        let (pair, path) = (KeyPair::generate()?, self.secret_path(name));
        let temporary = write_beside(&path, &secret_text(name, &pair), SECRET_MODE)?;
        let linked = fs::hard_link(&temporary, &path);
        fs::remove_file(&temporary).map_err(failed("remove", &temporary))?;
        match linked {
            Ok(()) => self.sync().map(|()| pair),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.load(name)?.ok_or(KeyFolderError::Damaged(path))
            }
            Err(error) => Err(failed("write", &path)(error)),
        }
    }

    fn replace(&self, name: &str, stamp: &str) -> Result<KeyPair, KeyFolderError> {
        let path = self.secret_path(name);
        let failed = |action| {
            let path = path.clone();
            move |cause| KeyFolderError::Io { action, path, cause }
        };
        if !path.exists() {
            return Err(KeyFolderError::None(self.folder.clone()));
        }
        fs::hard_link(&path, self.folder.join(format!("{name}.secret.{stamp}"))).map_err(failed("keep"))?;
        let pair = KeyPair::generate()?;
        let temporary = write_beside(&path, &secret_text(name, &pair), SECRET_MODE)?;
        fs::rename(&temporary, &path).map_err(failed("replace"))?;
        self.sync()?;
        self.publish(name, &pair)?;
        Ok(pair)
    }

    /// Writes the public half beside the secret, unless it stands there already.
    fn publish(&self, name: &str, pair: &KeyPair) -> Result<(), KeyFolderError> {
        let (path, text) = (self.public_path(name), public_text(name, pair));
        if fs::read_to_string(&path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        let temporary = write_beside(&path, &text, PUBLIC_MODE)?;
        fs::rename(&temporary, &path).map_err(|cause| KeyFolderError::Io { action: "write", path, cause })?;
        self.sync()
    }

    fn sync(&self) -> Result<(), KeyFolderError> {
        let synced =
            fs::OpenOptions::new().read(true).open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| KeyFolderError::Io { action: "sync", path: self.folder.clone(), cause })
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.secret"))
    }

    fn public_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.public"))
    }
}

/// A synced file beside `path`, with a name of its own, since others may be doing the same at this moment: by chance
/// and not by process, for in containers every process has the number 1.
fn write_beside(path: &Path, text: &str, mode: u32) -> Result<PathBuf, KeyFolderError> {
    let mut chance = [0; 8];
    let drawn = getrandom::fill(&mut chance).map_err(io::Error::other);
    let temporary = path.with_added_extension(format!("{:016x}.tmp", u64::from_ne_bytes(chance)));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    match drawn.and_then(|()| write()) {
        Ok(()) => Ok(temporary),
        Err(cause) => Err(KeyFolderError::Io { action: "write", path: temporary, cause }),
    }
}

fn secret_text(name: &str, pair: &KeyPair) -> String {
    format!(
        "#   The {name} key pair of a papo node. SECRET: whoever has this file can pose as its owner.\n\
         metadata\ncurve\n    public-key = \"{}\"\n    secret-key = \"{}\"\n",
        pair.public,
        pair.secret.reveal()
    )
}

fn public_text(name: &str, pair: &KeyPair) -> String {
    format!(
        "#   The {name} public key of a papo node. It may be given to anybody.\n\
         metadata\ncurve\n    public-key = \"{}\"\n",
        pair.public
    )
}

/// The key in the line `name = "<key>"`.
fn field<K: FromStr>(text: &str, name: &str) -> Option<K> {
    let value =
        |line: &str| Some(line.trim().strip_prefix(name)?.trim().strip_prefix('=')?.trim().to_owned());
    let quoted = text.lines().find_map(value)?;
    quoted.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}
