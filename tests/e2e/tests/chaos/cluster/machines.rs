//! Three machines, each with an etcd server and a node, in their network namespaces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{DEADLINE, Node, Process};
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::EtcdServers;
use transport::clock;

use super::network::Network;
use crate::chaos::small_disk::SmallDisk;
use crate::clusters::wait_for;

pub(super) const MACHINES: usize = 3;

/// The name of the cluster in etcd.
pub(super) const CLUSTER: &str = "chaos";

/// The size of the small disk of a node. A tmpfs takes only the used memory.
const DISK_MIB: u64 = 1024;

/// The maximum number of nodes that lead before a certain node does.
const LEADERS_MAX: usize = 10;

/// The processes are dropped before their disks and namespaces.
pub(super) struct Machines {
    pub(super) nodes: Vec<Node>,
    pub(super) etcd: EtcdServers,
    disks: Vec<SmallDisk>,
    /// The files that slow down the disks and change the clocks, and backups.
    controls: TempDir,
    pub(super) network: Network,
}

impl Machines {
    /// Starts all processes. The error says why it is not possible on this machine.
    pub(super) fn start() -> Result<Self, String> {
        let network = Network::new(MACHINES)?;
        let addresses = (0..MACHINES).map(|number| {
            let address = Network::machine_address(number);
            (format!("{address}:2379"), format!("{address}:2380"))
        });
        let mut etcd = EtcdServers::at(addresses);
        for (number, machine) in network.machines.iter().enumerate() {
            machine.inside(|| etcd.restart(number));
        }
        let disks = (0..MACHINES).map(|_| SmallDisk::mount(DISK_MIB)).collect::<Result<_, _>>()?;
        let controls = TempDir::new().map_err(|error| error.to_string())?;
        let mut machines = Self { nodes: Vec::new(), etcd, disks, controls, network };
        for number in 0..MACHINES {
            let data = machines.disks[number].data();
            machines.create_folder(number, &data);
            machines.start_first(number, &data);
        }
        Ok(machines)
    }

    /// Makes a data folder: the first by `papo cluster init`, the others by `papo cluster join`.
    fn create_folder(&self, number: usize, data: &Path) {
        let cluster = self.etcd.address(CLUSTER);
        let init = ["cluster", "init", "--cluster", &cluster, "--data", text(data)];
        if number > 0 {
            return self.join(number, number - 1, data);
        }
        self.network.nodes[0].inside(|| {
            let started = clock::now();
            while Process::run(init).code != Some(0) {
                assert!(started.elapsed() < DEADLINE, "etcd does not answer");
            }
        });
    }

    /// Makes a data folder from a backup of the running node `from`.
    fn join(&self, number: usize, from: usize, data: &Path) {
        let (cluster, backup) = (self.etcd.address(CLUSTER), self.controls.path().join("backup.tar"));
        let written = Process::run(["backup", text(&backup), "--data", text(&self.disks[from].data())]);
        assert_eq!(written.code, Some(0), "{}", written.log);
        let join = ["cluster", "join", text(&backup), "--cluster", &cluster, "--data", text(data)];
        let joined = self.network.nodes[number].inside(|| Process::run(join));
        assert_eq!(joined.code, Some(0), "{}", joined.log);
        std::fs::remove_file(backup).expect("a backup");
    }

    fn start_first(&mut self, number: usize, data: &Path) {
        let (address, cluster) = (Network::node_address(number), self.etcd.address(CLUSTER));
        let (link, web, name) =
            (format!("tcp://{address}:5570"), format!("{address}:8080"), format!("n{number}"));
        let (clock, slow_disk) = (self.clock_file(number), self.slow_disk_file(number));
        let flags = [
            ("cluster", &*cluster),
            ("node-name", &*name),
            ("link", &*link),
            ("web", &*web),
            ("web-insecure", ""),
            ("registration", "open"),
            ("messages-per-second", "1000000"),
            ("messages-burst", "1000000"),
            ("reads-per-second", "1000000"),
            ("reads-burst", "1000000"),
            ("user-log-bytes-per-day", "1000000000000"),
            ("PAPO_SLOW_DISK", text(&slow_disk)),
            ("LD_PRELOAD", ""),
            ("FAKETIME_TIMESTAMP_FILE", text(&clock)),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let node = self.network.nodes[number].inside(|| Node::up_at(&address, data, &flags));
        self.nodes.push(node);
    }

    /// The address of each node for WebSockets.
    pub(super) fn web_address(number: usize) -> String {
        format!("{}:8080", Network::node_address(number))
    }

    /// Runs `action` on a node, in its namespace.
    pub(super) fn on<T: Send>(&mut self, number: usize, action: impl FnOnce(&mut Node) -> T + Send) -> T {
        let node = &mut self.nodes[number];
        self.network.nodes[number].inside(move || action(node))
    }

    /// The leading node.
    pub(super) fn leader(&mut self) -> usize {
        wait_for("a leader", || (0..MACHINES).find(|number| self.leads(*number)))
    }

    /// Restarts the leading nodes until this node leads.
    pub(super) fn make_leader(&mut self, number: usize) {
        for _ in 0..LEADERS_MAX {
            let leader = self.leader();
            if leader == number {
                return;
            }
            self.restart_node(leader);
        }
    }

    fn leads(&mut self, number: usize) -> bool {
        self.on(number, |node| node.is_running("up") && node.counter("server", "cluster_leads") == 1)
    }

    /// The problems that a node reports.
    pub(super) fn problems(&mut self, number: usize) -> Vec<String> {
        self.on(number, |node| node.problems("server"))
    }

    pub(super) fn kill_node(&mut self, number: usize) {
        self.nodes[number].kill("up");
    }

    pub(super) fn start_node(&mut self, number: usize) {
        self.on(number, |node| node.start("up"));
    }

    pub(super) fn restart_node(&mut self, number: usize) {
        self.on(number, |node| node.restart("up"));
    }

    pub(super) fn signal_node(&self, number: usize, signal: Signal) {
        self.nodes[number].process("up").signal(signal);
    }

    /// The leading etcd server. All machines must be connected.
    pub(super) fn etcd_leader(&self) -> usize {
        let etcd = &self.etcd;
        self.network.hub.inside(|| wait_for("a leading etcd server", || etcd.leader()))
    }

    pub(super) fn restart_etcd(&mut self, number: usize) {
        self.network.machines[number].inside(|| self.etcd.restart(number));
        self.wait_for_etcd(number);
    }

    /// Starts an etcd server again whose disk is lost.
    pub(super) fn replace_etcd(&mut self, number: usize) {
        let at = (number + 1) % MACHINES;
        self.network.machines[number].inside(|| {
            wait_for("a new member of etcd", || self.etcd.replace(number, at).then_some(()));
        });
        self.wait_for_etcd(number);
    }

    fn wait_for_etcd(&self, number: usize) {
        let etcd = &self.etcd;
        self.network.machines[number].inside(|| {
            wait_for("a member of etcd", || etcd.has_leader(number).then_some(()));
        });
    }

    /// Makes the data folder of a killed node again, from a backup of another node.
    pub(super) fn replace_folder(&mut self, number: usize) {
        let data = self.disks[number].data();
        std::fs::remove_dir_all(&data).expect("a data folder");
        self.join(number, (number + 1) % MACHINES, &data);
    }

    pub(super) fn fill_disk(&self, number: usize) {
        self.disks[number].fill();
    }

    pub(super) fn empty_disk(&self, number: usize) {
        self.disks[number].empty();
    }

    /// Delays each sync of a node.
    pub(super) fn slow_down_disk(&self, number: usize, delay: Duration) {
        write(&self.slow_disk_file(number), &delay.as_millis().to_string());
    }

    /// Starts a node again. It reads the clock through `library`, and `set_clock` changes this clock. An
    /// empty `library` is the clock of the machine.
    pub(super) fn use_clock(&mut self, number: usize, library: &str) {
        self.set_clock(number, "+0");
        self.nodes[number].set_flag("up", "LD_PRELOAD", library);
        self.restart_node(number);
    }

    /// Sets the offset of the clock of a node, such as `+1h`.
    pub(super) fn set_clock(&self, number: usize, offset: &str) {
        write(&self.clock_file(number), offset);
    }

    fn clock_file(&self, number: usize) -> PathBuf {
        self.controls.path().join(format!("clock{number}"))
    }

    fn slow_disk_file(&self, number: usize) -> PathBuf {
        self.controls.path().join(format!("slow{number}"))
    }
}

/// Replaces a file in one step, because a process may read it meanwhile.
#[expect(clippy::disallowed_methods, reason = "the test writes the files that control a process")]
fn write(file: &Path, content: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, content).and_then(|()| std::fs::rename(&new, file)).expect("a file");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
