//! Tests that a signal requests a shutdown. The test has its own process, because signals are sent to
//! processes.

use rustix::process::{Signal, getpid, kill_process};
use transport::poll::{Watch, wait};
use transport::shutdown::Shutdown;
use transport::signals::stop_on_termination;
use transport::wake::Wake;

#[test]
fn a_termination_signal_wakes_a_blocked_wait() {
    let shutdown = Shutdown::new();
    let (waker, wake) = Wake::new().expect("a wake-up");
    shutdown.watch(waker);
    stop_on_termination(&shutdown).expect("signals can be listened for");
    kill_process(getpid(), Signal::TERM).expect("a signal can be sent");
    while !shutdown.is_requested() {
        wait(&[Watch::Wake(&wake)], None).expect("waiting succeeds");
    }
}
