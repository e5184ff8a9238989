//! The files of an export. The content of a file is on the disk before its event is recorded.

use std::io::{self, Read};

use common::files::{ContentHash, FileName};
use common::hex::from_hex;
use common::limits::FILE_NAME_BYTES_MAX;
use common::{FileInfo, UserName};
use uuid::Uuid;

use super::place::Imported;
use super::{MigrationError, Writer};
use crate::domain::Command;
use crate::maintenance::backup::Hashing;
use crate::services::files::FileLimits;
use crate::services::files::folder::content_path;

/// The folder of incomplete files. A server removes the files of this folder that belong to no upload.
const UPLOADS: &str = "files/uploads";

impl Writer<'_> {
    /// Imports a file that `open` opens. `open` returns `None` if the export does not contain the file.
    pub(super) fn file<R: Read>(
        &mut self,
        conversation: &mut Imported,
        (id, sender, at): (Uuid, &UserName, u64),
        name: &str,
        open: impl FnOnce() -> Result<Option<R>, MigrationError>,
    ) -> Result<(), MigrationError> {
        let Some(to) = conversation.place.seen_by(sender) else { return Ok(()) };
        if self.known(conversation, id)?.is_some() {
            self.visit(conversation, sender);
            self.report.known += 1;
            return Ok(());
        }
        let Some(mut content) = open()? else {
            self.report.skip("attachment that the export does not contain", 1);
            return Ok(());
        };
        let Some((bytes, sha256)) = self.store(id, &mut content).map_err(MigrationError::Content)? else {
            self.report.skip("attachment that is too large", 1);
            return Ok(());
        };
        self.enter(conversation, sender, at)?;
        let file = FileInfo { name: file_name(name)?, bytes, sha256 };
        let share = Command::Share { user: sender.clone(), to: to.clone(), id, file };
        let shared = self.record(share, at);
        let n = self.list(shared, || format!("file {name:?} of {sender} to {to}"))?;
        conversation.last_n = n.flatten().unwrap_or(conversation.last_n);
        self.report.files += u64::from(n.is_some());
        Ok(())
    }

    /// Stores the content of a file durably under its hash; `None` if the file is larger than the limit.
    fn store(&self, id: Uuid, content: &mut dyn Read) -> io::Result<Option<(u64, ContentHash)>> {
        let (disk, part) = (self.ledger.disk(), format!("{UPLOADS}/{id}.part"));
        disk.create_folder(UPLOADS)?;
        match disk.remove(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let max = FileLimits::default().file_bytes_max;
        let mut content = Hashing::new(content.take(max + 1));
        let mut file = disk.create_new(&part)?;
        let bytes = file.append_all(&mut content)?;
        if bytes > max {
            disk.remove(&part)?;
            return Ok(None);
        }
        file.sync_data()?;
        drop(file);
        let sha256 = from_hex(&content.digest()).map(ContentHash).ok_or(io::ErrorKind::InvalidData)?;
        let path = content_path(&sha256);
        let folder = path.rsplit_once('/').map_or("files", |(folder, _)| folder);
        disk.create_folder(folder)?;
        disk.sync_folder("files")?;
        disk.sync_folder("")?;
        disk.rename(&part, &path)?;
        disk.sync_folder(folder)?;
        Ok(Some((bytes, sha256)))
    }
}

/// A file name that papo accepts: `-` replaces refused characters.
fn file_name(name: &str) -> Result<FileName, MigrationError> {
    let replaced = |character: char| character.is_control() || matches!(character, '/' | '\\');
    let valid: String =
        name.chars().map(|character| if replaced(character) { '-' } else { character }).collect();
    let cut = valid.floor_char_boundary(FILE_NAME_BYTES_MAX);
    let name = FileName::new(valid.get(..cut).unwrap_or_default());
    name.or_else(|_| FileName::new("file")).map_err(|detail| MigrationError::Refused(detail.into()))
}
