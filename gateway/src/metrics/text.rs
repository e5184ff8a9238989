//! The page `/metrics`: the text format 0.0.4 of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use transport::metrics::{Family, MetricKind, Sample, SampleValue};

/// Writes the metrics of all roles, by name. Several roles may have samples of one metric.
pub(super) fn write(families: impl IntoIterator<Item = Family>) -> String {
    let mut by_name: BTreeMap<String, Family> = BTreeMap::new();
    for family in families.into_iter().filter(|family| is_name(&family.name)) {
        let samples = family.samples.clone();
        let known = by_name.entry(family.name.clone().into_owned());
        known.and_modify(|known| known.samples.extend(samples)).or_insert(family);
    }
    let mut page = String::new();
    for (name, Family { kind, help, samples, .. }) in &by_name {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _infallible = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for sample in samples {
            write_sample(&mut page, name, sample);
        }
    }
    page
}

fn write_sample(page: &mut String, name: &str, Sample { labels, value }: &Sample) {
    let labels: Vec<_> = labels
        .iter()
        .filter(|(label, _)| is_name(label))
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    let with = |suffix: &str, own: Option<String>| {
        let all: Vec<_> = labels.iter().cloned().chain(own).collect();
        if all.is_empty() {
            format!("{name}{suffix}")
        } else {
            format!("{name}{suffix}{{{}}}", all.join(","))
        }
    };
    let _infallible = match value {
        SampleValue::Number(number) => writeln!(page, "{} {number}", with("", None)),
        SampleValue::Durations { buckets, count, sum_us } => {
            for (bound_us, total) in buckets {
                let bound = seconds(*bound_us);
                let bucket = with("_bucket", Some(format!("le=\"{bound}\"")));
                let _infallible = writeln!(page, "{bucket} {total}");
            }
            let infinite = with("_bucket", Some("le=\"+Inf\"".to_owned()));
            let (sum, sum_s) = (with("_sum", None), seconds(*sum_us));
            writeln!(page, "{infinite} {count}\n{sum} {sum_s}\n{} {count}", with("_count", None))
        }
    };
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Whether a name is valid. Only roles choose names, never clients.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use transport::metrics::Histogram;

    use super::*;

    #[test]
    fn the_text_of_counters_and_histograms() {
        let histogram = Histogram::default();
        for ms in [1, 3, 30_000] {
            histogram.observe(Duration::from_millis(ms));
        }
        let counter =
            |role| Family::new(MetricKind::Counter, "papo_b_total", "Bs.").with(&[("role", role)], 7_u64);
        let durations = Family::single(MetricKind::Histogram, "papo_a_seconds", "A.", &histogram);
        let bad = Family::single(MetricKind::Gauge, "bad name", "Bad.", 1_u64);
        let page = write([counter("server"), durations, counter("a\"\\\nb"), bad]);
        let lines: Vec<_> =
            page.lines().filter(|line| !line.contains("le=\"0.") || line.contains("le=\"0.0")).collect();
        assert_eq!(
            lines,
            [
                "# HELP papo_a_seconds A.",
                "# TYPE papo_a_seconds histogram",
                "papo_a_seconds_bucket{le=\"0.0001\"} 0",
                "papo_a_seconds_bucket{le=\"0.00025\"} 0",
                "papo_a_seconds_bucket{le=\"0.0005\"} 0",
                "papo_a_seconds_bucket{le=\"0.001\"} 1",
                "papo_a_seconds_bucket{le=\"0.0025\"} 1",
                "papo_a_seconds_bucket{le=\"0.005\"} 2",
                "papo_a_seconds_bucket{le=\"0.01\"} 2",
                "papo_a_seconds_bucket{le=\"0.025\"} 2",
                "papo_a_seconds_bucket{le=\"0.05\"} 2",
                "papo_a_seconds_bucket{le=\"1\"} 2",
                "papo_a_seconds_bucket{le=\"2.5\"} 2",
                "papo_a_seconds_bucket{le=\"10\"} 2",
                "papo_a_seconds_bucket{le=\"+Inf\"} 3",
                "papo_a_seconds_sum 30.004",
                "papo_a_seconds_count 3",
                "# HELP papo_b_total Bs.",
                "# TYPE papo_b_total counter",
                "papo_b_total{role=\"server\"} 7",
                "papo_b_total{role=\"a\\\"\\\\\\nb\"} 7",
            ]
        );
    }
}
