//! Measures papo beside what one would pick instead, in the same run: see `docs/PERFORMANCE.md`.
//!
//! A run goes through all workloads; every workload starts what it measures in processes of its own and ends them.
//! The median of several runs counts. Nothing here is part of the product.

mod figures;
mod targets;

mod workloads;
mod load;
mod latency;
mod random;

mod papo;
mod data_folder;
mod bare_node;
mod peers;
mod frames;
mod tcp;
mod process;

mod machine;
mod report;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use transport::{clock, open_files};

use crate::data_folder::DataFolder;
use crate::figures::Results;
use crate::machine::Machine;
use crate::random::Random;
use crate::report::Report;
use crate::workloads::{BigLog, Extent, Setup, Workload};

/// Measure papo and its peers on this machine
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
    /// Run a broker with an echo behind it, to be measured
    #[command(hide = true)]
    BareNode,
    /// Make a data folder with many messages, to look at a node with a profiler
    Fill {
        /// The data folder, which may be there
        data: PathBuf,
        /// How many more messages
        #[arg(long, default_value_t = 1_000_000)]
        messages: u64,
    },
    /// Read random pages of history of a data folder that was filled so
    Pages {
        /// The data folder
        data: PathBuf,
        /// How many messages it has
        #[arg(long, default_value_t = 1_000_000)]
        messages: u64,
        #[command(flatten)]
        measure: Box<Measure>,
    },
}

#[derive(Args)]
struct Measure {
    /// One short run: for development, not for comparing
    #[arg(long)]
    quick: bool,
    /// How many runs; the median counts
    #[arg(long)]
    runs: Option<usize>,
    /// Seconds that each workload is measured for, after a warm-up of a third of it
    #[arg(long)]
    seconds: Option<f64>,
    /// What all randomness comes from
    #[arg(long, default_value_t = 6)]
    seed: u64,
    /// Only these workloads
    #[arg(long, value_parser = PossibleValuesParser::new(workloads::ALL.iter().map(|workload| workload.name)))]
    only: Vec<String>,
    /// Idle clients, each with two connections
    #[arg(long, default_value_t = 1000)]
    idle_clients: u64,
    /// Messages in the big log
    #[arg(long, default_value_t = 1_000_000)]
    log_messages: u64,
    /// The papo to measure; by default the one beside this program
    #[arg(long)]
    papo: Option<PathBuf>,
    /// Where data lies while it is measured: a folder on the disk that counts
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The folder of the documents, to write PERFORMANCE.md, the plots and the JSON file into
    #[arg(long)]
    docs: Option<PathBuf>,
}

fn main() -> Result<()> {
    let bench = Bench::parse();
    match bench.command {
        Some(Command::BareNode) => bare_node::run(),
        Some(Command::Fill { data, messages }) => fill(&data, messages),
        Some(Command::Pages { data, messages, measure }) => measure.pages(&data, messages),
        None => bench.measure.run(),
    }
}

fn fill(folder: &Path, messages: u64) -> Result<()> {
    let mut data = DataFolder::open(&papo::beside_this_program()?, folder)?;
    data.add_messages(messages, &mut Random::new(clock::unix_ms()))?;
    data.close()
}

impl Measure {
    fn run(self) -> Result<()> {
        open_files::raise_limit();
        std::fs::create_dir_all(&self.folder)?;
        let machine = Machine::look(&self.folder);
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 3.0 });
        let runs = self.runs.unwrap_or(if self.quick { 1 } else { 5 });
        let results = self.measure(runs, seconds)?;
        let report = Report {
            machine: &machine,
            results: &results,
            runs,
            seed: self.seed,
            seconds,
            idle_clients: self.idle_clients,
            log_messages: self.log_messages,
            is_quick: self.quick,
        };
        writeln!(std::io::stdout(), "{}", report::text(&report))?;
        self.docs.as_deref().map_or(Ok(()), |docs| report::write(&report, docs))
    }

    fn pages(&self, folder: &Path, messages: u64) -> Result<()> {
        let pages =
            workloads::pages::read_folder(&mut self.setup(self.seconds.unwrap_or(3.0))?, folder, messages)?;
        Ok(writeln!(std::io::stdout(), "{pages:?}")?)
    }

    fn measure(&self, runs: usize, seconds: f64) -> Result<Results> {
        let (mut results, mut big_log, mut setup) =
            (Results::default(), BigLog::default(), self.setup(seconds)?);
        for run in 1..=runs {
            for Workload { name, run: workload } in self.chosen() {
                let started = clock::now();
                workload(&mut setup, &mut big_log, &mut results)
                    .with_context(|| format!("workload {name}"))?;
                let took = clock::now().duration_since(started).as_secs_f64();
                writeln!(std::io::stderr(), "run {run} of {runs}: {name} ({took:.1} s)")?;
            }
        }
        Ok(results)
    }

    fn setup(&self, seconds: f64) -> Result<Setup> {
        let extent = Extent {
            warm_up: Duration::from_secs_f64(seconds / 3.0),
            measured: Duration::from_secs_f64(seconds),
            idle_clients: self.idle_clients,
            log_messages: self.log_messages,
        };
        let papo = self.papo.clone().map_or_else(papo::beside_this_program, Ok)?;
        Ok(Setup { papo, folder: self.folder.clone(), extent, random: Random::new(self.seed) })
    }

    fn chosen(&self) -> impl Iterator<Item = &'static Workload> {
        let is_chosen = |name| self.only.is_empty() || self.only.iter().any(|only| only == name);
        workloads::ALL.iter().filter(move |workload| is_chosen(workload.name))
    }
}
