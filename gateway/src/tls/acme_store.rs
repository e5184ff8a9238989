//! The files of ACME: the account at the authority, and the newest certificate with its key.

use std::io;
use std::path::{Path, PathBuf};

use common::hex::to_hex;
use disk::Access;
use instant_acme::AccountCredentials;
use sha2::{Digest as _, Sha256};

use super::{AcmeConfig, TlsError};

/// The files of one authority and one set of names. Each authority and each set of names has its own files.
pub(crate) struct Store {
    account: PathBuf,
    certificate: PathBuf,
}

impl Store {
    pub(crate) fn open(config: &AcmeConfig) -> Result<Self, TlsError> {
        let folder = &config.folder;
        disk::make_folder(folder).map_err(|cause| TlsError::Folder { path: folder.clone(), cause })?;
        let digest = |text: &str| to_hex(Sha256::digest(text).get(..4).unwrap_or_default());
        let name = config.domains.first().map(String::as_str).unwrap_or_default();
        let settings = format!("{} {}", config.directory, config.domains.join(" "));
        Ok(Self {
            account: folder.join(format!("account-{}.json", digest(&config.directory))),
            certificate: folder.join(format!("{name}-{}.pem", digest(&settings))),
        })
    }

    pub(crate) fn account(&self) -> Option<AccountCredentials> {
        serde_json::from_slice(&disk::read(&self.account).ok()?).ok()
    }

    pub(crate) fn store_account(&self, credentials: &AccountCredentials) -> Result<(), TlsError> {
        write(&self.account, &serde_json::to_vec(credentials).unwrap_or_default())
    }

    /// Removes an account that the authority no longer knows.
    pub(crate) fn forget_account(&self) -> Result<(), TlsError> {
        disk::remove(&self.account).map_err(|cause| TlsError::Write { path: self.account.clone(), cause })
    }

    /// The stored chain and key. Both are in one file, so they always match.
    pub(crate) fn certificate(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let pem = disk::read(&self.certificate).ok()?;
        Some((pem.clone(), pem))
    }

    pub(crate) fn store_certificate(&self, chain: &str, key: &str) -> Result<(), TlsError> {
        write(&self.certificate, format!("{key}{chain}").as_bytes())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TlsError> {
    let written: io::Result<()> = disk::replace_file(path, bytes, Access::Owner);
    written.map_err(|cause| TlsError::Write { path: path.to_owned(), cause })
}
