//! Signals of the operating system: SIGINT, SIGTERM and SIGHUP request a shutdown.

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::{getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::TransportError;
use crate::shutdown::Shutdown;

/// Requests `shutdown` on SIGINT, SIGTERM or SIGHUP, from its own thread. The system sends SIGHUP when the
/// terminal is closed. If the process ignores SIGHUP, because `nohup` started it, it continues to ignore
/// SIGHUP.
pub fn stop_on_termination(shutdown: &Shutdown) -> Result<(), TransportError> {
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !ignores_hangup() {
        kinds.push(SignalKind::hangup());
    }
    stop_on(shutdown, &kinds)
}

fn ignores_hangup() -> bool {
    // SAFETY: an all-zero `sigaction` is valid, and the second argument may be null: then `sigaction` only
    // writes the current action to the third.
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    let (code, action) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(libc::SIGHUP, std::ptr::null(), &raw mut action), action)
    };
    code == 0 && action.sa_sigaction == libc::SIG_IGN
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
