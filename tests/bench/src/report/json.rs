//! The results as JSON with all values. A later run can be compared with these results or added to them.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::Report;
use crate::figures::{Figure, Measured, Results, Samples};
use crate::growth::{Curve, Growth};
use crate::machine::Machine;
use crate::targets;

pub(super) fn text(report: &Report) -> Result<String> {
    let method = &report.method;
    let document = json!({
        "machine": report.machine,
        "runs": method.runs,
        "seed": method.seed,
        "seconds": method.seconds,
        "quick": method.is_quick,
        "figures": figures(report),
        "growth": growth(report),
        "targets": targets(report),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Reads the results of an earlier run. Skips figures and curves that this bench no longer measures.
pub(super) fn read(text: &str) -> Result<Report> {
    let document: Value = serde_json::from_str(text)?;
    let machine: Machine = serde_json::from_value(document.get("machine").cloned().context("no machine")?)?;
    let (mut results, mut growth) = (Results::default(), Growth::default());
    for figure in Figure::ALL {
        let Some(entry) = document.get("figures").and_then(|all| all.get(figure.name())) else { continue };
        results.insert(*figure, measured(entry, &machine.date));
    }
    for point in document.get("growth").and_then(Value::as_array).into_iter().flatten() {
        let field = |name| point.get(name).and_then(Value::as_str);
        let curve = Curve::ALL.iter().find(|curve| Some(curve.name()) == field("curve"));
        let size = point.get("size").and_then(Value::as_u64);
        if let Some((curve, size)) = curve.zip(size) {
            growth.insert(*curve, size, measured(point, ""));
        }
    }
    Ok(Report { machine, results, growth, method: serde_json::from_value(document)? })
}

/// The values of an entry. An entry without a date has the date of its file.
fn measured(entry: &Value, date: &str) -> Measured {
    let date = entry.get("date").and_then(Value::as_str).unwrap_or(date).to_owned();
    let mut samples = Samples::default();
    let values = entry.get("values").and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_f64).for_each(|value| samples.add(value));
    Measured { samples, date }
}

fn figures(report: &Report) -> Map<String, Value> {
    let measured = Figure::ALL.iter().filter_map(|figure| Some((figure, report.results.measured(*figure)?)));
    let entry = measured.map(|(figure, Measured { samples, date })| {
        let about = json!({
            "group": figure.group(), "label": figure.label(), "unit": format!("{:?}", figure.unit()), "date": date,
            "median": samples.median(), "values": samples.values(),
        });
        (figure.name().to_owned(), about)
    });
    entry.collect()
}

fn growth(report: &Report) -> Vec<Value> {
    let points = Curve::ALL.iter().flat_map(|curve| {
        report.growth.points(*curve).map(|(size, point)| {
            json!({
                "curve": curve.name(), "plot": curve.plot(), "label": curve.label(), "size_noun": curve.size_noun(),
                "size": size, "unit": format!("{:?}", curve.unit()), "date": point.date,
                "median": point.samples.median(), "values": point.samples.values(),
            })
        })
    });
    points.collect()
}

fn targets(report: &Report) -> Vec<Value> {
    let judged = targets::ALL.iter().map(|target| {
        let outcome = target.judge(&report.results, &report.growth);
        json!({
            "what": target.what, "wanted": outcome.wanted,
            "figure": outcome.figure, "reached": outcome.reached,
        })
    });
    judged.collect()
}
