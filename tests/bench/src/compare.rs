//! Compares two runs: checks whether the medians of the second run lie within the spread of the first.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::figures::{Figure, Samples, Unit};
use crate::growth::Curve;
use crate::report::{self, Report};
use crate::targets::show_size;

struct Pair<'a> {
    name: String,
    unit: Unit,
    first: &'a Samples,
    second: &'a Samples,
}

/// Prints both runs side by side.
///
/// # Errors
///
/// A median is outside of the spread, or a file is unreadable.
pub(crate) fn run(first: &Path, second: &Path) -> Result<()> {
    let (first, second) = (report::read(first)?, report::read(second)?);
    let (pairs, mut out) = (pairs(&first, &second), std::io::stdout().lock());
    for pair in &pairs {
        writeln!(out, "{}", pair.line())?;
    }
    let outside = pairs.iter().filter(|pair| !pair.agrees()).count();
    ensure!(!pairs.is_empty(), "the two runs have no figure in common");
    ensure!(outside == 0, "{outside} of {} medians lie outside the spread of the first run", pairs.len());
    Ok(())
}

fn pairs<'a>(first: &'a Report, second: &'a Report) -> Vec<Pair<'a>> {
    let figures = Figure::ALL.iter().filter_map(|figure| {
        let (first, second) = (first.results.get(*figure)?, second.results.get(*figure)?);
        let name = format!("{}: {}", figure.group(), figure.label());
        Some(Pair { name, unit: figure.unit(), first, second })
    });
    let points = Curve::ALL.iter().flat_map(|curve| {
        first.growth.points(*curve).filter_map(|(size, point)| {
            let name =
                format!("{}, {} {}: {}", curve.plot(), show_size(size), curve.size_noun(), curve.label());
            let second = second.growth.at(*curve, size)?;
            Some(Pair { name, unit: curve.unit(), first: &point.samples, second })
        })
    });
    figures.chain(points).collect()
}

impl Pair<'_> {
    fn agrees(&self) -> bool {
        (self.first.min()..=self.first.max()).contains(&self.second.median())
    }

    fn line(&self) -> String {
        let show = |value| self.unit.show(value);
        format!(
            "{} {}: {} ({} to {}), then {}",
            if self.agrees() { "agrees " } else { "OUTSIDE" },
            self.name,
            show(self.first.median()),
            show(self.first.min()),
            show(self.first.max()),
            show(self.second.median()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_within_the_spread_of_the_first_run_agrees() {
        let samples = |values: &[f64]| {
            let mut samples = Samples::default();
            values.iter().for_each(|value| samples.add(*value));
            samples
        };
        let first = samples(&[90.0, 100.0, 120.0]);
        for (median, agrees) in [(90.0, true), (120.0, true), (89.0, false), (121.0, false)] {
            let second = samples(&[1.0, median, 1000.0]);
            let pair =
                Pair { name: "sends".to_owned(), unit: Unit::PerSecond, first: &first, second: &second };
            assert_eq!(pair.agrees(), agrees, "{}", pair.line());
        }
    }
}
