//! `papo completions` and `papo man`: files for shells and manuals, generated from the tree of subcommands.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

#[derive(Args)]
pub(crate) struct Completions {
    /// Print the completions for this shell
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// Write the pages into this folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Completions {
    pub(crate) fn run(self, mut program: Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut program, "papo", &mut script);
        std::io::stdout().write_all(&script).context("cannot write to standard output")
    }
}

impl Man {
    /// Writes `papo.1` and a page for each subcommand, such as `papo-send.1`.
    pub(crate) fn run(self, program: Command) -> anyhow::Result<()> {
        let failed = || format!("cannot write into {}", self.folder.display());
        disk::make_shared_folder(&self.folder).with_context(failed)?;
        clap_mangen::generate_to(program, &self.folder).with_context(failed)
    }
}
