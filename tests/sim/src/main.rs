//! Runs seeds: one with its trace, or many with their sum.

#![expect(clippy::print_stdout, reason = "printing is all that this program is for")]

use std::process::ExitCode;

use clap::Parser;
use sim::Tally;

/// The whole system in one thread and one seed, with faults at any step.
#[derive(Debug, Parser)]
struct Arguments {
    /// The seed of one run.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// How many seeds to run, from --first on.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Print what happens, line by line.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (first, count) = arguments.seed.map_or((arguments.first, arguments.seeds), |seed| (seed, 1));
    let reader = arguments.trace.then_some((|line| println!("{line}")) as fn(&str));
    let (mut tally, mut failures) = (Tally::default(), 0);
    for seed in first..first.saturating_add(count) {
        match sim::run(seed, reader) {
            Ok(report) => {
                tally += &report.tally;
                if count == 1 {
                    println!("seed {seed}: the same run has the hash {}", report.hash);
                }
            }
            Err(failure) => {
                failures += 1;
                println!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
            }
        }
    }
    println!("{count} seeds from {first} on, {failures} of them failed\n{tally}");
    ExitCode::from(u8::from(failures > 0))
}
