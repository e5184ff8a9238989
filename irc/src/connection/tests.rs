//! Tests of the connection.

use transport::wake::Wake;

use super::*;
use crate::relay::RelayHandle;
use crate::shared::Settings;

#[tokio::test]
async fn the_task_of_an_idle_connection_is_small() {
    let (waker, _wake) = Wake::new().expect("a wake-up");
    let (relay, _inputs) = RelayHandle::new(waker);
    let settings =
        Settings { name: "irc.papo".into(), description: "papo".into(), has_guests: false, started_ms: 0 };
    let shared = Arc::new(Shared::new(settings, relay));
    let address = IpAddr::from([127, 0, 0, 1]);
    assert!(shared.admit(address));
    let (_client, stream) = tokio::io::duplex(64);
    let (reader, writer) = tokio::io::split(stream);
    let connection = Connection::new(shared, address, Arc::default(), reader, writer);
    let bytes = size_of_val(&connection.run());
    assert!(bytes < 12 << 10, "{bytes} bytes");
}
