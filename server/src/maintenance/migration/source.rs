//! The files of an export: a folder, or a ZIP file, whose members are unpacked while they are read.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use disk::ReadFile;
use zip::ZipArchive;

use super::MigrationError;

pub(super) enum Source {
    Folder(PathBuf),
    Zip {
        path: String,
        archive: Box<ZipArchive<SeekableFile>>,
        /// The names of all members.
        names: BTreeSet<String>,
    },
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, MigrationError> {
        let shown = path.display().to_string();
        if disk::is_folder(path) {
            return Ok(Self::Folder(path.to_owned()));
        }
        let file = SeekableFile::open(path).map_err(MigrationError::read(&shown))?;
        let archive =
            ZipArchive::new(file).map_err(|why| MigrationError::NotZip { path: shown.clone(), why })?;
        let names = archive.file_names().map(str::to_owned).collect();
        Ok(Self::Zip { path: shown, archive: Box::new(archive), names })
    }

    /// Opens a file of the export; `None` if the file does not exist.
    pub(super) fn file(&mut self, name: &str) -> Result<Option<Box<dyn Read + '_>>, MigrationError> {
        if !is_relative(name) {
            return Ok(None);
        }
        match self {
            Self::Folder(folder) => match ReadFile::open_regular(&folder.join(name)) {
                Ok(Some(file)) => Ok(Some(Box::new(file))),
                Ok(None) => Ok(None),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(MigrationError::read(name)(error)),
            },
            Self::Zip { names, .. } if !names.contains(name) => Ok(None),
            Self::Zip { path, archive, .. } => {
                let not_zip = |why| MigrationError::NotZip { path: path.clone(), why };
                Ok(Some(Box::new(archive.by_name(name).map_err(not_zip)?)))
            }
        }
    }

    /// The names of the JSON files in a folder of the export, in order. Empty if the folder does not exist.
    pub(super) fn json_files(&self, folder: &str) -> Result<Vec<String>, MigrationError> {
        if !is_relative(folder) {
            return Ok(Vec::new());
        }
        let mut names = match self {
            Self::Folder(root) => match disk::list(&root.join(folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                names => names.map_err(MigrationError::read(folder))?,
            },
            Self::Zip { names, .. } => {
                let prefix = format!("{folder}/");
                let inside = names.range(prefix.clone()..).take_while(|name| name.starts_with(&prefix));
                inside.filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect()
            }
        };
        names.retain(|name| name.ends_with(".json") && !name.contains('/'));
        names.sort_unstable();
        Ok(names.iter().map(|name| format!("{folder}/{name}")).collect())
    }
}

/// Whether a name of the export stays in its folder.
pub(super) fn is_relative(name: &str) -> bool {
    !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A file with a position.
pub(super) struct SeekableFile {
    file: ReadFile,
    position: u64,
}

impl SeekableFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = ReadFile::open_regular(path)?;
        let file = file.ok_or_else(|| io::Error::other("it is not a regular file"))?;
        Ok(Self { file, position: 0 })
    }
}

impl Read for SeekableFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for SeekableFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.file.length()?.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
