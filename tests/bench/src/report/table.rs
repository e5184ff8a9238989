//! Tables: figures by group with median and spread, and targets with the measured values. The terminal and
//! the page show the same rows.

use std::collections::BTreeSet;

use super::{Report, lines};
use crate::figures::{Figure, Measured};
use crate::growth::Curve;
use crate::targets::{self, show_size};

/// A table with a heading.
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// One table for each group of measured figures.
pub(super) fn figures(report: &Report) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for figure in Figure::ALL {
        let Some(measured) = report.results.measured(*figure) else { continue };
        if tables.last().is_none_or(|table| table.title != figure.group()) {
            let columns = vec!["", "median", "least to most", "measured"];
            tables.push(Table { title: figure.group().to_owned(), columns, rows: Vec::new() });
        }
        if let Some(table) = tables.last_mut() {
            table.rows.push(row(*figure, measured));
        }
    }
    tables
}

fn row(figure: Figure, Measured { samples, date }: &Measured) -> Vec<String> {
    let show = |value| figure.unit().show(value);
    let spread = format!("{} to {}", show(samples.min()), show(samples.max()));
    vec![figure.label().to_owned(), show(samples.median()), spread, date.clone()]
}

/// The targets with their outcome.
pub(super) fn targets(report: &Report) -> Table {
    let rows = targets::ALL.iter().map(|target| {
        let outcome = target.judge(&report.results, &report.growth);
        let word = outcome.word().to_owned();
        vec![target.what.to_owned(), outcome.wanted, outcome.figure, word]
    });
    let columns = vec!["measurement", "target", "measured", ""];
    Table { title: "Targets".to_owned(), columns, rows: rows.collect() }
}

/// One table for each plot of growth, with a row for each size.
pub(super) fn growth(report: &Report) -> Vec<Table> {
    let tables = lines::all(&report.growth).into_iter().map(|plot| {
        let mut columns = vec![plot.curves.first().map_or("", |line| line.curve.size_noun())];
        columns.extend(plot.curves.iter().map(|line| line.curve.label()));
        columns.push("measured");
        let sizes = plot.curves.iter().flat_map(|line| line.points.iter().map(|(size, _)| *size));
        let curves: Vec<_> = plot.curves.iter().map(|line| line.curve).collect();
        let rows = sizes.collect::<BTreeSet<_>>().into_iter().map(|size| growth_row(report, &curves, size));
        Table { title: plot.title.to_owned(), columns, rows: rows.collect() }
    });
    tables.collect()
}

fn growth_row(report: &Report, curves: &[Curve], size: u64) -> Vec<String> {
    let points =
        |curve: &Curve| report.growth.points(*curve).find(|(at, _)| *at == size).map(|(_, point)| point);
    let cell = |curve: &Curve| {
        let show = |value| curve.unit().show(value);
        points(curve).map_or_else(String::new, |Measured { samples, .. }| {
            format!("{} ({} to {})", show(samples.median()), show(samples.min()), show(samples.max()))
        })
    };
    let date = curves.iter().find_map(points).map_or("", |point| &point.date);
    [show_size(size)].into_iter().chain(curves.iter().map(cell)).chain([date.to_owned()]).collect()
}

impl Table {
    /// Renders the table for a terminal, in columns of equal width.
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

    /// Renders the table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let rule = vec!["---"; self.columns.len()].join(" | ");
        let rows: String = self.rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        format!("### {}\n\n| {} |\n| {rule} |\n{rows}\n", self.title, self.columns.join(" | "))
    }
}

/// Renders all tables for a terminal.
pub(crate) fn text(report: &Report) -> String {
    let tables: String = figures(report).iter().chain(&growth(report)).map(Table::plain).collect();
    format!("{}\n{}\n{tables}{}", report.machine.line(), report.method(), targets(report).plain())
}
