//! Values that a decoder refuses. serde's errors carry text only, so the [`Detail`] takes its own way from the decoder
//! of a value to the decoder of the request around it.

use std::cell::RefCell;

use serde::de;

use super::Detail;

thread_local! {
    /// The value refused last on this thread.
    static REFUSED: RefCell<Option<Detail>> = const { RefCell::new(None) };
}

/// The error of a decoder that refuses a value.
pub(crate) fn refused<E: de::Error>(detail: Detail) -> E {
    let error = E::custom(&detail);
    REFUSED.set(Some(detail));
    error
}

/// Runs a decoder. Its error comes with the detail of the value that it refused, if there was one.
pub(crate) fn catch_refused<T, E>(decoder: impl FnOnce() -> Result<T, E>) -> Result<T, (E, Option<Detail>)> {
    REFUSED.set(None);
    decoder().map_err(|error| (error, REFUSED.take()))
}
