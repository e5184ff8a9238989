//! The folder of the node's keys.
//!
//! The folder of a node contains two key pairs: `node` identifies the node to clients, and the node's own
//! roles connect with `service`. A client stores its pairs in the same format. `<name>.secret` contains both
//! keys of a pair and has mode 0600. `<name>.public` contains the public key. Both files are certificates in
//! the format of CZMQ and pyzmq.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use common::hex::to_hex;
use disk::Access;

use crate::error::TransportError;
use crate::keys::{KeyPair, PublicKey};

const NODE: &str = "node";
const SERVICE: &str = "service";

/// The file of the pair of the server role.
pub const SERVICE_SECRET_FILE: &str = "service.secret";

#[derive(Debug, thiserror::Error)]
pub enum KeyFolderError {
    #[error("cannot {action} {path}: {cause}; the keys must belong to the user that runs papo")]
    Io {
        action: &'static str,
        path: PathBuf,
        /// The error of the operating system. The message already contains it, so the field is not named
        /// `source`.
        cause: io::Error,
    },
    #[error(
        "other users can read {0}: run `chmod 600 {0}`, and `papo keys rotate` if somebody may have read it"
    )]
    Exposed(PathBuf),
    #[error("{0} has no valid key: restore it from a backup, or move it away, and papo creates a new key")]
    Damaged(PathBuf),
    #[error("there are no keys in {0}: start the node once to create them (`papo up`)")]
    None(PathBuf),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// A folder of keys. The folder may not exist yet.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    folder: PathBuf,
}

impl KeyFolder {
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The pair that identifies the node. Created on first use.
    pub fn node(&self) -> Result<KeyPair, KeyFolderError> {
        self.load_or_create(NODE)
    }

    /// The pair with which the node's own roles connect. Created on first use.
    pub fn service(&self) -> Result<KeyPair, KeyFolderError> {
        self.load_or_create(SERVICE)
    }

    /// The pair with which a client of the node `server` connects; `None` if none is stored.
    pub fn client(&self, server: &PublicKey) -> Result<Option<KeyPair>, KeyFolderError> {
        self.load(&client_name(server))
    }

    /// Stores the pair of a client, unless another process has stored one.
    pub fn store_client(&self, server: &PublicKey, pair: &KeyPair) -> Result<(), KeyFolderError> {
        let name = client_name(server);
        let path = self.secret_path(&name);
        disk::make_folder(&self.folder).map_err(failed("create", &self.folder))?;
        match disk::create_file(&path, secret_text(&name, pair).as_bytes(), Access::Owner) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            stored => stored.map_err(failed("write", &path)),
        }
    }

    /// The public key of the node. Reads no secret key, and creates no file.
    pub fn node_public(&self) -> Result<PublicKey, KeyFolderError> {
        let path = self.public_path(NODE);
        match disk::read_text(&path) {
            Ok(text) => field(&text, "public-key").ok_or(KeyFolderError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyFolderError::None(self.folder.clone()))
            }
            Err(cause) => Err(KeyFolderError::Io { action: "read", path, cause }),
        }
    }

    /// Replaces both pairs with new pairs, and keeps the old files as `<name>.secret.<stamp>`. Returns the
    /// public key that the node uses after a restart.
    pub fn rotate(&self, stamp: &str) -> Result<PublicKey, KeyFolderError> {
        let node = self.replace(NODE, stamp)?;
        self.replace(SERVICE, stamp)?;
        Ok(node.public)
    }

    fn load_or_create(&self, name: &str) -> Result<KeyPair, KeyFolderError> {
        let pair = match self.load(name)? {
            Some(pair) => pair,
            None => self.create(name)?,
        };
        self.publish(name, &pair)?;
        Ok(pair)
    }

    fn load(&self, name: &str) -> Result<Option<KeyPair>, KeyFolderError> {
        let path = self.secret_path(name);
        let text = match disk::read_text(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(failed("read", &path))?,
        };
        if !disk::is_private(&path).map_err(failed("read", &path))? {
            return Err(KeyFolderError::Exposed(path));
        }
        match (field(&text, "public-key"), field(&text, "secret-key")) {
            (Some(public), Some(secret)) => Ok(Some(KeyPair { public, secret })),
            _ => Err(KeyFolderError::Damaged(path)),
        }
    }

    /// Creates a pair. If another process creates a pair at the same time, both processes use the same pair.
    fn create(&self, name: &str) -> Result<KeyPair, KeyFolderError> {
        disk::make_folder(&self.folder).map_err(failed("create", &self.folder))?;
        let (pair, path) = (KeyPair::generate()?, self.secret_path(name));
        match disk::create_file(&path, secret_text(name, &pair).as_bytes(), Access::Owner) {
            Ok(()) => Ok(pair),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.load(name)?.ok_or(KeyFolderError::Damaged(path))
            }
            Err(error) => Err(failed("write", &path)(error)),
        }
    }

    fn replace(&self, name: &str, stamp: &str) -> Result<KeyPair, KeyFolderError> {
        let path = self.secret_path(name);
        if !disk::exists(&path) {
            return Err(KeyFolderError::None(self.folder.clone()));
        }
        let kept = self.folder.join(format!("{name}.secret.{stamp}"));
        disk::link(&path, &kept).map_err(failed("back up", &path))?;
        let (pair, replaced) = (KeyPair::generate()?, failed("replace", &path));
        disk::replace_file(&path, secret_text(name, &pair).as_bytes(), Access::Owner).map_err(replaced)?;
        self.publish(name, &pair)?;
        Ok(pair)
    }

    /// Writes the file of the public key if it is missing or outdated.
    fn publish(&self, name: &str, pair: &KeyPair) -> Result<(), KeyFolderError> {
        let (path, text) = (self.public_path(name), public_text(name, pair));
        if disk::read_text(&path).is_ok_and(|known| known == text) {
            return Ok(());
        }
        disk::replace_file(&path, text.as_bytes(), Access::Everyone).map_err(failed("write", &path))
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.secret"))
    }

    fn public_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.public"))
    }
}

/// The name of a client's pair. A client has one pair for each node, so two nodes cannot detect that they
/// have the same user.
fn client_name(server: &PublicKey) -> String {
    format!("client-{}", to_hex(server.as_bytes().first_chunk::<8>().map_or(&[], |start| start)))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFolderError + use<> {
    let path = path.to_owned();
    move |cause| KeyFolderError::Io { action, path, cause }
}

fn secret_text(name: &str, pair: &KeyPair) -> String {
    format!(
        "#   The {name} key pair of papo. SECRET: anybody with this file can pose as its owner.\n\
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
