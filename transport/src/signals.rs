//! Signals of the operating system: the interrupt key, the request to terminate, and the end of the terminal.

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::{getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::TransportError;
use crate::stop::Stop;

/// Requests `stop` on SIGINT or SIGTERM, from a thread of its own.
pub fn stop_on_termination(stop: &Stop) -> Result<(), TransportError> {
    stop_on(stop, &[SignalKind::interrupt(), SignalKind::terminate()])
}

/// The same, and on SIGHUP, which is sent when the terminal is closed: for a program that has nothing to do without one.
pub fn stop_on_hangup(stop: &Stop) -> Result<(), TransportError> {
    stop_on(stop, &[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
}

/// Sends SIGINT to this process, as the interrupt key would.
pub fn interrupt_oneself() {
    let _it_exists = kill_process(getpid(), rustix::process::Signal::INT);
}

fn stop_on(stop: &Stop, kinds: &[SignalKind]) -> Result<(), TransportError> {
    let error = TransportError::system("listening for signals");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(&error)?;
    let entered = runtime.enter();
    let signals: Result<Vec<_>, _> = kinds.iter().map(|kind| signal(*kind)).collect();
    let mut signals = signals.map_err(&error)?;
    drop(entered);
    let stop = stop.clone();
    let work = move || {
        runtime.block_on(poll_fn(|task| {
            let is_over = signals.iter_mut().any(|signal| signal.poll_recv(task).is_ready());
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        }));
        tracing::info!("asked to stop");
        stop.request();
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(work).map_err(&error)?;
    Ok(())
}
