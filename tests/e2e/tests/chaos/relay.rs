//! A TCP relay in front of one port. It can cut, stall or half-close connections. The traffic is encrypted,
//! so a cut can happen at any byte of a message.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

const CHUNK_BYTES: usize = 16 * 1024;

/// A relay to one endpoint. Dropping it closes its connections.
pub(super) struct Relay {
    endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u64, Connection>,
    last_number: u64,
    is_stalled: bool,
    is_closed: bool,
}

/// A connection through the relay: `near` to the client, `far` to the role.
struct Connection {
    near: TcpStream,
    far: TcpStream,
    /// The bytes to forward before the cut, in both directions together; `None` if no cut is planned.
    bytes_left: Option<usize>,
    /// Whether the far side is closed and the near side is open.
    is_half_open: bool,
}

impl Connection {
    fn end(&self) {
        // Closing a closed side returns an error.
        let _ignore_closed = (self.near.shutdown(Shutdown::Both), self.far.shutdown(Shutdown::Both));
    }
}

impl Relay {
    /// Starts a relay to `endpoint`. No process has to listen there yet.
    pub(super) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = endpoint.strip_prefix("tcp://").expect("a TCP endpoint").to_owned();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let relay = Self { endpoint: format!("tcp://{address}"), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.state().is_closed {
                    break;
                }
                // No process listens at the target, so drop the near side.
                let Ok(far) = TcpStream::connect(&target) else { continue };
                shared.join(near, far);
            }
        });
        relay
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Cuts every `every`-th connection after it forwarded `bytes` more bytes.
    pub(super) fn cut(&self, every: usize, bytes: usize) {
        let mut state = self.shared.state();
        for connection in state.connections.values_mut().step_by(every) {
            connection.bytes_left = Some(bytes);
            if bytes == 0 {
                connection.end();
            }
        }
    }

    /// Stops forwarding until [`Self::resume`]. No bytes are lost, because the buffers of the writers become
    /// full.
    pub(super) fn stall(&self) {
        self.shared.state().is_stalled = true;
    }

    /// Resumes forwarding.
    pub(super) fn resume(&self) {
        self.shared.state().is_stalled = false;
        self.shared.changed.notify_all();
    }

    /// Closes the role's side of every `every`-th connection; the client's side stays open.
    pub(super) fn half_open(&self, every: usize) {
        for connection in self.shared.state().connections.values_mut().step_by(every) {
            connection.is_half_open = true;
            let _ignore_closed = connection.far.shutdown(Shutdown::Both);
        }
    }

    /// Closes the half-open connections completely.
    pub(super) fn end_half_open(&self) {
        let state = self.shared.state();
        state.connections.values().filter(|connection| connection.is_half_open).for_each(Connection::end);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        (state.is_closed, state.is_stalled) = (true, false);
        state.connections.values().for_each(Connection::end);
        drop(state);
        self.shared.changed.notify_all();
        // A connection wakes the listener thread, which then checks `is_closed`.
        let _ignore_error = self.endpoint.strip_prefix("tcp://").map(TcpStream::connect);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no relay thread panics")
    }

    fn join(self: &Arc<Self>, near: TcpStream, far: TcpStream) {
        let handle = |end: &TcpStream| end.try_clone().expect("a second handle");
        let [up, down] = [(handle(&near), handle(&far)), (handle(&far), handle(&near))];
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        state.connections.insert(number, Connection { near, far, bytes_left: None, is_half_open: false });
        drop(state);
        for (is_upward, (from, to)) in [(true, up), (false, down)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.forward(number, is_upward, from, to));
        }
    }

    fn forward(&self, number: u64, is_upward: bool, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            let Some(count) = self.permit(number, count) else { break };
            if count > 0 && to.write_all(&chunk[..count]).is_err() && !self.is_half_open(number) {
                break;
            }
        }
        // When one side closes, close both sides, except the near side of a half-open connection.
        let mut state = self.state();
        if is_upward || !state.connections.get(&number).is_some_and(|connection| connection.is_half_open) {
            state.connections.remove(&number).iter().for_each(Connection::end);
        }
    }

    /// Waits while the relay stalls, then returns how many of `count` bytes may be forwarded; `None` after a
    /// cut.
    fn permit(&self, number: u64, count: usize) -> Option<usize> {
        let state = self.changed.wait_while(self.state(), |state| state.is_stalled);
        let mut state = state.expect("no relay thread panics");
        let connection = state.connections.get_mut(&number)?;
        if connection.is_half_open {
            return Some(0);
        }
        let Some(left) = &mut connection.bytes_left else { return Some(count) };
        let permitted = count.min(*left);
        *left -= permitted;
        if *left == 0 {
            // Close only reading. The last bytes are still written.
            let _ignore_closed = connection.near.shutdown(Shutdown::Read);
            let _ignore_closed = connection.far.shutdown(Shutdown::Read);
        }
        Some(permitted)
    }

    fn is_half_open(&self, number: u64) -> bool {
        self.state().connections.get(&number).is_some_and(|connection| connection.is_half_open)
    }
}
