//! Copies the contents of exported files into a folder.

use std::collections::HashMap;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use common::{ContentHash, FileInfo};
use disk::replace::Temporary;
use disk::{Access, ReadFile, RealDisk};

use super::ExportError;
use crate::maintenance::backup::Hashing;
use crate::services::files::folder::content_path;

pub struct FileCopier {
    data: PathBuf,
    folder: PathBuf,
    disk: RealDisk,
    /// The name of each copy.
    copied: HashMap<ContentHash, String>,
    /// The next number that may be unused, for each name.
    numbers: HashMap<String, u32>,
}

impl FileCopier {
    /// Creates a copier from the data folder `data` to `folder`. Creates `folder` if it does not exist. Only
    /// the owner of a new folder can read it.
    pub fn new(data: &Path, folder: &Path) -> Result<Self, ExportError> {
        disk::make_folder(folder).map_err(ExportError::at("create the folder", folder))?;
        let (data, folder, disk) = (data.to_owned(), folder.to_owned(), RealDisk::new(folder));
        Ok(Self { data, folder, disk, copied: HashMap::new(), numbers: HashMap::new() })
    }

    /// Copies and checks the content of a file, unless the content was copied before. Returns the name of the
    /// copy: the first unused name of `name(1)`, `name(2)` and so on.
    pub fn copy(&mut self, file: &FileInfo, name: impl Fn(u32) -> String) -> Result<String, ExportError> {
        if let Some(name) = self.copied.get(&file.sha256) {
            return Ok(name.clone());
        }
        let mut temporary = self.fill(file)?;
        let mut number = self.numbers.get(&name(1)).copied().unwrap_or(1);
        let unused_name = loop {
            match temporary.place_new(&name(number)) {
                Ok(()) => break name(number),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {
                    number += 1;
                }
                Err(error) => return Err(ExportError::at("write", &self.folder.join(name(number)))(error)),
            }
        };
        drop(temporary);
        self.numbers.insert(name(1), number.saturating_add(1));
        self.copied.insert(file.sha256, unused_name.clone());
        Ok(unused_name)
    }

    /// Copies the content into a temporary file.
    fn fill(&self, file: &FileInfo) -> Result<Temporary<'_, RealDisk>, ExportError> {
        let from = self.data.join(content_path(&file.sha256));
        let source = match ReadFile::open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ExportError::Missing(from)),
            source => source.map_err(ExportError::at("read", &from))?,
        };
        let mut source = Hashing::new(source);
        let write_error = || ExportError::at("write into", &self.folder);
        let temporary = Temporary::create(&self.disk, "", Access::Owner).map_err(write_error())?;
        let mut temporary = BufWriter::new(temporary);
        io::copy(&mut source, &mut temporary).map_err(write_error())?;
        if source.digest() != file.sha256.to_string() {
            return Err(ExportError::Damaged(from));
        }
        temporary.into_inner().map_err(|error| write_error()(error.into_error()))
    }
}
