//! The [`Detail`] of a value that a decoder refuses. serde's errors contain only text, so a thread-local
//! variable carries the detail from the decoder of the value to the decoder of the request.

use std::cell::RefCell;

use serde::de;

use super::Detail;

thread_local! {
    /// The detail of the last refused value of this thread.
    static REFUSED: RefCell<Option<Detail>> = const { RefCell::new(None) };
}

/// Creates the error of a decoder that refuses a value.
pub(crate) fn refused<E: de::Error>(detail: Detail) -> E {
    let error = E::custom(&detail);
    REFUSED.set(Some(detail));
    error
}

/// Runs a decoder. Its error includes the detail of a refused value, if there is one.
pub(crate) fn catch_refused<T, E>(decoder: impl FnOnce() -> Result<T, E>) -> Result<T, (E, Option<Detail>)> {
    REFUSED.set(None);
    decoder().map_err(|error| (error, REFUSED.take()))
}
