//! The command line of the simulation: runs one seed with its trace, or many seeds with a summary.

#![expect(clippy::print_stdout, reason = "the program prints its results")]

use std::process::ExitCode;

use clap::Parser;
use sim::Counters;

/// Simulate the whole system with faults, in one thread, from one seed.
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
    /// Print each event of the simulation.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (first, count) = arguments.seed.map_or((arguments.first, arguments.seeds), |seed| (seed, 1));
    let reader = arguments.trace.then_some((|line| println!("{line}")) as fn(&str));
    let (mut counters, mut failures) = (Counters::default(), 0);
    for seed in first..first.saturating_add(count) {
        match sim::run(seed, reader) {
            Ok(report) => {
                counters += &report.counters;
                if count == 1 {
                    println!("seed {seed}: trace hash {}", report.hash);
                }
            }
            Err(failure) => {
                failures += 1;
                println!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
            }
        }
    }
    println!("{count} seeds from {first} on, {failures} of them failed\n{counters}");
    ExitCode::from(u8::from(failures > 0))
}
