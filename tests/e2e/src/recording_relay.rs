//! A TCP relay in front of one port. It records all bytes, and can stop forwarding.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

const CHUNK_BYTES: usize = 16 * 1024;

/// A relay to one endpoint. Its threads end with their connections.
pub struct RecordingRelay {
    endpoint: String,
    recorder: Arc<Recorder>,
}

#[derive(Default)]
struct Recorder {
    connections: Mutex<Vec<Arc<Mutex<Vec<Recorded>>>>>,
    is_stalled: Mutex<bool>,
    released: Condvar,
}

#[derive(Debug, Clone)]
pub struct Recorded {
    /// `true` from the client to the target, `false` for the other direction.
    pub is_upward: bool,
    pub bytes: Vec<u8>,
}

impl RecordingRelay {
    /// Starts a relay to `endpoint`. No process has to listen there yet.
    #[must_use]
    pub fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = endpoint.strip_prefix("tcp://").expect("a TCP endpoint").to_owned();
        let recorder = Arc::<Recorder>::default();
        let relay = Self { endpoint: format!("tcp://{address}"), recorder: Arc::clone(&recorder) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Ok(target_stream) = TcpStream::connect(&target) {
                    recorder.relay(&client, &target_stream);
                }
            }
        });
        relay
    }

    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the bytes were forwarded in either direction.
    #[must_use]
    pub fn has_recorded(&self, bytes: &[u8]) -> bool {
        let one_way = |connection: &[Recorded], is_upward| -> Vec<u8> {
            let recorded = connection.iter().filter(|recorded| recorded.is_upward == is_upward);
            recorded.flat_map(|recorded| recorded.bytes.iter().copied()).collect()
        };
        let holds = |stream: Vec<u8>| stream.windows(bytes.len()).any(|window| window == bytes);
        self.connections().iter().any(|c| holds(one_way(c, true)) || holds(one_way(c, false)))
    }

    /// The recorded bytes of each connection, oldest first.
    #[must_use]
    pub fn connections(&self) -> Vec<Vec<Recorded>> {
        let connections = self.recorder.connections.lock().expect("the records");
        connections.iter().map(|connection| connection.lock().expect("a record").clone()).collect()
    }

    /// Stops forwarding to clients. The node cannot distinguish this from a client that does not read.
    pub fn stall(&self) {
        *self.recorder.is_stalled.lock().expect("the switch") = true;
    }
}

impl Recorder {
    fn relay(self: &Arc<Self>, client: &TcpStream, target_stream: &TcpStream) {
        let record = Arc::<Mutex<Vec<Recorded>>>::default();
        self.connections.lock().expect("the records").push(Arc::clone(&record));
        let handle = |end: &TcpStream| end.try_clone().expect("a second handle");
        let [up, down] = [(handle(client), handle(target_stream)), (handle(target_stream), handle(client))];
        let (recorder, second_record) = (Arc::clone(self), Arc::clone(&record));
        let record_bytes = |is_upward, bytes: &[u8], record: &Mutex<Vec<Recorded>>| {
            record.lock().expect("a record").push(Recorded { is_upward, bytes: bytes.to_vec() });
        };
        thread::spawn(move || forward(up, |bytes| record_bytes(true, bytes, &record)));
        thread::spawn(move || {
            forward(down, |bytes| {
                recorder.wait_while_stalled();
                record_bytes(false, bytes, &second_record);
            });
        });
    }

    fn wait_while_stalled(&self) {
        let stalled = self.is_stalled.lock().expect("the switch");
        drop(self.released.wait_while(stalled, |is_stalled| *is_stalled).expect("the switch"));
    }
}

impl Drop for RecordingRelay {
    fn drop(&mut self) {
        *self.recorder.is_stalled.lock().expect("the switch") = false;
        self.recorder.released.notify_all();
    }
}

/// Passes all bytes to `recorder`, and forwards them from one stream to the other.
fn forward((mut from, mut to): (TcpStream, TcpStream), recorder: impl Fn(&[u8])) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let bytes = chunk.get(..count).unwrap_or_default();
        recorder(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // When one side closes, close both sides.
    let _ignore_closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
