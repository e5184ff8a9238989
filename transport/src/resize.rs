//! The signal for a new size of the terminal (SIGWINCH), handled before another handler of the process.

use std::io::{self, PipeReader, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::IntoRawFd as _;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::error::TransportError;

/// The end of a pipe to which the handler writes. -1 before [`before_next_handler`].
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Runs `work` in its own thread at each SIGWINCH, and then the handler that the process had before. Call this
/// function once, after the line editor has installed its handler.
pub fn before_next_handler(mut work: impl FnMut() + Send + 'static) -> Result<(), TransportError> {
    let error = TransportError::system("listen for a new size of the terminal");
    let (mut signals, writer) = io::pipe().map_err(&error)?;
    PIPE.store(writer.into_raw_fd(), Ordering::Release);
    let next = install().map_err(&error)?;
    let run = move || {
        while wait(&mut signals) {
            work();
            if let Some(next) = next {
                next(libc::SIGWINCH);
            }
        }
    };
    std::thread::Builder::new().name("resize".to_owned()).spawn(run).map_err(&error)?;
    Ok(())
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

extern "C" fn on_signal(_: libc::c_int) {
    // SAFETY: `write` may be called by a signal handler, and the byte outlives the call.
    #[expect(unsafe_code, reason = "a signal handler may call few functions")]
    unsafe {
        libc::write(PIPE.load(Ordering::Acquire), ptr::from_ref(&1_u8).cast(), 1);
    }
}

/// Installs the handler. Returns the replaced handler, if it was a function.
fn install() -> io::Result<Option<extern "C" fn(libc::c_int)>> {
    // SAFETY: all-zero bytes are a valid `sigaction` with an empty mask, and both pointers are valid. A handler
    // that is neither default nor ignored, without SA_SIGINFO, is a function with one argument.
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        let mut replaced: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
        if libc::sigaction(libc::SIGWINCH, &raw const action, &raw mut replaced) != 0 {
            return Err(io::Error::last_os_error());
        }
        let is_function = ![libc::SIG_DFL, libc::SIG_IGN].contains(&replaced.sa_sigaction)
            && replaced.sa_flags & libc::SA_SIGINFO == 0;
        Ok(is_function.then(|| {
            std::mem::transmute::<libc::sighandler_t, extern "C" fn(libc::c_int)>(replaced.sa_sigaction)
        }))
    }
}
