//! Panics, which are bugs of papo. A panic ends the whole process: without one of its threads, a node would
//! accept requests and never answer them.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Makes every panic, except in [`catch`], end the process with the message of the panic on standard error.
pub fn end_process() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic);
        if !IS_CAUGHT.get() {
            std::process::abort();
        }
    }));
}

/// Runs `work`, and returns its panic as an error. Only for work whose panic affects nothing except its own
/// result.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let was_caught = IS_CAUGHT.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(was_caught);
    outcome
}
