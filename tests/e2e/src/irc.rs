//! An IRC client: lines over TCP.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::{DEADLINE, PASSWORD};

/// A connection to the IRC front.
#[derive(Debug)]
pub struct IrcClient {
    stream: BufReader<TcpStream>,
    syncs: u32,
}

impl IrcClient {
    #[must_use]
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream), syncs: 0 }
    }

    /// Logs in with [`PASSWORD`] and these capabilities, and reads the welcome.
    #[must_use]
    pub fn login(address: &str, user: &str, capabilities: &str) -> Self {
        let mut client = Self::connect(address);
        client.send(&format!("CAP REQ :{capabilities}"));
        client.send(&format!("PASS :{user}:{PASSWORD}"));
        client.send(&format!("NICK {user}"));
        client.send(&format!("USER {user} 0 * :{user}"));
        client.send("CAP END");
        client.sync();
        client
    }

    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("written");
    }

    /// The next line; `None` if the front has closed the connection.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).expect("a line in time");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Reads until a line contains a text, and returns that line.
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.line().unwrap_or_else(|| panic!("the connection ended before {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the next line, and asserts that no further line follows it.
    pub fn only_line(&mut self) -> String {
        let line = self.line().expect("a line");
        assert_eq!(self.sync(), Vec::<String>::new(), "after {line:?}");
        line
    }

    /// The lines that the front sends before the reply to a PING. A line about another user may come later.
    pub fn sync(&mut self) -> Vec<String> {
        self.syncs += 1;
        let token = format!("sync-{}", self.syncs);
        self.send(&format!("PING {token}"));
        let mut lines = Vec::new();
        loop {
            let line = self.line().unwrap_or_else(|| panic!("the connection ended after {lines:?}"));
            if line.ends_with(&token) {
                return lines;
            }
            lines.push(line);
        }
    }

    /// Sends a line, and returns the lines that the front sends before the reply to a PING.
    pub fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line);
        self.sync()
    }

    /// The remaining lines until the front closes the connection.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }
}
