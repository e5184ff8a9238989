//! Carries out the faults, each until the cluster works again.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use sim::checks::ensure;
use transport::clock;

use super::machines::MACHINES;
use super::plan::{Fault, Step};
use super::test_bed::ClusterBed;
use super::writer::Writer;

const FREEZE: Duration = Duration::from_secs(15);

const CUT: Duration = Duration::from_secs(12);

/// The writes that a cut side receives at least.
const CUT_WRITES_MIN: usize = 1_000;

/// The maximum time until a node that is cut off or falls behind refuses a write: 2 seconds, and a margin for
/// a busy machine.
const REFUSED_AFTER_MAX: Duration = Duration::from_secs(4);

const CUT_WRITE_INTERVAL: Duration = Duration::from_millis(8);

const WRITE_INTERVAL: Duration = Duration::from_millis(50);

const FULL_DISK: Duration = Duration::from_secs(5);

/// The maximum time until a node with a full disk refuses a write: one write fails first.
const FULL_REFUSED_AFTER_MAX: Duration = Duration::from_secs(1);

const SLOW_DISK: Duration = Duration::from_secs(10);

/// The delay of each sync of a slow disk.
const SYNC_DELAY: Duration = Duration::from_millis(300);

const CLOCK_JUMP: Duration = Duration::from_secs(5);

const HOUR_MS: i64 = 3_600_000;

/// What a fault showed beside the waits of the clients.
#[derive(Default)]
pub(super) struct Outcome {
    /// The node whose clients were cut off from all nodes. Their waits do not count.
    pub(super) cut: Option<usize>,
    pub(super) attempted: usize,
    pub(super) acknowledged: usize,
    pub(super) refused_after: Option<Duration>,
    /// Why the fault was not tried.
    pub(super) skipped: Option<String>,
}

pub(super) fn perform(bed: &mut ClusterBed, step: Step) -> Outcome {
    let leader = bed.machines.leader();
    let victim = (leader + step.from_leader) % MACHINES;
    match step.fault {
        Fault::KillFollower => kill(bed, Some((leader + 1 + step.from_leader % 2) % MACHINES), None),
        Fault::KillLeader => kill(bed, Some(leader), None),
        Fault::KillEtcdLeader => {
            let server = bed.machines.etcd_leader();
            kill(bed, None, Some(server))
        }
        Fault::KillMachine => kill(bed, Some(leader), Some(leader)),
        Fault::FreezeLeader => freeze(bed, leader),
        Fault::CutNode => cut(bed, victim, |bed, state| bed.machines.network.set_node(victim, state)),
        Fault::CutMachine => cut(bed, victim, |bed, state| bed.machines.network.set_machine(victim, state)),
        Fault::FullDisk => fill_disk(bed, victim),
        Fault::SlowDisk => slow_down_disk(bed, victim, step.from_leader == 0),
        Fault::ClockJump => jump(bed, victim, step.from_leader == 0),
        Fault::RollingRestart => {
            // The leader is the last.
            for number in (1..=MACHINES).map(|number| (leader + number) % MACHINES) {
                bed.machines.restart_node(number);
                bed.wait_for_acknowledgements();
            }
            Outcome::default()
        }
        Fault::LostFolder => {
            bed.machines.kill_node(victim);
            bed.wait_for_acknowledgements();
            bed.machines.replace_folder(victim);
            bed.machines.start_node(victim);
            Outcome::default()
        }
        Fault::LostEtcdDisk => {
            bed.machines.etcd.kill(victim);
            bed.wait_for_acknowledgements();
            bed.machines.replace_etcd(victim);
            Outcome::default()
        }
    }
}

/// Kills a node, an etcd server or both, and starts them again when all clients continue without them.
fn kill(bed: &mut ClusterBed, node: Option<usize>, server: Option<usize>) -> Outcome {
    if let Some(server) = server {
        bed.machines.etcd.kill(server);
    }
    if let Some(node) = node {
        bed.machines.kill_node(node);
    }
    bed.wait_for_acknowledgements();
    if let Some(server) = server {
        bed.machines.restart_etcd(server);
    }
    if let Some(node) = node {
        bed.machines.start_node(node);
    }
    Outcome::default()
}

/// Stops the leading node, which then receives messages, and lets it continue.
fn freeze(bed: &mut ClusterBed, leader: usize) -> Outcome {
    let mut writer = Writer::connect(&mut bed.machines, leader, &bed.account);
    bed.machines.signal_node(leader, Signal::STOP);
    writer.write_for(FREEZE, WRITE_INTERVAL);
    bed.machines.signal_node(leader, Signal::CONT);
    writer.read_rest();
    bed.note_written(&writer.written);
    Outcome::default()
}

/// Cuts a node or a machine off, which then receives messages, and connects it again.
fn cut(bed: &mut ClusterBed, victim: usize, set_link: impl Fn(&ClusterBed, &str)) -> Outcome {
    let mut writer = Writer::connect(&mut bed.machines, victim, &bed.account);
    set_link(bed, "down");
    writer.write_for(CUT, CUT_WRITE_INTERVAL);
    let (attempted, acknowledged) = (writer.written.attempted.len(), writer.written.acknowledged.len());
    let refused_after = writer.written.refused_after;
    set_link(bed, "up");
    writer.read_rest();
    bed.note_written(&writer.written);
    bed.results.note(ensure(acknowledged == 0, "a_cut_side_acknowledges_nothing", || {
        format!("{acknowledged} of {attempted} messages")
    }));
    bed.results.note(ensure(attempted >= CUT_WRITES_MIN, "a_cut_side_receives_writes", || {
        format!("{attempted} messages in {CUT:?}")
    }));
    let is_refused = refused_after.is_some_and(|after| after <= REFUSED_AFTER_MAX);
    bed.results.note(ensure(is_refused, "a_cut_side_refuses_writes", || {
        format!("the first message was refused after {refused_after:?}")
    }));
    Outcome { cut: Some(victim), attempted, acknowledged, refused_after, ..Outcome::default() }
}

/// Fills the disk of a node, which then receives messages.
fn fill_disk(bed: &mut ClusterBed, victim: usize) -> Outcome {
    let mut writer = Writer::connect(&mut bed.machines, victim, &bed.account);
    let before = bed.machines.problems(victim);
    bed.machines.fill_disk(victim);
    writer.write_for(FULL_DISK, WRITE_INTERVAL);
    let (problems, refused_after) = (bed.machines.problems(victim), writer.written.refused_after);
    bed.machines.empty_disk(victim);
    writer.read_rest();
    bed.note_written(&writer.written);
    let is_refused = refused_after.is_some_and(|after| after <= FULL_REFUSED_AFTER_MAX);
    bed.results.note(ensure(is_refused, "a_full_disk_sends_clients_away", || {
        format!("the first message was refused after {refused_after:?}")
    }));
    bed.results.note(ensure(problems.len() > before.len(), "a_full_disk_is_reported", || {
        format!("the problems of the node are {problems:?}")
    }));
    Outcome::default()
}

/// Slows down the syncs of a node. A reply waits for the disk of the node. A follower falls behind, and must
/// send its clients away.
fn slow_down_disk(bed: &mut ClusterBed, victim: usize, leads: bool) -> Outcome {
    let mut writer = Writer::connect(&mut bed.machines, victim, &bed.account);
    bed.machines.slow_down_disk(victim, SYNC_DELAY);
    let begun = clock::now();
    writer.sent_at_ms();
    let wait = begun.elapsed();
    writer.write_for(SLOW_DISK, WRITE_INTERVAL);
    let refused_after = writer.written.refused_after;
    bed.machines.slow_down_disk(victim, Duration::ZERO);
    writer.read_rest();
    bed.note_written(&writer.written);
    let is_refused = refused_after.is_some_and(|after| after <= REFUSED_AFTER_MAX);
    bed.results.note(ensure(leads || is_refused, "a_slow_disk_sends_clients_away", || {
        format!("the first message was refused after {refused_after:?}")
    }));
    bed.results.note(ensure(wait >= SYNC_DELAY, "a_slow_disk_delays_replies", || format!("only {wait:?}")));
    Outcome::default()
}

/// Lets the clock of a node jump an hour ahead, and then an hour back from the right time. If `leads`, the
/// node leads meanwhile, so it gives messages their times.
fn jump(bed: &mut ClusterBed, victim: usize, leads: bool) -> Outcome {
    let Some(library) = fake_clock_library() else {
        let skipped = Some("faketime is not installed".to_owned());
        return Outcome { skipped, ..Outcome::default() };
    };
    bed.machines.use_clock(victim, &library);
    if leads {
        bed.machines.make_leader(victim);
    }
    for hours in [1, -1] {
        bed.machines.set_clock(victim, &format!("{hours:+}h"));
        sleep(CLOCK_JUMP);
        bed.wait_for_acknowledgements();
        if leads {
            check_clock(bed, victim, hours);
        }
    }
    bed.machines.use_clock(victim, "");
    Outcome::default()
}

/// Checks that a leader gives messages the time of its clock. Another node may lead meanwhile.
fn check_clock(bed: &mut ClusterBed, leader: usize, hours: i64) {
    let mut writer = Writer::connect(&mut bed.machines, leader, &bed.account);
    let offset_ms = writer.sent_at_ms().cast_signed() - clock::unix_ms().cast_signed();
    bed.note_written(&writer.written);
    let is_expected = (offset_ms - hours * HOUR_MS).abs() < HOUR_MS / 60;
    let leads = bed.machines.leader() == leader;
    bed.results.note(ensure(is_expected || !leads, "a_clock_jumps", || {
        format!("a message has the time of a clock with {offset_ms} ms, not {hours} h")
    }));
}

/// The library of Debian's `faketime` for programs with threads.
fn fake_clock_library() -> Option<String> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut libraries =
        folders.filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    libraries.find(|library| library.exists())?.to_str().map(str::to_owned)
}
