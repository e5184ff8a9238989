//! Keeps the screen intact when the terminal gets a new width while the user types a line.
//!
//! Most terminals wrap all lines again at a new width, so a long input line gets other rows. rustyline does
//! not know this: it clears the rows of the old width, and would clear messages above a line that has fewer
//! rows now. So this module moves the cursor before rustyline draws the line again. The cursor then is as
//! many rows below the first row of the line as it was at the old width.

use std::io::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// The position of a character below the first row of the input line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    row: usize,
    column: usize,
}

/// The rows of an input line, with the rules of rustyline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    cursor: Position,
    end: Position,
}

/// The parts of the input line that the terminal shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    pub(super) prompt_width: usize,
    pub(super) before_cursor: String,
    /// The rest of the line, and the hint.
    pub(super) after_cursor: String,
}

impl Drawn {
    fn layout(&self, columns: usize) -> Layout {
        let prompt = " ".repeat(self.prompt_width);
        let start = position(&prompt, Position { row: 0, column: 0 }, columns);
        let cursor = position(&self.before_cursor, start, columns);
        let end =
            if self.after_cursor.is_empty() { cursor } else { position(&self.after_cursor, cursor, columns) };
        Layout { cursor, end }
    }

    /// The text that moves the cursor, if rustyline clears the rows of the old width.
    fn movement(&self, old_columns: usize, new_columns: usize) -> Option<String> {
        let old = self.layout(old_columns);
        if old_columns == new_columns || (old.end.row == 0 && old.end.column < new_columns) {
            return None;
        }
        let mut row = self.layout(new_columns).cursor.row;
        // A line that fills its last row ends with a newline, which stays.
        if old.end == old.cursor && old.end.row > 0 && old.end.column == 0 {
            row += 1;
        }
        let down = old.end.row.saturating_sub(row);
        let up = row + down - old.cursor.row.min(row + down);
        let up = if up > 0 { format!("\x1b[{up}A") } else { String::new() };
        Some("\n".repeat(down) + &up)
    }
}

/// The position after a text, as rustyline computes it.
fn position(text: &str, start: Position, columns: usize) -> Position {
    let Position { mut row, mut column } = start;
    for character in text.chars() {
        if character == '\n' {
            (row, column) = (row + 1, 0);
            continue;
        }
        let width = character.width().unwrap_or(0);
        column += width;
        if column > columns {
            (row, column) = (row + 1, width);
        }
    }
    if column == columns { Position { row: row + 1, column: 0 } } else { Position { row, column } }
}

/// Moves the cursor for a new width. rustyline then draws the line.
pub(super) fn prepare(drawn: &Drawn, old_columns: usize, new_columns: usize) {
    if let Some(movement) = drawn.movement(old_columns, new_columns) {
        let mut output = std::io::stdout().lock();
        let _best_effort = output.write_all(movement.as_bytes()).and_then(|()| output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: usize) -> Drawn {
        Drawn { prompt_width: 5, before_cursor: "x".repeat(line), after_cursor: String::new() }
    }

    #[test]
    fn the_cursor_moves_to_its_old_row_below_the_first_row() {
        // 145 columns: two rows at 80, one row at 160, four rows at 40.
        assert_eq!(drawn(140).movement(80, 160).as_deref(), Some("\n"));
        assert_eq!(drawn(140).movement(80, 40).as_deref(), Some("\x1b[2A"));
        assert_eq!(drawn(140).movement(40, 160).as_deref(), Some("\n\n\n"));
        assert_eq!(drawn(140).movement(80, 80), None);
        assert_eq!(drawn(20).movement(80, 160), None, "one row at both widths");
        assert_eq!(drawn(20).movement(80, 26), None);
        assert_eq!(drawn(20).movement(80, 20).as_deref(), Some("\x1b[1A"));
    }

    #[test]
    fn a_cursor_within_the_line_returns_to_its_row() {
        let mut drawn = drawn(10);
        drawn.after_cursor = "x".repeat(130);
        // The cursor is in the first of two rows, and rustyline moves down to the second one.
        assert_eq!(drawn.movement(80, 160).as_deref(), Some("\n\x1b[1A"));
    }
}
