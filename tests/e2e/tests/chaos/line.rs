//! A TCP line in front of one port that can be cut in the middle of anything, held still, or left half open. What
//! goes over it is encrypted, so a cut falls wherever it falls.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Bytes carried at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// A relay to one endpoint. All its connections end when it is dropped.
pub(super) struct Line {
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
    is_still: bool,
    is_over: bool,
}

/// One connection over the line.
struct Connection {
    near: TcpStream,
    far: TcpStream,
    /// Bytes that are still carried, in either direction; without a number there is no end to it.
    bytes_left: Option<usize>,
    /// Whether the far end is gone, which the near one is not told.
    is_half_open: bool,
}

impl Connection {
    fn end(&self) {
        // Whichever end is closed already needs nothing more.
        let _closed_already = (self.near.shutdown(Shutdown::Both), self.far.shutdown(Shutdown::Both));
    }
}

impl Line {
    /// A line to whoever listens at `endpoint`, now or later.
    pub(super) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = endpoint.strip_prefix("tcp://").expect("a TCP endpoint").to_owned();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let line = Self { endpoint: format!("tcp://{address}"), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.state().is_over {
                    break;
                }
                // Nobody listens there at present: who came finds that out by the end of the connection.
                let Ok(far) = TcpStream::connect(&target) else { continue };
                shared.join(near, far);
            }
        });
        line
    }

    /// Where to connect instead.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Cuts every `every`-th connection as soon as it has carried so many more bytes.
    pub(super) fn cut(&self, every: usize, bytes: usize) {
        let mut state = self.shared.state();
        for connection in state.connections.values_mut().step_by(every) {
            connection.bytes_left = Some(bytes);
            if bytes == 0 {
                connection.end();
            }
        }
    }

    /// Carries nothing any more, and loses nothing, until it flows again: whoever writes finds the way full.
    pub(super) fn hold_still(&self) {
        self.shared.state().is_still = true;
    }

    /// Carries everything again.
    pub(super) fn flow(&self) {
        self.shared.state().is_still = false;
        self.shared.changed.notify_all();
    }

    /// Ends every `every`-th connection towards the role, which whoever has connected is not told.
    pub(super) fn half_open(&self, every: usize) {
        for connection in self.shared.state().connections.values_mut().step_by(every) {
            connection.is_half_open = true;
            let _closed_already = connection.far.shutdown(Shutdown::Both);
        }
    }

    /// Tells those with a half-open connection that it is over.
    pub(super) fn end_half_open(&self) {
        let state = self.shared.state();
        state.connections.values().filter(|connection| connection.is_half_open).for_each(Connection::end);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        (state.is_over, state.is_still) = (true, false);
        state.connections.values().for_each(Connection::end);
        drop(state);
        self.shared.changed.notify_all();
        // The listener looks whether it is over when somebody comes.
        let _nobody_listens = self.endpoint.strip_prefix("tcp://").map(TcpStream::connect);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the line fails")
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
            thread::spawn(move || shared.carry(number, is_upward, from, to));
        }
    }

    fn carry(&self, number: u64, is_upward: bool, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            let Some(count) = self.permit(number, count) else { break };
            if count > 0 && to.write_all(&chunk[..count]).is_err() && !self.is_half_open(number) {
                break;
            }
        }
        // Whichever side ends, both do; only that the near end does not hear of a far one that is said to be there.
        let mut state = self.state();
        if is_upward || !state.connections.get(&number).is_some_and(|connection| connection.is_half_open) {
            state.connections.remove(&number).iter().for_each(Connection::end);
        }
    }

    /// How many of these bytes may be carried, as soon as the line flows; nothing when the connection is over.
    fn permit(&self, number: u64, count: usize) -> Option<usize> {
        let state = self.changed.wait_while(self.state(), |state| state.is_still);
        let mut state = state.expect("no thread of the line fails");
        let connection = state.connections.get_mut(&number)?;
        if connection.is_half_open {
            return Some(0);
        }
        let Some(left) = &mut connection.bytes_left else { return Some(count) };
        let permitted = count.min(*left);
        *left -= permitted;
        if *left == 0 {
            // The last bytes leave before the end does.
            let _closed_already = connection.near.shutdown(Shutdown::Read);
            let _closed_already = connection.far.shutdown(Shutdown::Read);
        }
        Some(permitted)
    }

    fn is_half_open(&self, number: u64) -> bool {
        self.state().connections.get(&number).is_some_and(|connection| connection.is_half_open)
    }
}
