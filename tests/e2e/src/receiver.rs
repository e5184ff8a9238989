//! A receiver of outgoing webhooks and of pushes: an HTTP server that records each request. The test chooses
//! the answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::Value;

/// A request, with the status of its answer.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text; other bytes than UTF-8 are replaced.
    pub body: String,
    pub bytes: Vec<u8>,
    pub status: u16,
}

impl Received {
    /// The value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

type Log = Arc<Mutex<Vec<Received>>>;

/// Answers the requests to its address until the test ends.
pub struct Receiver {
    address: SocketAddr,
    log: Log,
}

impl Receiver {
    /// Starts a receiver. `status` decides the answer to the request with this number, counted from 1.
    pub fn start(status: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (log, status) = (Log::default(), Arc::new(status));
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, status) = (Arc::clone(&shared), Arc::clone(&status));
                thread::spawn(move || serve(&stream, &log, &*status));
            }
        });
        Self { address, log }
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/papo", self.address)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.log).clone()
    }
}

fn lock(log: &Log) -> MutexGuard<'_, Vec<Received>> {
    log.lock().expect("no panic")
}

/// Answers the requests of one connection. A connection that is cut in a request ends without an answer.
fn serve(stream: &TcpStream, log: &Log, status: &dyn Fn(usize) -> u16) {
    let mut reader = BufReader::new(stream);
    while let Some(mut received) = read(&mut reader) {
        let mut all = lock(log);
        received.status = status(all.len() + 1);
        let answer = format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", received.status);
        all.push(received);
        drop(all);
        let mut writer = stream;
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value.to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8_lossy(&body).into_owned();
    Some(Received { path, headers, body: text, bytes: body, status: 0 })
}
