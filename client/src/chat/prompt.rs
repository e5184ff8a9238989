//! The prompt: where text goes, and beside it what is unread elsewhere and how the link is.
//!
//! rustyline measures the prompt when a line begins, and paints it anew with the line. What changes meanwhile is painted
//! in the room that was measured, close to the line; what is too wide for that stands behind the line until the next one.

use unicode_width::UnicodeWidthStr as _;

/// What stands before the line being typed.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    name: String,
    beside: String,
    /// Columns, as they were measured.
    width: usize,
    /// How often it had been told what stands beside it, when this was looked up. Nothing when that is of no interest.
    told_before: Option<u64>,
}

impl Prompt {
    pub(super) fn new(name: String, beside: String, told_before: u64) -> Self {
        Self::measured(name, beside, Some(told_before))
    }

    /// One that stays as it is.
    pub(super) fn fixed(name: &str) -> Self {
        Self::measured(name.to_owned(), String::new(), None)
    }

    fn measured(name: String, beside: String, told_before: Option<u64>) -> Self {
        let mut prompt = Self { name, beside, width: 0, told_before };
        prompt.width = prompt.text().width();
        prompt
    }

    /// The same, with what was told meanwhile instead of what was looked up.
    pub(super) fn brought_up_to_date(self, told: u64, beside: &str) -> Self {
        match self.told_before {
            Some(before) if before != told => Self::new(self.name, beside.to_owned(), told),
            Some(_) | None => self,
        }
    }

    /// Says what stands beside the name from now on. True when that is another than before.
    pub(super) fn put_beside(&mut self, words: &str) -> bool {
        let is_new = self.told_before.is_some() && self.beside != words;
        if is_new {
            words.clone_into(&mut self.beside);
        }
        is_new
    }

    pub(super) fn text(&self) -> String {
        format!("{}{}> ", self.name, self.beside)
    }

    /// As wide as it was measured.
    pub(super) fn painted(&self) -> String {
        let text = if self.has_room() { self.text() } else { format!("{}> ", self.name) };
        " ".repeat(self.width.saturating_sub(text.width())) + &text
    }

    /// What has no room in it.
    pub(super) fn rest(&self) -> &str {
        if self.has_room() { "" } else { self.beside.trim() }
    }

    /// The whole width, which what stands behind it begins after.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    fn has_room(&self) -> bool {
        self.text().width() <= self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_painted_in_the_same_room_or_stands_behind_the_line() {
        let mut prompt = Prompt::new("#日本".to_owned(), " (3)".to_owned(), 0);
        let mut painted = |beside: &str| {
            prompt.put_beside(beside);
            assert_eq!(prompt.painted().width(), prompt.width());
            format!("{}|{}", prompt.painted(), prompt.rest())
        };
        let painted = ["", " (4)", " (12)", " (12; offline, 3 waiting)", " (3)"].map(&mut painted);
        insta::assert_snapshot!(painted.join("\n"), @"
            #日本> |
        #日本 (4)> |
            #日本> |(12)
            #日本> |(12; offline, 3 waiting)
        #日本 (3)> |
        ");
    }

    #[test]
    fn what_was_told_while_it_was_looked_up_is_newer() {
        let looked_up = || Prompt::new("#ops".to_owned(), " (1)".to_owned(), 7);
        assert_eq!(looked_up().brought_up_to_date(7, " (0)").text(), "#ops (1)> ");
        assert_eq!(looked_up().brought_up_to_date(8, " (2)").text(), "#ops (2)> ");
        let mut menu = Prompt::fixed("menu").brought_up_to_date(8, " (2)");
        assert!(!menu.put_beside(" (3)"));
        assert_eq!(menu.painted(), "menu> ");
    }
}
