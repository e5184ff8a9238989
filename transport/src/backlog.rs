//! Counts the bytes that wait in libzmq for a peer. libzmq itself bounds only the number of waiting messages,
//! and does not report their size.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::socket::Frame;

/// The number of bytes in counted frames that libzmq has not released yet.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn subtract(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A frame whose bytes libzmq reads until it calls `release`.
struct BorrowedFrame {
    frame: Frame,
    backlogs: Vec<Backlog>,
}

impl Drop for BorrowedFrame {
    fn drop(&mut self) {
        self.backlogs.iter().for_each(|backlog| backlog.subtract(self.frame.len()));
    }
}

/// Sends a frame, and counts its bytes in `backlogs` until libzmq releases them: when they are sent to the
/// peer or its connection is closed. A frame that cannot be sent is not counted.
#[expect(unsafe_code, reason = "the zmq crate has no message with a callback for its release")]
pub(crate) fn send(
    socket: &mut zmq::Socket,
    frame: Frame,
    backlogs: &[Backlog],
    flags: i32,
) -> Result<(), zmq::Error> {
    let length = frame.len();
    backlogs.iter().for_each(|backlog| backlog.add(length));
    let lent = Box::into_raw(Box::new(BorrowedFrame { frame, backlogs: backlogs.to_vec() }));
    let mut message = zmq_sys::zmq_msg_t::default();
    // SAFETY: `lent` was leaked above, so its bytes do not move, and no code changes them: libzmq only reads
    // the bytes that it sends. It calls `release` exactly once, from any thread, after its last read; until
    // then only libzmq has the pointer. If `zmq_msg_init_data` fails, it has not kept the pointer. The socket
    // is alive.
    let code = unsafe {
        let data = (*lent).frame.as_ptr().cast_mut().cast::<c_void>();
        if zmq_sys::zmq_msg_init_data(&raw mut message, data, length, Some(release), lent.cast()) == -1 {
            drop(Box::from_raw(lent));
            return Err(zmq::Error::ENOMEM);
        }
        zmq_sys::zmq_msg_send(&raw mut message, socket.as_mut_ptr(), flags)
    };
    if code >= 0 {
        return Ok(());
    }
    // SAFETY: the message was made above and not sent, so this function must close it, which calls `release`.
    let error = unsafe {
        let error = zmq_sys::zmq_errno();
        zmq_sys::zmq_msg_close(&raw mut message);
        error
    };
    Err(zmq::Error::from_raw(error))
}

/// libzmq calls this when it no longer needs the bytes of a frame.
#[expect(unsafe_code, reason = "libzmq calls it")]
unsafe extern "C" fn release(_data: *mut c_void, lent: *mut c_void) {
    // SAFETY: `send` leaked `lent`, and libzmq calls this function once for it.
    drop(unsafe { Box::from_raw(lent.cast::<BorrowedFrame>()) });
}
