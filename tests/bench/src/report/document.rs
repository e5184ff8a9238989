//! The measured part of `docs/PERFORMANCE.md`; what stands around it was written by people and is kept.

use anyhow::{Context as _, Result};

use super::{Report, lines, plots, table};

const BEGIN: &str = "<!-- measured: generated -->\n";
const END: &str = "<!-- measured: end -->";

/// The page with its measured part replaced.
pub(super) fn renewed(page: &str, measured: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for what is measured")?;
    let (_, after) = rest.split_once(END).context("the page's place for what is measured has no end")?;
    Ok(format!("{before}{BEGIN}{measured}{END}{after}"))
}

/// The measured part.
pub(super) fn text(report: &Report) -> String {
    let images = plots::ALL.iter().map(|plot| format!("![{}](performance/{})\n\n", plot.title, plot.file));
    let tables = table::figures(report);
    let grown = lines::all(&report.growth).into_iter().zip(table::growth(report));
    let grown = grown.map(|(plot, table)| {
        format!("![{}](performance/{})\n\n{}", plot.title, plot.file(), table.markdown())
    });
    format!(
        "\n{}. {}\n\nPeers: {}.\n\n{}{}{}{}",
        report.machine.line(),
        report.method(),
        report.machine.peers.join("; "),
        table::targets(report).markdown(),
        images.collect::<String>(),
        tables.iter().map(table::Table::markdown).collect::<String>(),
        grown.collect::<String>(),
    )
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
