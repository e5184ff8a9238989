//! The results as JSON, every single value among them.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::Report;
use crate::figures::Figure;
use crate::targets;

pub(super) fn text(report: &Report<'_>) -> Result<String> {
    let document = json!({
        "machine": report.machine,
        "runs": report.runs,
        "seed": report.seed,
        "seconds": report.seconds,
        "idle_clients": report.idle_clients,
        "log_messages": report.log_messages,
        "quick": report.is_quick,
        "figures": figures(report),
        "targets": targets(report),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn figures(report: &Report<'_>) -> Map<String, Value> {
    let measured = Figure::ALL.iter().filter_map(|figure| Some((figure, report.results.get(*figure)?)));
    let entry = measured.map(|(figure, samples)| {
        let about = json!({
            "group": figure.group(), "label": figure.label(), "unit": format!("{:?}", figure.unit()),
            "median": samples.median(), "values": samples.values(),
        });
        (figure.name().to_owned(), about)
    });
    entry.collect()
}

fn targets(report: &Report<'_>) -> Vec<Value> {
    let judged = targets::ALL.iter().map(|target| {
        let outcome = target.judge(report.results);
        json!({
            "what": target.what, "wanted": outcome.wanted,
            "figure": outcome.figure, "reached": outcome.reached,
        })
    });
    judged.collect()
}
