//! The measured part of `docs/PERFORMANCE.md`. The rest of the page is written by hand and does not change.

use anyhow::{Context as _, Result};

use super::lines::Line;
use super::table::Table;
use super::{Report, lines, plots, table};
use crate::targets::show_size;

const BEGIN: &str = "<!-- measured: generated -->\n";
const END: &str = "<!-- measured: end -->";

/// The page with its measured part replaced.
pub(crate) fn renewed(page: &str, measured: &str) -> Result<String> {
    let (before, rest) =
        page.split_once(BEGIN).context("the page has no marker for the start of the figures")?;
    let (_, after) = rest.split_once(END).context("the page has no marker for the end of the figures")?;
    Ok(format!("{before}{BEGIN}{measured}{END}{after}"))
}

/// The measured part.
pub(super) fn text(report: &Report) -> String {
    let images = plots::ALL.iter().map(|plot| format!("![{}](performance/{})\n\n", plot.title, plot.file));
    format!(
        "\n{}. {}\n\nOther servers: {}.\n\n{}{}{}{}",
        report.machine.line(),
        report.method(),
        report.machine.competitors.join("; "),
        table::targets(report).markdown(),
        images.collect::<String>(),
        figures(report).markdown(),
        growth(report).markdown(),
    )
}

/// All figures in one table. The first row of each group has the name of the group.
fn figures(report: &Report) -> Table {
    let rows = table::figures(report).into_iter().flat_map(|group| {
        let titles = std::iter::once(group.title).chain(std::iter::repeat(String::new()));
        titles.zip(group.rows).map(|(title, row)| [vec![title], row].concat())
    });
    let (title, columns) = ("Figures".to_owned(), vec!["", "", "median", "least to most", "measured"]);
    Table { title, columns, rows: rows.collect() }
}

/// A row for each curve: the median at each size, and a link to the plot.
fn growth(report: &Report) -> Table {
    let rows = lines::all(&report.growth).into_iter().flat_map(|plot| {
        let link = format!("[{}](performance/{})", plot.title, plot.file());
        plot.curves.into_iter().map(move |Line { curve, points }| {
            let medians = points.iter().map(|(size, samples)| {
                format!("{}: {}", show_size(*size), curve.unit().show(samples.median()))
            });
            let medians = medians.collect::<Vec<_>>().join(", ");
            vec![link.clone(), curve.label().to_owned(), curve.size_noun().to_owned(), medians]
        })
    });
    let (title, columns) = ("Growth".to_owned(), vec!["plot", "", "size", "median at each size"]);
    Table { title, columns, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_measured_part_is_replaced() {
        let page = format!("# Title\n\n{BEGIN}old\n{END}\n\n## Profile\n");
        let renewed = renewed(&page, "new\n").expect("a page");
        assert_eq!(renewed, format!("# Title\n\n{BEGIN}new\n{END}\n\n## Profile\n"));
        assert!(super::renewed("# Title\n", "new").is_err());
    }
}
