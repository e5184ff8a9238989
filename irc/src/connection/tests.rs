//! Tests of the connection.

use transport::wake::Wake;

use super::*;
use crate::relay::RelayHandle;
use crate::shared::Settings;

/// A connection without a client.
fn connection() -> Connection {
    let (waker, _wake) = Wake::new().expect("a wake-up");
    let (relay, _inputs) = RelayHandle::new(waker);
    let settings = Settings {
        name: "irc.papo".into(),
        description: "papo".into(),
        uploads: None,
        has_guests: false,
        started_ms: 0,
    };
    let shared = Arc::new(Shared::new(settings, relay));
    let address = IpAddr::from([127, 0, 0, 1]);
    assert!(shared.admit(address));
    let (_client, stream) = tokio::io::duplex(64);
    let (reader, writer) = tokio::io::split(stream);
    Connection::new(shared, address, Arc::default(), reader, writer)
}

#[tokio::test]
async fn the_task_of_an_idle_connection_is_small() {
    let bytes = size_of_val(&connection().run());
    assert!(bytes < 12 << 10, "{bytes} bytes");
}

#[tokio::test]
async fn a_client_that_does_not_register_or_does_not_answer_is_closed() {
    let mut connection = connection();
    let opened = connection.opened_ms;
    let ended = |connection: &mut Connection, at| match connection.check_times(at) {
        Ok(()) => None,
        Err(End::Because(reason)) => Some(reason),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(ended(&mut connection, opened + REGISTRATION_MS_MAX - 1), None);
    let reason = ended(&mut connection, opened + REGISTRATION_MS_MAX);
    assert_eq!(reason.as_deref(), Some("Registration timeout"));
    connection.is_welcome = true;
    assert_eq!(ended(&mut connection, opened + PING_MS - 1), None);
    assert!(connection.socket.output().is_empty());
    assert_eq!(ended(&mut connection, opened + PING_MS), None);
    assert_eq!(*connection.socket.output(), b":irc.papo PING irc.papo\r\n");
    assert_eq!(ended(&mut connection, opened + SILENT_MS_MAX - 1), None);
    let reason = ended(&mut connection, opened + SILENT_MS_MAX);
    assert_eq!(reason.as_deref(), Some("Ping timeout: 180 seconds"));
}
