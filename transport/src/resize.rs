//! Handles SIGWINCH, the signal for a new size of the terminal, before the handler of a line editor. The line
//! editor installs its handler whenever it begins a line.

use std::io::{self, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::IntoRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use crate::error::TransportError;

/// The end of a socket that the handler uses. -1 before [`watch`].
static SOCKET: AtomicI32 = AtomicI32::new(-1);

/// The time for which the handler waits for the thread.
const WAIT_MS: libc::c_int = 100;

/// The handler that [`interpose`] replaced last: a function with one argument. 0 means none.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Runs `work` in its own thread at each SIGWINCH after [`interpose`], and then the replaced handler. Call
/// this function once.
pub fn watch(mut work: impl FnMut() + Send + 'static) -> Result<(), TransportError> {
    let error = TransportError::system("listen for a new size of the terminal");
    let (mut signals, handlers_end) = UnixStream::pair().map_err(&error)?;
    handlers_end.set_nonblocking(true).map_err(&error)?;
    SOCKET.store(handlers_end.into_raw_fd(), Ordering::Release);
    let run = move || {
        while wait(&mut signals) {
            work();
            run_next();
            let _best_effort = signals.write_all(&[1]);
        }
    };
    std::thread::Builder::new().name("resize".to_owned()).spawn(run).map_err(&error)?;
    Ok(())
}

/// Replaces the handler of SIGWINCH. Idempotent.
pub fn interpose() {
    if SOCKET.load(Ordering::Acquire) == -1 {
        return;
    }
    // SAFETY: all-zero bytes are a valid `sigaction` with an empty mask, and the pointers are valid.
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    let replaced = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        let mut replaced: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler();
        (libc::sigaction(libc::SIGWINCH, &raw const action, &raw mut replaced) == 0).then_some(replaced)
    };
    let Some(replaced) = replaced else { return };
    let is_function = ![libc::SIG_DFL, libc::SIG_IGN].contains(&replaced.sa_sigaction)
        && replaced.sa_flags & libc::SA_SIGINFO == 0;
    if replaced.sa_sigaction != handler() {
        NEXT.store(if is_function { replaced.sa_sigaction } else { 0 }, Ordering::Release);
    }
}

fn handler() -> libc::sighandler_t {
    on_signal as *const () as libc::sighandler_t
}

/// Wakes the thread, and waits until it has run: the interrupted thread is usually the thread of the line
/// editor, which must not read a key before the work is done.
extern "C" fn on_signal(_: libc::c_int) {
    let interrupted_errno = errno::errno();
    let socket = SOCKET.load(Ordering::Acquire);
    let mut byte = 1_u8;
    let mut answer = libc::pollfd { fd: socket, events: libc::POLLIN, revents: 0 };
    // SAFETY: a signal handler may call these functions, and the pointers are valid during the calls.
    #[expect(unsafe_code, reason = "a signal handler may call few functions")]
    unsafe {
        // Discards an answer that arrived too late for an earlier signal.
        while libc::read(socket, (&raw mut byte).cast(), 1) == 1 {}
        libc::write(socket, (&raw const byte).cast(), 1);
        libc::poll(&raw mut answer, 1, WAIT_MS);
    }
    // The interrupted code may not have read its error yet.
    errno::set_errno(interrupted_errno);
}

fn run_next() {
    let next = NEXT.load(Ordering::Acquire);
    if next != 0 {
        // SAFETY: a handler that is neither default nor ignored, without SA_SIGINFO, is such a function.
        #[expect(unsafe_code, reason = "the system returns the handler as a number")]
        let next = unsafe { std::mem::transmute::<libc::sighandler_t, extern "C" fn(libc::c_int)>(next) };
        next(libc::SIGWINCH);
    }
}

/// Waits for signals. Several signals count as one.
fn wait(signals: &mut UnixStream) -> bool {
    loop {
        match signals.read(&mut [0; 64]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read.is_ok_and(|count| count > 0),
        }
    }
}
