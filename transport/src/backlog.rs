//! How many bytes wait for a peer in libzmq, which bounds what waits by its number only and tells nobody how much it is.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::socket::Frame;

/// The bytes of frames that were counted here and that libzmq has not let go of yet.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    /// How many bytes wait.
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

/// A frame that libzmq borrows the bytes of.
struct Lent {
    frame: Frame,
    backlogs: Vec<Backlog>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.backlogs.iter().for_each(|backlog| backlog.subtract(self.frame.len()));
    }
}

/// Hands a frame to libzmq, and counts its bytes in `backlogs` until they have left for the peer or its connection is
/// gone. Nothing is counted when it fails.
#[expect(unsafe_code, reason = "the zmq crate has no message that tells when it is let go of")]
pub(crate) fn send(
    socket: &mut zmq::Socket,
    frame: Frame,
    backlogs: &[Backlog],
    flags: i32,
) -> Result<(), zmq::Error> {
    let length = frame.len();
    backlogs.iter().for_each(|backlog| backlog.add(length));
    let lent = Box::into_raw(Box::new(Lent { frame, backlogs: backlogs.to_vec() }));
    let mut message = zmq_sys::zmq_msg_t::default();
    // SAFETY: `lent` was leaked just now, so that its bytes stay where they are, and nobody changes them: libzmq only
    // reads what it sends. It calls `let_go` exactly once, from whichever thread, after its last look at them; until
    // then only libzmq has the pointer. When `zmq_msg_init_data` fails it has not kept it. The socket is alive.
    let code = unsafe {
        let data = (*lent).frame.as_ptr().cast_mut().cast::<c_void>();
        if zmq_sys::zmq_msg_init_data(&raw mut message, data, length, Some(let_go), lent.cast()) == -1 {
            drop(Box::from_raw(lent));
            return Err(zmq::Error::ENOMEM);
        }
        zmq_sys::zmq_msg_send(&raw mut message, socket.as_mut_ptr(), flags)
    };
    if code >= 0 {
        return Ok(());
    }
    // SAFETY: the message was made above and not sent, so it is ours to close, which calls `let_go`.
    let error = unsafe {
        let error = zmq_sys::zmq_errno();
        zmq_sys::zmq_msg_close(&raw mut message);
        error
    };
    Err(zmq::Error::from_raw(error))
}

/// libzmq has let go of a frame's bytes.
#[expect(unsafe_code, reason = "libzmq calls it")]
unsafe extern "C" fn let_go(_data: *mut c_void, lent: *mut c_void) {
    // SAFETY: `lent` is what `send` leaked, and this is called once for it.
    drop(unsafe { Box::from_raw(lent.cast::<Lent>()) });
}
