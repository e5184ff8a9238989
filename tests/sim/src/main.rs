//! The command line of the simulation: runs one seed with its trace, or many seeds with a summary.

#![expect(clippy::print_stdout, reason = "the program prints its results")]

use std::process::ExitCode;

use clap::Parser;
use sim::{Failure, Outcome};

/// Simulate the whole system with faults, from one seed.
#[derive(Debug, Parser)]
struct Arguments {
    /// Run only this seed.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run this number of seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// Start with this seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Simulate a cluster of one to five nodes on one shared log.
    #[arg(long)]
    cluster: bool,
    /// Print each event of the simulation.
    #[arg(long, requires = "seed")]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => run_one(seed, arguments.cluster, arguments.trace),
        None => run_many(arguments.first, arguments.seeds, arguments.cluster),
    }
}

fn run_one(seed: u64, is_cluster: bool, has_trace: bool) -> ExitCode {
    let run = if is_cluster { sim::run_cluster } else { sim::run };
    match run(seed, has_trace.then_some(|line| println!("{line}"))) {
        Ok(report) => {
            println!("seed {seed}: trace hash {}\n{}", report.hash, report.counters);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            print_failure(seed, &failure);
            ExitCode::FAILURE
        }
    }
}

fn run_many(first: u64, count: u64, is_cluster: bool) -> ExitCode {
    let seeds = first..first.saturating_add(count);
    let outcome = if is_cluster { sim::run_all_clusters(seeds) } else { sim::run_all(seeds) };
    let Outcome { counters, failures } = outcome;
    failures.iter().for_each(|(seed, failure)| print_failure(*seed, failure));
    println!("{count} seeds from {first} on, {} of them failed\n{counters}", failures.len());
    ExitCode::from(u8::from(!failures.is_empty()))
}

fn print_failure(seed: u64, failure: &Failure) {
    println!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
}
