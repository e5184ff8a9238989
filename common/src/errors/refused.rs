//! The [`Detail`] of a value that a decoder refuses. serde's errors contain only text, so that a thread-local
//! variable transports the detail from the decoder of the value to the decoder of the request.

use std::cell::RefCell;

use serde::de;

use super::Detail;

thread_local! {
    /// The detail of the value that was refused last on this thread.
    static REFUSED: RefCell<Option<Detail>> = const { RefCell::new(None) };
}

/// Makes the error of a decoder that refuses a value.
pub(crate) fn refused<E: de::Error>(detail: Detail) -> E {
    let error = E::custom(&detail);
    REFUSED.set(Some(detail));
    error
}

/// Runs a decoder. Adds to its error the detail of the value that it refused, if any.
pub(crate) fn catch_refused<T, E>(decoder: impl FnOnce() -> Result<T, E>) -> Result<T, (E, Option<Detail>)> {
    REFUSED.set(None);
    decoder().map_err(|error| (error, REFUSED.take()))
}
