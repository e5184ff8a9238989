//! The contents of the files in an export, copied next to it.

use std::collections::HashMap;
use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use common::{ContentHash, FileInfo};
use tempfile::NamedTempFile;

use super::{ExportError, sync};
use crate::maintenance::backup::Hashing;
use crate::services::files::folder::content;

/// A folder of contents.
pub struct Contents {
    data: PathBuf,
    folder: PathBuf,
    /// Under which name each content is there: one is enough.
    copied: HashMap<ContentHash, String>,
    /// Which number is the next that may be free, for names that came before.
    numbers: HashMap<String, u32>,
}

impl Contents {
    /// Begins to copy from a data folder into another folder, which is made when there is none, for its owner only.
    ///
    /// # Errors
    ///
    /// What the disk refuses.
    pub fn new(data: &Path, folder: &Path) -> Result<Self, ExportError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(ExportError::at("make the folder", folder))?;
        let (data, folder) = (data.to_owned(), folder.to_owned());
        Ok(Self { data, folder, copied: HashMap::new(), numbers: HashMap::new() })
    }

    /// Copies the content of a file, once. Returns the name it has in the folder: the first that is free of those that
    /// `name` gives for 1, 2, 3 ..., so that nothing is ever replaced. It is there whole and checked, or not at all.
    ///
    /// # Errors
    ///
    /// A content that is missing or not what the log says, and what the disk refuses.
    pub fn copy(&mut self, file: &FileInfo, name: impl Fn(u32) -> String) -> Result<String, ExportError> {
        if let Some(name) = self.copied.get(&file.sha256) {
            return Ok(name.clone());
        }
        let mut temporary = self.fill(file)?;
        let mut number = self.numbers.get(&name(1)).copied().unwrap_or(1);
        let free = loop {
            let path = self.folder.join(name(number));
            match temporary.persist_noclobber(&path) {
                Ok(_) => break name(number),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {
                    (temporary, number) = (error.file, number + 1);
                }
                Err(error) => return Err(ExportError::at("write", &path)(error.error)),
            }
        };
        self.numbers.insert(name(1), number.saturating_add(1));
        self.copied.insert(file.sha256, free.clone());
        sync(&self.folder)?;
        Ok(free)
    }

    /// The content under a name that nobody sees yet.
    fn fill(&self, file: &FileInfo) -> Result<NamedTempFile, ExportError> {
        let from = self.data.join(content(&file.sha256));
        let source = match File::options().read(true).open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ExportError::Missing(from)),
            source => source.map_err(ExportError::at("read", &from))?,
        };
        let mut source = Hashing::new(source);
        let failed = || ExportError::at("write into", &self.folder);
        let mut temporary = BufWriter::new(NamedTempFile::new_in(&self.folder).map_err(failed())?);
        io::copy(&mut source, &mut temporary).map_err(failed())?;
        if source.digest() != file.sha256.to_string() {
            return Err(ExportError::Damaged(from));
        }
        let temporary = temporary.into_inner().map_err(|error| failed()(error.into_error()))?;
        temporary.as_file().sync_all().map_err(failed())?;
        Ok(temporary)
    }
}
