//! A wire that a test can tap: a TCP relay in front of one port, which records what goes over it, and can be held.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Bytes carried at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// A relay to one endpoint. Its threads end with their connections.
pub struct Wire {
    endpoint: String,
    tap: Arc<Tap>,
}

#[derive(Default)]
struct Tap {
    /// What went over each connection.
    conversations: Mutex<Vec<Arc<Mutex<Vec<Said>>>>>,
    is_held: Mutex<bool>,
    released: Condvar,
}

/// Some bytes, and which way they went.
#[derive(Debug, Clone)]
pub struct Said {
    /// Up is to who listens, down to who has connected.
    pub is_upward: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Wire {
    /// A relay to whoever listens at `endpoint`, now or later.
    #[must_use]
    pub fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = endpoint.strip_prefix("tcp://").expect("a TCP endpoint").to_owned();
        let tap = Arc::<Tap>::default();
        let wire = Self { endpoint: format!("tcp://{address}"), tap: Arc::clone(&tap) };
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if let Ok(far) = TcpStream::connect(&target) {
                    tap.relay(&near, &far);
                }
            }
        });
        wire
    }

    /// Where to connect instead.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether these bytes went over it, in either direction.
    #[must_use]
    pub fn has_carried(&self, bytes: &[u8]) -> bool {
        let one_way = |conversation: &[Said], is_upward| -> Vec<u8> {
            let said = conversation.iter().filter(|said| said.is_upward == is_upward);
            said.flat_map(|said| said.bytes.iter().copied()).collect()
        };
        let holds = |stream: Vec<u8>| stream.windows(bytes.len()).any(|window| window == bytes);
        self.conversations().iter().any(|c| holds(one_way(c, true)) || holds(one_way(c, false)))
    }

    /// What was said so far, for each connection from the first one on.
    #[must_use]
    pub fn conversations(&self) -> Vec<Vec<Said>> {
        let conversations = self.tap.conversations.lock().expect("the records");
        conversations.iter().map(|conversation| conversation.lock().expect("a record").clone()).collect()
    }

    /// Carries nothing down any more: whoever is connected seems to have stopped reading.
    pub fn hold(&self) {
        *self.tap.is_held.lock().expect("the switch") = true;
    }
}

impl Tap {
    fn relay(self: &Arc<Self>, near: &TcpStream, far: &TcpStream) {
        let record = Arc::<Mutex<Vec<Said>>>::default();
        self.conversations.lock().expect("the records").push(Arc::clone(&record));
        let handle = |end: &TcpStream| end.try_clone().expect("a second handle");
        let [up, down] = [(handle(near), handle(far)), (handle(far), handle(near))];
        let (tap, second_record) = (Arc::clone(self), Arc::clone(&record));
        let note = |is_upward, bytes: &[u8], record: &Mutex<Vec<Said>>| {
            record.lock().expect("a record").push(Said { is_upward, bytes: bytes.to_vec() });
        };
        thread::spawn(move || carry(up, |bytes| note(true, bytes, &record)));
        thread::spawn(move || {
            carry(down, |bytes| {
                tap.wait_while_held();
                note(false, bytes, &second_record);
            });
        });
    }

    fn wait_while_held(&self) {
        let held = self.is_held.lock().expect("the switch");
        drop(self.released.wait_while(held, |is_held| *is_held).expect("the switch"));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        *self.tap.is_held.lock().expect("the switch") = false;
        self.tap.released.notify_all();
    }
}

/// Carries everything from one end to the other; `tap` sees it first.
fn carry((mut from, mut to): (TcpStream, TcpStream), tap: impl Fn(&[u8])) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let bytes = chunk.get(..count).unwrap_or_default();
        tap(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // Whichever side ends, both do.
    let _ended_already = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
