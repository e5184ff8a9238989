//! Measures papo, Redis, NATS and ngIRCd in the same run: see `docs/PERFORMANCE.md`.
//!
//! A run executes all workloads. Each workload starts the measured processes and ends them. The result is the
//! median of several runs.

mod figures;
mod targets;

mod workloads;
mod growth;
mod load;
mod latency;

mod papo;
mod data_folder;
mod bare_node;
mod cluster;
mod competitors;
mod frames;
mod tcp;
mod web;
mod process;

mod machine;
mod report;
mod compare;
mod scale;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use testkit::Rng;
use transport::{clock, open_files};

use crate::data_folder::DataFolder;
use crate::figures::Results;
use crate::growth::{Growth, GrowthRun, Sizes};
use crate::machine::Machine;
use crate::report::{Method, Report};
use crate::workloads::{Setup, Timing, Workload};

/// Measure papo and its competitors on this machine
#[derive(Parser)]
#[command(name = "bench", max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Bench {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Command {
    /// Run a node without logic, as a baseline
    #[command(hide = true)]
    BareNode,
    /// Measure only the growth curves; keep the other results of the last run
    Grow(Box<Measure>),
    /// Check that the medians of a second run lie within the spread of the first run
    Compare {
        /// The results.json of the first run
        first: PathBuf,
        /// The results.json of the second run
        second: PathBuf,
    },
    /// Write PERFORMANCE.md and the plots again from results.json, without measuring
    Render {
        /// The documents folder
        #[arg(long, default_value = "docs")]
        docs: PathBuf,
    },
    /// Simulate large set-ups with the measured costs, and write the tables of scale.md
    Scale {
        /// The documents folder
        #[arg(long, default_value = "docs")]
        docs: PathBuf,
    },
    /// Keep idle clients connected
    #[command(hide = true)]
    IdleClients { clients: String, subscribers: String, first: u64, count: u64 },
    /// Create a data folder with many messages, for a profiler
    Fill {
        /// The data folder, new or existing
        data: PathBuf,
        /// The number of messages to add
        #[arg(long, default_value_t = 1_000_000)]
        messages: u64,
    },
    /// Read random pages of history from a data folder that `fill` created
    Pages {
        /// The data folder
        data: PathBuf,
        /// The number of its messages
        #[arg(long, default_value_t = 1_000_000)]
        messages: u64,
        #[command(flatten)]
        measure: Box<Measure>,
    },
}

#[derive(Args)]
struct Measure {
    /// Measure one short run, for development only
    #[arg(long)]
    quick: bool,
    /// The number of runs; the result is the median of all runs
    #[arg(long)]
    runs: Option<usize>,
    /// Seconds of each measurement, after a warm-up of a third of this time
    #[arg(long)]
    seconds: Option<f64>,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 6)]
    seed: u64,
    /// Run only these workloads; keep the other results of the last run
    #[arg(long, value_parser = PossibleValuesParser::new(names()))]
    only: Vec<String>,
    /// Also measure the log of 10 million messages: takes some minutes and 6 GB of disk
    #[arg(long)]
    large: bool,
    /// The papo binary to measure; by default, the binary in the folder of this program
    #[arg(long)]
    papo: Option<PathBuf>,
    /// The folder for data during a measurement, on the disk to measure
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Write PERFORMANCE.md, the plots and the JSON file into this documents folder
    #[arg(long)]
    docs: Option<PathBuf>,
}

fn main() -> Result<()> {
    let bench = Bench::parse();
    match bench.command {
        Some(Command::BareNode) => bare_node::run(),
        Some(Command::Fill { data, messages }) => fill(&data, messages),
        Some(Command::Pages { data, messages, measure }) => measure.pages(&data, messages),
        Some(Command::IdleClients { clients, subscribers, first, count }) => {
            growth::keep_clients(&clients, &subscribers, first, count)
        }
        Some(Command::Grow(measure)) => measure.run(false),
        Some(Command::Compare { first, second }) => compare::run(&first, &second),
        Some(Command::Render { docs }) => report::write(report::read(&docs.join(report::RESULTS))?, &docs),
        Some(Command::Scale { docs }) => scale::run(&docs),
        None => bench.measure.run(true),
    }
}

fn fill(folder: &Path, messages: u64) -> Result<()> {
    let mut data = DataFolder::open(&papo::binary_next_to_bench()?, folder)?;
    data.add_messages(messages, &mut Rng::new(clock::unix_ms()))?;
    data.close()
}

impl Measure {
    /// Measures, prints the results, and writes them into the documents. Without `all`, measures only growth.
    fn run(self, all: bool) -> Result<()> {
        open_files::raise_limit();
        std::fs::create_dir_all(&self.folder)?;
        let machine = Machine::detect(&self.folder);
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 3.0 });
        let runs = self.runs.unwrap_or(if self.quick { 1 } else { 5 });
        let mut results = if all { self.measure(runs, seconds)? } else { Results::default() };
        results.set_date(&machine.date);
        let mut growth = Growth::default();
        self.grow(runs, &mut growth)?;
        growth.set_date(&machine.date);
        let method = Method { runs, seed: self.seed, seconds, is_quick: self.quick };
        let report = Report { machine, results, growth, method };
        writeln!(std::io::stdout(), "{}", report::text(&report))?;
        self.docs.as_deref().map_or(Ok(()), |docs| report::write(report, docs))
    }

    fn pages(&self, folder: &Path, messages: u64) -> Result<()> {
        let pages =
            workloads::pages::read_folder(&mut self.setup(self.seconds.unwrap_or(3.0))?, folder, messages)?;
        Ok(writeln!(std::io::stdout(), "{pages:?}")?)
    }

    fn measure(&self, runs: usize, seconds: f64) -> Result<Results> {
        let (mut results, mut setup) = (Results::default(), self.setup(seconds)?);
        for run in 1..=runs {
            for Workload { name, run: workload } in self.chosen() {
                let started = clock::now();
                workload(&mut setup, &mut results).with_context(|| format!("workload {name}"))?;
                let took = clock::now().duration_since(started).as_secs_f64();
                writeln!(std::io::stderr(), "run {run} of {runs}: {name} ({took:.1} s)")?;
            }
        }
        Ok(results)
    }

    fn grow(&self, runs: usize, growth: &mut Growth) -> Result<()> {
        let sizes = match (self.quick, self.large) {
            (_, true) => Sizes::Large,
            (true, false) => Sizes::Quick,
            (false, false) => Sizes::Standard,
        };
        // One second per point is enough, and there are many points.
        let mut setup = self.setup(1.0)?;
        for growth::Workload { name, run } in
            growth::ALL.iter().filter(|workload| self.is_chosen(workload.name))
        {
            let started = clock::now();
            run(&mut GrowthRun { setup: &mut setup, runs, sizes, growth })
                .with_context(|| format!("workload {name}"))?;
            let took = clock::now().duration_since(started).as_secs_f64();
            writeln!(std::io::stderr(), "{name} ({took:.1} s)")?;
        }
        Ok(())
    }

    fn setup(&self, seconds: f64) -> Result<Setup> {
        let timing = Timing {
            warm_up: Duration::from_secs_f64(seconds / 3.0),
            measured: Duration::from_secs_f64(seconds),
        };
        let papo = self.papo.clone().map_or_else(papo::binary_next_to_bench, Ok)?;
        Ok(Setup { papo, folder: self.folder.clone(), timing, rng: Rng::new(self.seed) })
    }

    fn chosen(&self) -> impl Iterator<Item = &'static Workload> {
        workloads::ALL.iter().filter(|workload| self.is_chosen(workload.name))
    }

    fn is_chosen(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

/// The names of all workloads.
fn names() -> Vec<&'static str> {
    let growth = growth::ALL.iter().map(|workload| workload.name);
    workloads::ALL.iter().map(|workload| workload.name).chain(growth).collect()
}
