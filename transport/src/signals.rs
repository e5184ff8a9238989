//! Signals of the operating system: SIGINT, SIGTERM and SIGHUP request a shutdown.

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::{getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::TransportError;
use crate::shutdown::Shutdown;

/// Requests `shutdown` on SIGINT or SIGTERM, from its own thread.
pub fn stop_on_termination(shutdown: &Shutdown) -> Result<(), TransportError> {
    stop_on(shutdown, &[SignalKind::interrupt(), SignalKind::terminate()])
}

/// Requests `shutdown` on SIGINT, SIGTERM or SIGHUP. For interactive programs: the system sends SIGHUP when
/// the terminal is closed.
pub fn stop_on_hangup(shutdown: &Shutdown) -> Result<(), TransportError> {
    stop_on(shutdown, &[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
}

/// Sends SIGINT to this process, like the interrupt key.
pub fn interrupt_this_process() {
    let _this_process_exists = kill_process(getpid(), rustix::process::Signal::INT);
}

fn stop_on(shutdown: &Shutdown, kinds: &[SignalKind]) -> Result<(), TransportError> {
    let error = TransportError::system("listen for signals");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(&error)?;
    let entered = runtime.enter();
    let signals: Result<Vec<_>, _> = kinds.iter().map(|kind| signal(*kind)).collect();
    let mut signals = signals.map_err(&error)?;
    drop(entered);
    let shutdown = shutdown.clone();
    let work = move || {
        runtime.block_on(poll_fn(|task| {
            let has_arrived = signals.iter_mut().any(|signal| signal.poll_recv(task).is_ready());
            if has_arrived { Poll::Ready(()) } else { Poll::Pending }
        }));
        tracing::info!("shutdown requested by a signal");
        shutdown.request();
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(work).map_err(&error)?;
    Ok(())
}
