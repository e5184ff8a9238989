//! Tables: figures by group with median and spread, and the targets beside what was measured. The same rows go to
//! the terminal and to the page.

use super::Report;
use crate::figures::{Figure, Samples};
use crate::targets;

/// A table with a heading.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The tables of all figures that were measured.
pub(super) fn figures(report: &Report<'_>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for figure in Figure::ALL {
        let Some(samples) = report.results.get(*figure) else { continue };
        if tables.last().is_none_or(|table| table.title != figure.group()) {
            let columns = vec!["", "median", "least to most"];
            tables.push(Table { title: figure.group().to_owned(), columns, rows: Vec::new() });
        }
        if let Some(table) = tables.last_mut() {
            table.rows.push(row(*figure, samples));
        }
    }
    tables
}

fn row(figure: Figure, samples: &Samples) -> Vec<String> {
    let show = |value| figure.unit().show(value);
    let spread = format!("{} to {}", show(samples.least()), show(samples.most()));
    vec![figure.label().to_owned(), show(samples.median()), spread]
}

/// The targets and what became of them.
pub(super) fn targets(report: &Report<'_>) -> Table {
    let rows = targets::ALL.iter().map(|target| {
        let outcome = target.judge(report.results);
        let word = outcome.word().to_owned();
        vec![target.what.to_owned(), outcome.wanted, outcome.figure, word]
    });
    let columns = vec!["what", "target", "measured", ""];
    Table { title: "Targets".to_owned(), columns, rows: rows.collect() }
}

impl Table {
    /// For a terminal: columns of equal width.
    fn plain(&self) -> String {
        let widths: Vec<_> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let lines = self.rows.iter().map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        });
        format!("\n{}\n{}", self.title, lines.collect::<String>())
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    /// For the page.
    pub(super) fn markdown(&self) -> String {
        let rule = vec!["---"; self.columns.len()].join(" | ");
        let rows: String = self.rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        format!("### {}\n\n| {} |\n| {rule} |\n{rows}\n", self.title, self.columns.join(" | "))
    }
}

/// Everything, for a terminal.
pub(crate) fn text(report: &Report<'_>) -> String {
    let tables: String = figures(report).iter().map(Table::plain).collect();
    format!("{}\n{}\n{tables}{}", report.machine.line(), report.method(), targets(report).plain())
}
