//! The data folder of a node under test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

pub(crate) enum Data {
    /// A folder that is removed with the node.
    Own(TempDir),
    /// A folder that the caller owns.
    Borrowed(PathBuf),
}

impl Data {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Borrowed(path) => path,
        }
    }
}
