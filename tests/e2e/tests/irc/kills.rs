//! Tests of `kill -9` of each role while IRC clients send. The echo is the acknowledgement of IRC: each
//! echoed message is stored once, and the messages of a client keep their order.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use e2e::{DEADLINE, Node, PASSWORD};
use transport::clock;

use super::team_on;
use crate::clusters::StopOnDrop;

const USERS: [&str; 2] = ["alice", "bob"];

/// The echoes that each client receives between two kills.
const ECHOES_PER_KILL: u64 = 15;

#[test]
fn no_echoed_message_is_lost_or_doubled_when_a_role_is_killed() {
    let mut node = Node::in_three_processes();
    node.add_irc_with(&[]);
    let [mut alice, _bob] = team_on(&node);
    let address = node.endpoint("irc").to_owned();
    let (must_stop, counts) = (AtomicBool::new(false), USERS.map(|_| AtomicU64::new(0)));
    let echoed: Vec<Vec<u64>> = thread::scope(|scope| {
        let senders: Vec<_> = USERS
            .iter()
            .zip(&counts)
            .map(|(user, count)| scope.spawn(|| send_until(&address, user, &must_stop, count)))
            .collect();
        let stop = StopOnDrop(&must_stop);
        for role in ["server", "irc", "broker", "proxy", "server", "irc"] {
            wait_for_echoes(&counts, role);
            node.kill(role);
            node.start(role);
        }
        wait_for_echoes(&counts, "the last start");
        drop(stop);
        senders.into_iter().map(|sender| sender.join().expect("a sender")).collect()
    });
    let stored = alice.texts("#ops");
    for (user, echoed) in USERS.iter().zip(echoed) {
        let numbers = stored.iter().filter_map(|text| text.strip_prefix(user)?.trim().parse().ok());
        let numbers: Vec<u64> = numbers.collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{user}: doubled or out of order: {numbers:?}");
        let lost: Vec<_> = echoed.iter().filter(|number| numbers.binary_search(number).is_err()).collect();
        assert!(lost.is_empty(), "{user}: echoed and lost: {lost:?} of {}", echoed.len());
    }
}

/// Waits until each client has received further echoes.
fn wait_for_echoes(counts: &[AtomicU64], before: &str) {
    let expected: Vec<u64> =
        counts.iter().map(|count| count.load(Ordering::Relaxed) + ECHOES_PER_KILL).collect();
    let started = clock::now();
    while counts.iter().zip(&expected).any(|(count, expected)| count.load(Ordering::Relaxed) < *expected) {
        assert!(started.elapsed() < 2 * DEADLINE, "no echoes before {before}: {counts:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends numbered messages, one after the other, and connects again after the end of a connection. Returns
/// the numbers of the echoed messages. A message without an echo is not sent again.
fn send_until(address: &str, user: &str, must_stop: &AtomicBool, count: &AtomicU64) -> Vec<u64> {
    let (mut echoed, mut number) = (Vec::new(), 0);
    while !must_stop.load(Ordering::Relaxed) {
        let Ok(mut connection) = log_in(address, user) else {
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        while !must_stop.load(Ordering::Relaxed) {
            number += 1;
            match send(&mut connection, user, number) {
                Ok(true) => {
                    echoed.push(number);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(false) => {}
                Err(_ended) => break,
            }
        }
    }
    echoed
}

fn log_in(address: &str, user: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_nodelay(true)?;
    let mut connection = BufReader::new(stream);
    let lines = format!(
        "CAP REQ :echo-message\r\nPASS :{user}:{PASSWORD}\r\nNICK {user}\r\nUSER {user} 0 * :{user}\r\nCAP END\r\n"
    );
    connection.get_mut().write_all(lines.as_bytes())?;
    // The end of the list of members of `#ops`.
    while !next_line(&mut connection)?.contains(" 366 ") {}
    Ok(connection)
}

/// Sends a message, and waits for its echo. Returns false if the front refuses the message.
fn send(connection: &mut BufReader<TcpStream>, user: &str, number: u64) -> io::Result<bool> {
    connection.get_mut().write_all(format!("PRIVMSG #ops :{user} {number}\r\n").as_bytes())?;
    let echo = format!(" PRIVMSG #ops :{user} {number}");
    loop {
        let line = next_line(connection)?;
        if line.ends_with(&echo) {
            return Ok(true);
        }
        // An error: `:host 404 nick #ops :...`, or a standard reply.
        if line.split(' ').nth(1).is_some_and(|word| word.starts_with('4')) || line.starts_with("FAIL ") {
            return Ok(false);
        }
    }
}

fn next_line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match connection.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}
