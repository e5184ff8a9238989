//! Chaos in a cluster: three machines, each with an etcd server and a node, in network namespaces, while 20
//! clients send messages over ZeroMQ and WebSockets. Every acknowledged message is in the log once and in
//! order, all nodes have the same log, and a side that is cut off acknowledges nothing.
//!
//! `make chaos-cluster MINUTES=5 SEED=4711` runs it, as root. `FAULT=cut` selects the kinds of fault whose
//! names contain this text.

mod network;
mod machines;
mod writer;
mod plan;
mod test_bed;
mod faults;
mod table;

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};
use server::storage::data_folder::Store;
use sim::checks::ensure;
use testkit::Rng;
use transport::clock;

use super::report;
use super::verdict::check_log;
use machines::{CLUSTER, MACHINES};
use plan::Plan;
use table::Table;
use test_bed::{CLIENTS, ClusterBed};

const MINUTES: u64 = 5;

/// Maximum time until all clients are complete after the faults.
const CATCH_UP_MAX: Duration = Duration::from_secs(120);

#[test]
#[ignore = "runs for minutes, as root: make chaos-cluster"]
fn nothing_is_lost_when_machines_fail() {
    if let Some(missing) = missing() {
        return report(&format!("skipped: nothing_is_lost_when_machines_fail: {missing}\n"));
    }
    let variable = |name| std::env::var(name).unwrap_or_default();
    let minutes = variable("PAPO_CHAOS_MINUTES").parse().unwrap_or(MINUTES);
    let seed = Rng::seed_of_this_run();
    report(&format!("chaos in a cluster for {minutes} minutes, seed {seed}\n"));
    let mut rng = Rng::new(seed);
    let bed = match ClusterBed::set_up(&mut rng) {
        Ok(bed) => bed,
        Err(why) => return report(&format!("skipped: nothing_is_lost_when_machines_fail: {why}\n")),
    };
    let plan = Plan::draw(seed, &variable("PAPO_CHAOS_FAULT"));
    let violations = run(bed, plan, Duration::from_secs(minutes * 60));
    assert!(violations.is_empty(), "PAPO_SEED={seed} draws the same steps again: {violations:#?}");
}

/// What this machine lacks, and how to get it.
fn missing() -> Option<&'static str> {
    let runs = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    if !geteuid().is_root() {
        Some("network namespaces need root: run `sudo make chaos-cluster`")
    } else if !runs("ip", "-V") {
        Some("there is no ip: install iproute2")
    } else if !runs("etcd", "--version") {
        Some("there is no etcd: install etcd-server")
    } else {
        None
    }
}

/// Runs faults for `time`, and checks everything. Returns the violations.
fn run(mut bed: ClusterBed, mut plan: Plan, time: Duration) -> Vec<String> {
    bed.results.set_sending(true);
    let (begun, mut table) = (clock::now(), Table::default());
    while begun.elapsed() < time && bed.results.violations().is_empty() {
        let step = plan.next_step();
        bed.send_clients_home();
        bed.wait_for_acknowledgements();
        bed.take_longest_wait(None);
        let fault_begun = clock::now();
        let outcome = faults::perform(&mut bed, step);
        bed.wait_for_acknowledgements();
        let wait = bed.take_longest_wait(outcome.cut);
        let (at, took) = ((fault_begun - begun).as_secs(), fault_begun.elapsed().as_secs_f64());
        let (fault, number) = (step.fault.name(), step.from_leader);
        report(&format!("{at:>5} s: {fault}, leader + {number}, {took:.1} s: longest wait {wait:.2?}\n"));
        table.add(step.fault, wait, &outcome);
    }
    bed.send_clients_home();
    bed.results.set_sending(false);
    let length = begun.elapsed().as_secs();
    let violations = finish(bed, &table, length);
    violations.iter().for_each(|violation| report(&format!("FOUND {violation}\n")));
    violations
}

/// Waits until all clients are complete, stops the nodes, and checks their logs.
fn finish(bed: ClusterBed, table: &Table, length: u64) -> Vec<String> {
    let ClusterBed { pool, mut machines, results, attempted, .. } = bed;
    let is_complete = pool.wait_for_all(CLIENTS, CATCH_UP_MAX, |client| {
        client.check_complete();
        client.complete_at_ms.is_some()
    });
    results.note(ensure(is_complete, "complete_in_time", || format!("not after {CATCH_UP_MAX:?}")));
    let clients = pool.stop();
    for number in 0..MACHINES {
        let finished = machines.on(number, |node| node.stop("up", Signal::TERM));
        results.note(ensure(finished.code == Some(0), "nodes_stop", || finished.log));
    }
    let heads: Vec<(Value, Value)> = machines
        .nodes
        .iter()
        .map(|node| {
            let log = node.verify();
            let is_whole = (&log["whole"], &log["torn_bytes"]) == (&json!(true), &json!(0));
            results.note(ensure(is_whole, "log_is_whole", || log.to_string()));
            (log["records"].clone(), log["chain"].clone())
        })
        .collect();
    results.note(ensure(heads.iter().all(|head| *head == heads[0]), "one_log", || format!("{heads:?}")));
    let store = Store::open_in_cluster(machines.nodes[0].data(), CLUSTER);
    let store = store.expect("a data folder without a server");
    check_log(store, &clients, &results, &attempted);
    let line = json!({
        "seconds": length,
        "faults": table.faults(),
        "clients": clients.len(),
        "sent": results.sent.get(),
        "acknowledged": results.acknowledged.get(),
        "refused": results.refused.get(),
        "shown": results.shown.get(),
        "messages of writers": attempted.len(),
        "head of all nodes": heads[0],
        "violations": results.violations().len(),
    });
    report(&format!("\n{table}\nchaos in a cluster: {line}\n"));
    results.violations().iter().map(ToString::to_string).collect()
}
