//! A signal of the operating system, as a stop. In a process of its own, since signals belong to processes.

use rustix::process::{Signal, getpid, kill_process};
use transport::poll::{Watch, wait};
use transport::signals::stop_on_termination;
use transport::stop::Stop;
use transport::wake::Wake;

#[test]
fn a_termination_signal_wakes_a_blocked_wait() {
    let stop = Stop::new();
    let (waker, wake) = Wake::new().expect("a wake-up");
    stop.watch(waker);
    stop_on_termination(&stop).expect("signals can be listened for");
    kill_process(getpid(), Signal::TERM).expect("a signal can be sent");
    while !stop.is_requested() {
        wait(&[Watch::Wake(&wake)], None).expect("a wait");
    }
}
