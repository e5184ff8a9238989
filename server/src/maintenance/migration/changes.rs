//! Changes to imported messages: edits, deletions and reactions.

use common::amendments::Emoji;
use common::{Text, UserName};
use uuid::Uuid;

use super::parts::parts;
use super::place::Imported;
use super::writer::derived;
use super::{MigrationError, Writer, emoji};
use crate::domain::{Change, Command, Original};

impl Writer<'_> {
    /// Imports a change to a message. Returns whether the change is new.
    fn amend(
        &mut self,
        conversation: &mut Imported,
        (message, id): (Uuid, Uuid),
        user: Option<&UserName>,
        change: Change<'_>,
        at: u64,
    ) -> Result<bool, MigrationError> {
        if self.known(conversation, id)?.is_some() {
            return Ok(false);
        }
        let event = self.known(conversation, message)?;
        let Some(original) = event.as_ref().and_then(Original::of) else {
            self.report.skip("change of a message that is missing", 1);
            return Ok(false);
        };
        let user = user.unwrap_or(&original.author).clone();
        let Some(to) = conversation.place.seen_by(&user) else {
            self.report.skip("change by another user in a direct conversation", 1);
            return Ok(false);
        };
        self.enter(conversation, &user, at)?;
        let of = original.n;
        let amend = Command::Amend { user: user.clone(), conversation: to.clone(), original, id, change };
        let amended = self.record(amend, at);
        let n = self.list(amended, || format!("change of {user} to message {of} of {to}"))?;
        conversation.last_n = n.flatten().unwrap_or(conversation.last_n);
        Ok(n.is_some())
    }

    pub(super) fn react(
        &mut self,
        conversation: &mut Imported,
        message: Uuid,
        user: &UserName,
        name: &str,
        at: u64,
    ) -> Result<(), MigrationError> {
        let id = derived(message, at, &["reaction", user.as_str(), name]);
        let Ok(emoji) = Emoji::new(emoji::of(name)) else {
            self.report.skip("reaction with a name that is too long", 1);
            return Ok(());
        };
        let is_new = self.amend(conversation, (message, id), Some(user), Change::React(emoji), at)?;
        self.report.reactions += u64::from(is_new);
        Ok(())
    }

    /// Imports an edit. The author of the message is its author.
    pub(super) fn edit(
        &mut self,
        conversation: &mut Imported,
        message: Uuid,
        text: &str,
        at: u64,
    ) -> Result<(), MigrationError> {
        let Some(text) = parts(text).next().and_then(|text| Text::new(text).ok()) else { return Ok(()) };
        let id = derived(message, at, &["edit"]);
        let is_new = self.amend(conversation, (message, id), None, Change::Edit(text), at)?;
        self.report.edits += u64::from(is_new);
        Ok(())
    }

    pub(super) fn delete(
        &mut self,
        conversation: &mut Imported,
        message: Uuid,
        at: u64,
    ) -> Result<(), MigrationError> {
        let id = derived(message, at, &["deletion"]);
        let is_new = self.amend(conversation, (message, id), None, Change::Delete, at)?;
        self.report.deletions += u64::from(is_new);
        Ok(())
    }
}
