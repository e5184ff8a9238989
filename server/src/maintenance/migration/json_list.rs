//! Reads a JSON list one element at a time. Only one element is in memory.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::Value;

use super::{ENTRY_BYTES_MAX, MigrationError};

/// Calls `visit` for each element of the JSON list in `reader`. `path` is the name of the list for errors.
pub(super) fn for_each(
    path: &str,
    reader: impl Read,
    visit: impl FnMut(Value) -> Result<(), MigrationError>,
) -> Result<(), MigrationError> {
    let budget = Rc::new(Cell::new(ENTRY_BYTES_MAX));
    let reader = Metered { reader: WithoutMark::new(BufReader::new(reader)), budget: Rc::clone(&budget) };
    let mut failed = None;
    let elements = Elements { visit, budget: Rc::clone(&budget), failed: &mut failed };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let outcome = deserializer.deserialize_seq(elements).and_then(|()| deserializer.end());
    match (failed, outcome) {
        (Some(error), _) => Err(error),
        (None, Err(_)) if budget.get() == 0 => {
            Err(MigrationError::EntryTooLong { path: path.to_owned(), max: ENTRY_BYTES_MAX })
        }
        (None, Err(why)) if why.is_io() => {
            Err(MigrationError::Read { path: path.to_owned(), why: why.into() })
        }
        (None, outcome) => outcome.map_err(|why| MigrationError::NotJson { path: path.to_owned(), why }),
    }
}

struct Elements<'f, V> {
    visit: V,
    budget: Rc<Cell<u64>>,
    failed: &'f mut Option<MigrationError>,
}

impl<'de, V: FnMut(Value) -> Result<(), MigrationError>> Visitor<'de> for Elements<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            self.budget.set(ENTRY_BYTES_MAX);
            if let Err(error) = (self.visit)(element) {
                *self.failed = Some(error);
                return Err(A::Error::custom("the import ended"));
            }
        }
        Ok(())
    }
}

/// A reader that fails when the budget is used up.
struct Metered<R> {
    reader: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.budget.get().saturating_sub(read as u64);
        self.budget.set(left);
        if left == 0 { Err(io::Error::other("the entry is too long")) } else { Ok(read) }
    }
}

/// A reader that leaves out the byte-order mark, which some programs write at the beginning of a file.
struct WithoutMark<R> {
    /// The first bytes that are not a mark.
    first: io::Cursor<Vec<u8>>,
    reader: R,
    is_new: bool,
}

impl<R: Read> WithoutMark<R> {
    const MARK: &[u8] = b"\xef\xbb\xbf";

    fn new(reader: R) -> Self {
        Self { first: io::Cursor::default(), reader, is_new: true }
    }
}

impl<R: Read> Read for WithoutMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_new {
            let mut first = Vec::new();
            (&mut self.reader).take(Self::MARK.len() as u64).read_to_end(&mut first)?;
            self.is_new = false;
            self.first = io::Cursor::new(if first == Self::MARK { Vec::new() } else { first });
        }
        match self.first.read(buffer)? {
            0 => self.reader.read(buffer),
            read => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(json: &str) -> Result<Vec<Value>, String> {
        let mut found = Vec::new();
        let visit = |element| {
            found.push(element);
            Ok(())
        };
        for_each("a.json", json.as_bytes(), visit).map(|()| found).map_err(|error| error.to_string())
    }

    #[test]
    fn each_element_is_visited() {
        assert_eq!(elements("\u{feff}[1, {\"a\":2}]"), Ok(vec![1.into(), serde_json::json!({ "a": 2 })]));
        assert_eq!(elements(" [] "), Ok(vec![]));
        let error = elements("{}").expect_err("not a list");
        assert!(error.starts_with("a.json is not JSON: invalid type: map, expected a list"), "{error}");
        assert!(elements("[1").is_err() && elements("[1] 2").is_err() && elements("").is_err());
    }

    #[test]
    fn an_element_has_a_bound_and_a_list_has_none() {
        let half = format!("\"{}\"", "x".repeat(9 << 20));
        let list = format!("[{half},{half}]");
        assert_eq!(elements(&list).map(|found| found.len()), Ok(2));
        let error = elements(&format!("[\"{}\"]", "x".repeat(17 << 20))).expect_err("too long");
        assert_eq!(error, "a.json has an entry of more than 16777216 bytes");
    }
}
