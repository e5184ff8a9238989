//! Reports of a run: tables for a terminal, JSON for comparisons, and a page with plots.

mod document;
mod json;
mod lines;
mod plots;
mod table;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use serde::{Deserialize, Serialize};

use crate::figures::Results;
use crate::growth::Growth;
use crate::machine::Machine;

pub(crate) use document::renewed;
pub(crate) use table::{Table, text};

/// The results, below the folder of the documents.
pub(crate) const RESULTS: &str = "performance/results.json";

/// The results of a run, with the machine and the method.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) results: Results,
    pub(crate) growth: Growth,
    pub(crate) method: Method,
}

/// The settings of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) runs: usize,
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    /// A run too short to compare.
    #[serde(rename = "quick")]
    pub(crate) is_quick: bool,
}

impl Report {
    /// The settings as sentences for the page.
    fn method(&self) -> String {
        let Method { runs, seconds, seed, is_quick } = &self.method;
        let busy = if self.machine.was_busy() {
            " The machine was busy with other work: absolute figures mean nothing, ratios are rough, and the \
             targets must be measured again on an idle machine."
        } else {
            ""
        };
        let quick = if *is_quick { " A quick run, for development only." } else { "" };
        format!(
            "Runs of every workload: {runs}, of {seconds} s each after a warm-up; seed {seed}.{quick}{busy}"
        )
    }

    /// Adds results of an earlier run on this machine, if this run does not have them.
    fn completed(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier.filter(|earlier| earlier.machine.is_comparable_to(&self.machine)) else {
            return self;
        };
        let newer = std::mem::replace(&mut self.growth, earlier.growth);
        self.growth.merge(newer);
        if self.results.is_empty() {
            (self.method, self.machine) = (earlier.method, earlier.machine);
        }
        let newer = std::mem::replace(&mut self.results, earlier.results);
        self.results.merge(newer);
        self
    }
}

/// Writes `PERFORMANCE.md`, the plots and the JSON file under `docs`.
pub(crate) fn write(report: Report, docs: &Path) -> Result<()> {
    let folder = docs.join("performance");
    std::fs::create_dir_all(&folder)?;
    let results = docs.join(RESULTS);
    let earlier = if results.is_file() { Some(read(&results)?) } else { None };
    let report = report.completed(earlier);
    write_file(&results, &json::text(&report)?)?;
    for plot in plots::ALL {
        write_file(&folder.join(plot.file), &plot.draw(&report.results)?)?;
    }
    for plot in lines::all(&report.growth) {
        write_file(&folder.join(plot.file()), &plot.draw()?)?;
    }
    let page = docs.join("PERFORMANCE.md");
    let before = std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    write_file(&page, &document::renewed(&before, &document::text(&report))?)
}

/// The results of an earlier run.
pub(crate) fn read(path: &Path) -> Result<Report> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    json::read(&text).with_context(|| format!("{} holds no results of this bench", path.display()))
}

pub(crate) fn write_file(path: &Path, content: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
    file.and_then(|mut file| file.write_all(content.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figure, Samples};
    use crate::growth::Curve;

    fn report(cores: usize, results: &[(Figure, f64)], points: &[(Curve, u64, f64)]) -> Report {
        let machine = Machine { cores, date: "monday".to_owned(), ..Machine::default() };
        let method = Method { runs: 1, seed: 6, seconds: 1.0, is_quick: true };
        let mut report = Report { machine, results: Results::default(), growth: Growth::default(), method };
        results.iter().for_each(|(figure, value)| report.results.add(*figure, *value));
        points.iter().for_each(|(curve, size, value)| report.growth.add(*curve, *size, *value));
        report.results.set_date("monday");
        report.growth.set_date("monday");
        report
    }

    #[test]
    fn written_results_are_read_back() {
        let before = report(2, &[(Figure::Echo, 5.0), (Figure::Echo, 7.0)], &[(Curve::PageP99, 1000, 2.0)]);
        let text = json::text(&before).expect("json");
        let after = json::read(&text).expect("a report");
        assert_eq!(json::text(&after).expect("json"), text);
        assert_eq!(after.results.median(Figure::Echo), Some(6.0));
    }

    #[test]
    fn results_of_an_earlier_run_on_the_same_machine_are_kept() {
        let earlier =
            || report(2, &[(Figure::Echo, 5.0)], &[(Curve::PageP99, 1000, 2.0), (Curve::PageP99, 10, 1.0)]);
        let median = |report: &Report, size| report.growth.at(Curve::PageP99, size).map(Samples::median);
        let other_figure = report(2, &[(Figure::SendSingle, 8.0)], &[]).completed(Some(earlier()));
        let medians = [Figure::Echo, Figure::SendSingle].map(|figure| other_figure.results.median(figure));
        assert_eq!(medians, [Some(5.0), Some(8.0)]);
        let grown = report(2, &[], &[(Curve::PageP99, 1000, 9.0)]).completed(Some(earlier()));
        assert_eq!(grown.results.median(Figure::Echo), Some(5.0));
        assert_eq!((median(&grown, 10), median(&grown, 1000)), (Some(1.0), Some(9.0)));
        let other_machine = report(4, &[], &[(Curve::PageP99, 1000, 9.0)]).completed(Some(earlier()));
        assert_eq!((other_machine.results.median(Figure::Echo), median(&other_machine, 10)), (None, None));
    }
}
