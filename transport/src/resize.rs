//! The signal for a new size of the terminal (SIGWINCH), handled before the handler of a line editor, which
//! installs its handler whenever it begins a line.

use std::io::{self, PipeReader, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::IntoRawFd as _;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use crate::error::TransportError;

/// The end of a pipe to which the handler writes. -1 before [`watch`].
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// The handler that [`interpose`] replaced last: a function with one argument. 0 means none.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Runs `work` in its own thread at each SIGWINCH after [`interpose`], and then the replaced handler. Call this
/// function once.
pub fn watch(mut work: impl FnMut() + Send + 'static) -> Result<(), TransportError> {
    let error = TransportError::system("listen for a new size of the terminal");
    let (mut signals, writer) = io::pipe().map_err(&error)?;
    PIPE.store(writer.into_raw_fd(), Ordering::Release);
    let run = move || {
        while wait(&mut signals) {
            work();
            run_next();
        }
    };
    std::thread::Builder::new().name("resize".to_owned()).spawn(run).map_err(&error)?;
    Ok(())
}

/// Replaces the handler of SIGWINCH, unless it is replaced already.
pub fn interpose() {
    if PIPE.load(Ordering::Acquire) == -1 {
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

extern "C" fn on_signal(_: libc::c_int) {
    // SAFETY: `write` may be called by a signal handler, and the byte outlives the call.
    #[expect(unsafe_code, reason = "a signal handler may call few functions")]
    unsafe {
        libc::write(PIPE.load(Ordering::Acquire), ptr::from_ref(&1_u8).cast(), 1);
    }
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
fn wait(signals: &mut PipeReader) -> bool {
    loop {
        match signals.read(&mut [0; 64]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read.is_ok_and(|count| count > 0),
        }
    }
}
