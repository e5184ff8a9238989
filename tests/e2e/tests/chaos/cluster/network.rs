//! A network of network namespaces on this machine:
//!
//! ```text
//! hub: clients, bridge --- machine 1: etcd, bridge --- node 1: papo, clients
//!                      --- machine 2: etcd, bridge --- node 2: papo, clients
//!                      --- machine 3: etcd, bridge --- node 3: papo, clients
//! ```
//!
//! A machine is cut off from the others, or a node from its own machine, too, by ending a link on the side of
//! the bridge. A namespace ends with its keeper process and with the processes in it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::panic::resume_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace.
pub(super) struct Namespace {
    /// The helper process: it keeps the namespace until its standard input ends.
    keeper: Child,
    link: NamespaceLink,
}

/// A handle with which a thread enters a namespace.
#[derive(Clone)]
pub(super) struct NamespaceLink(Arc<File>);

impl NamespaceLink {
    /// Moves the calling thread into the namespace. Its new sockets, threads and processes are there, too.
    pub(super) fn enter(&self) {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).expect("a namespace");
    }
}

impl Namespace {
    /// The error says why it is not possible on this machine.
    fn new() -> Result<Self, String> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo ready; exec cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn().map_err(|error| format!("there is no unshare: {error}"))?;
        let mut line = String::new();
        let read = BufReader::new(keeper.stdout.take().expect("a pipe")).read_line(&mut line);
        if read.is_err() || line.trim() != "ready" {
            let output = keeper.wait_with_output().map_err(|error| error.to_string())?;
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let link = OpenOptions::new().read(true).open(format!("/proc/{}/ns/net", keeper.id()));
        let link = NamespaceLink(Arc::new(link.map_err(|error| error.to_string())?));
        let namespace = Self { keeper, link };
        namespace.ip("link set dev lo up")?;
        Ok(namespace)
    }

    pub(super) fn link(&self) -> &NamespaceLink {
        &self.link
    }

    /// Runs `action` in a thread of the namespace.
    pub(super) fn inside<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        let run = || {
            self.link.enter();
            action()
        };
        thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Runs the program `ip` in the namespace.
    fn ip(&self, arguments: &str) -> Result<(), String> {
        let output = self.inside(|| Command::new("ip").args(arguments.split_whitespace()).output());
        let output = output.map_err(|error| format!("there is no ip (Debian: iproute2): {error}"))?;
        let text = String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).ok_or_else(|| format!("ip {arguments}: {}", text.trim()))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended_already = self.keeper.wait();
    }
}

pub(super) struct Network {
    pub(super) hub: Namespace,
    pub(super) machines: Vec<Namespace>,
    pub(super) nodes: Vec<Namespace>,
}

impl Network {
    /// The error says why it is not possible on this machine.
    pub(super) fn new(machines: usize) -> Result<Self, String> {
        let hub = Namespace::new()?;
        hub.ip("link add lan type bridge")?;
        hub.ip("link set dev lan up")?;
        hub.ip("address add 10.78.0.1/24 dev lan")?;
        let mut network = Self { hub, machines: Vec::new(), nodes: Vec::new() };
        for number in 0..machines {
            network.add_machine(number)?;
        }
        Ok(network)
    }

    fn add_machine(&mut self, number: usize) -> Result<(), String> {
        let (machine, node) = (Namespace::new()?, Namespace::new()?);
        machine.ip("link add lan type bridge")?;
        machine.ip("link set dev lan up")?;
        machine.ip(&format!("address add {}/24 dev lan", Self::machine_address(number)))?;
        join(&self.hub, &format!("machine{number}"), &machine)?;
        machine.ip("link set dev uplink master lan up")?;
        join(&machine, "node", &node)?;
        node.ip(&format!("address add {}/24 dev uplink", Self::node_address(number)))?;
        node.ip("link set dev uplink up")?;
        self.machines.push(machine);
        self.nodes.push(node);
        Ok(())
    }

    /// The address of the etcd server of a machine.
    pub(super) fn machine_address(number: usize) -> String {
        format!("10.78.0.{}", 10 + number)
    }

    pub(super) fn node_address(number: usize) -> String {
        format!("10.78.0.{}", 20 + number)
    }

    /// Cuts a machine off from the others, or connects it again: `state` is `down` or `up`.
    pub(super) fn set_machine(&self, number: usize, state: &str) {
        self.hub.ip(&format!("link set dev machine{number} {state}")).expect("a link");
    }

    /// Cuts a node off from everything, also from the etcd server of its machine, or connects it again.
    pub(super) fn set_node(&self, number: usize, state: &str) {
        self.machines[number].ip(&format!("link set dev node {state}")).expect("a link");
    }
}

/// Joins a namespace to the bridge of another one. The link is `name` there, and `uplink` in the namespace.
fn join(bridge: &Namespace, name: &str, joined: &Namespace) -> Result<(), String> {
    let keeper = joined.keeper.id();
    bridge.ip(&format!("link add {name} type veth peer name uplink netns {keeper}"))?;
    bridge.ip(&format!("link set dev {name} master lan up"))
}
