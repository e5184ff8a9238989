//! etcd whose quota is used.

use common::Reason;
use testkit::EtcdServers;

use super::{folder, init, node, user, wait_for};

/// The quota of etcd, in bytes. An empty cluster needs less than half of it.
const QUOTA: &str = "1048576";

#[test]
fn a_full_etcd_refuses_writes_and_permits_reads() {
    let Some(etcd) = EtcdServers::start_with_flags(1, &[("--quota-backend-bytes", QUOTA)]) else { return };
    let (address, data) = (etcd.address("test"), folder());
    init(&address, &data, &[]);
    let node = node(&address, 1, data, &[]);
    let mut alice = user(&node, "alice");
    alice.create("#general").expect("a channel");
    let text = "x".repeat(8_000);
    let mut stored = 0;
    wait_for("a full etcd", || {
        loop {
            match alice.send("#general", &text) {
                Ok(sent) => stored = sent.n,
                Err(error) => return (error.reason() == Some(Reason::StorageFull)).then_some(()),
            }
        }
    });
    assert!(stored > 10, "{stored} events");
    assert_eq!(alice.history("#general").last().map(|event| event.n), Some(stored), "reads are answered");
}
