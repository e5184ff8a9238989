//! Signals of the operating system: the interrupt key and the request to terminate.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::TransportError;
use crate::stop::Stop;

/// Requests `stop` on SIGINT or SIGTERM, from a thread of its own.
pub fn stop_on_termination(stop: &Stop) -> Result<(), TransportError> {
    let error = TransportError::system("listening for signals");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(&error)?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(&error)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(&error)?;
    drop(entered);
    let stop = stop.clone();
    let work = move || {
        runtime.block_on(poll_fn(|task| {
            let is_over = interrupt.poll_recv(task).is_ready() || terminate.poll_recv(task).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        }));
        tracing::info!("asked to stop");
        stop.request();
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(work).map_err(&error)?;
    Ok(())
}
