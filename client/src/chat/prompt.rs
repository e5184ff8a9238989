//! The prompt: the open conversation, and a status in parentheses (unread messages of other conversations,
//! and the connection).
//!
//! rustyline measures the prompt only when a line begins. So a new status is drawn into the measured columns,
//! right-aligned. A status that is too wide is drawn after the line until the next prompt.

use unicode_width::UnicodeWidthStr as _;

/// The text before the input line.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    name: String,
    status: String,
    /// Columns that rustyline measured.
    width: usize,
    /// The number of status changes at the time when `status` was looked up. `None` if the prompt has no
    /// status.
    status_version: Option<u64>,
}

impl Prompt {
    pub(super) fn new(name: String, status: String, status_version: u64) -> Self {
        Self::measured(name, status, Some(status_version))
    }

    /// A prompt without a status.
    pub(super) fn fixed(name: &str) -> Self {
        Self::measured(name.to_owned(), String::new(), None)
    }

    fn measured(name: String, status: String, status_version: Option<u64>) -> Self {
        let mut prompt = Self { name, status, width: 0, status_version };
        prompt.width = prompt.text().width();
        prompt
    }

    /// Returns the prompt with `status`, if this status is newer.
    pub(super) fn updated(self, status_version: u64, status: &str) -> Self {
        match self.status_version {
            Some(before) if before != status_version => {
                Self::new(self.name, status.to_owned(), status_version)
            }
            Some(_) | None => self,
        }
    }

    /// Replaces the name, if it has room. Otherwise the next prompt shows it. True if it differs.
    pub(super) fn set_name(&mut self, name: &str) -> bool {
        let is_new = self.name != name && format!("{name}> ").width() <= self.width;
        if is_new {
            name.clone_into(&mut self.name);
        }
        is_new
    }

    /// Replaces the status. True if it differs.
    pub(super) fn set_status(&mut self, status: &str) -> bool {
        let is_new = self.status_version.is_some() && self.status != status;
        if is_new {
            status.clone_into(&mut self.status);
        }
        is_new
    }

    pub(super) fn text(&self) -> String {
        format!("{}{}> ", self.name, self.status)
    }

    /// The prompt in exactly the measured columns.
    pub(super) fn highlighted(&self) -> String {
        let text = if self.status_fits() { self.text() } else { format!("{}> ", self.name) };
        " ".repeat(self.width.saturating_sub(text.width())) + &text
    }

    /// The status, if it does not fit into the prompt.
    pub(super) fn overflow(&self) -> &str {
        if self.status_fits() { "" } else { self.status.trim() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    fn status_fits(&self) -> bool {
        self.text().width() <= self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_status_is_drawn_in_the_same_columns_or_after_the_line() {
        let mut prompt = Prompt::new("#日本".to_owned(), " (3)".to_owned(), 0);
        let mut drawn = |status: &str| {
            prompt.set_status(status);
            assert_eq!(prompt.highlighted().width(), prompt.width());
            format!("{}|{}", prompt.highlighted(), prompt.overflow())
        };
        let drawn = ["", " (4)", " (12)", " (12; offline, 3 waiting)", " (3)"].map(&mut drawn);
        insta::assert_snapshot!(drawn.join("\n"), @"
            #日本> |
        #日本 (4)> |
            #日本> |(12)
            #日本> |(12; offline, 3 waiting)
        #日本 (3)> |
        ");
    }

    #[test]
    fn a_new_name_is_drawn_in_the_same_columns_if_it_has_room() {
        let mut prompt = Prompt::new("#help".to_owned(), " (3)".to_owned(), 0);
        assert!(!prompt.set_name("#help") && !prompt.set_name("#support-desk"));
        assert!(prompt.set_name("#desk") && prompt.set_name("#support"));
        assert_eq!(prompt.highlighted(), " #support> ");
        assert_eq!(prompt.overflow(), "(3)");
    }

    #[test]
    fn a_status_that_changed_during_the_lookup_is_used() {
        let looked_up = || Prompt::new("#ops".to_owned(), " (1)".to_owned(), 7);
        assert_eq!(looked_up().updated(7, " (0)").text(), "#ops (1)> ");
        assert_eq!(looked_up().updated(8, " (2)").text(), "#ops (2)> ");
        let mut menu = Prompt::fixed("menu").updated(8, " (2)");
        assert!(!menu.set_status(" (3)"));
        assert_eq!(menu.highlighted(), "menu> ");
    }
}
