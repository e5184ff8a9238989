//! The table of all figures that the bench measures, and their values over several runs.

use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Seconds,
    Mebibytes,
    Kibibytes,
    Bytes,
    Microseconds,
    Percent,
}

impl Unit {
    /// Formats a value with its unit, in significant digits.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond if value >= 1e6 => format!("{:.2} M/s", value / 1e6),
            Self::PerSecond if value >= 1e4 => format!("{:.0} k/s", value / 1e3),
            Self::PerSecond if value >= 1e3 => format!("{:.2} k/s", value / 1e3),
            Self::PerSecond => format!("{value:.0} /s"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.3} s"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Kibibytes => format!("{value:.1} KiB"),
            Self::Bytes if value >= 1e4 => format!("{:.1} KB", value / 1e3),
            Self::Bytes => format!("{value:.1} B"),
            Self::Microseconds if value < 10.0 => format!("{value:.2} us"),
            Self::Microseconds => format!("{value:.0} us"),
            Self::Percent => format!("{value:.0} %"),
        }
    }
}

/// Generates `Figure` from a table of name, group, label and unit.
macro_rules! figures {
    ($($name:ident $group:literal $label:literal $unit:ident;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Figure { $(
            #[doc = $label]
            $name,
        )* }

        impl Figure {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the JSON file.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// The heading in the tables.
            pub(crate) fn group(self) -> &'static str {
                match self { $(Self::$name => $group),* }
            }

            pub(crate) fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }

            pub(crate) fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit),* }
            }
        }
    };
}

figures! {
    Echo             "Acknowledged, 16 connections, 64 requests in flight each" "bare ROUTER/DEALER echo through the broker" PerSecond;
    RedisAppend      "Acknowledged, 16 connections, 64 requests in flight each" "Redis XADD, appendfsync always" PerSecond;
    JetStream        "Acknowledged, 16 connections, 64 requests in flight each" "NATS JetStream on file (no fsync)" PerSecond;
    SendSingle       "Acknowledged, 16 connections, 64 requests in flight each" "papo, a frame for each line, 1 subscriber" PerSecond;
    SendBatched      "Acknowledged, 16 connections, 64 requests in flight each" "papo, frames of up to 64 lines, 1 subscriber" PerSecond;
    SendSingleTo10   "Acknowledged, 16 connections, 64 requests in flight each" "papo, a frame for each line, 10 subscribers" PerSecond;
    SendBatchedTo10  "Acknowledged, 16 connections, 64 requests in flight each" "papo, frames of up to 64 lines, 10 subscribers" PerSecond;
    SendSingleTo100  "Acknowledged, 16 connections, 64 requests in flight each" "papo, a frame for each line, 100 subscribers" PerSecond;
    SendBatchedTo100 "Acknowledged, 16 connections, 64 requests in flight each" "papo, frames of up to 64 lines, 100 subscribers" PerSecond;
    CurveSingle      "Acknowledged, 16 connections, 64 requests in flight each" "papo with CURVE, a frame for each line, 1 subscriber" PerSecond;
    CurveBatched     "Acknowledged, 16 connections, 64 requests in flight each" "papo with CURVE, frames of up to 64 lines, 1 subscriber" PerSecond;
    CurveSingleTo10  "Acknowledged, 16 connections, 64 requests in flight each" "papo with CURVE, a frame for each line, 10 subscribers" PerSecond;
    CurveBatchedTo10 "Acknowledged, 16 connections, 64 requests in flight each" "papo with CURVE, frames of up to 64 lines, 10 subscribers" PerSecond;
    WebSends         "Acknowledged, 16 connections, 64 requests in flight each" "papo, WebSockets, a frame for each line" PerSecond;
    RedisFan10       "Deliveries, 1 to 10" "Redis PUBLISH" PerSecond;
    NatsFan10        "Deliveries, 1 to 10" "NATS core" PerSecond;
    IrcFan10         "Deliveries, 1 to 10" "ngIRCd" PerSecond;
    FanSingle10      "Deliveries, 1 to 10" "papo, durable, a frame for each line" PerSecond;
    FanBatched10     "Deliveries, 1 to 10" "papo, durable, frames of up to 64 lines" PerSecond;
    CurveFanSingle10 "Deliveries, 1 to 10" "papo with CURVE, durable, a frame for each line" PerSecond;
    CurveFanBatched10 "Deliveries, 1 to 10" "papo with CURVE, durable, frames of up to 64 lines" PerSecond;
    RedisFan100      "Deliveries, 1 to 100" "Redis PUBLISH" PerSecond;
    NatsFan100       "Deliveries, 1 to 100" "NATS core" PerSecond;
    IrcFan100        "Deliveries, 1 to 100" "ngIRCd" PerSecond;
    FanSingle100     "Deliveries, 1 to 100" "papo, durable, a frame for each line" PerSecond;
    FanBatched100    "Deliveries, 1 to 100" "papo, durable, frames of up to 64 lines" PerSecond;
    PapoIrcFan100    "Deliveries, 1 to 100" "papo, durable, to IRC clients" PerSecond;
    AckP50           "1,000 messages a second to 10, from the intended time" "acknowledgement, p50" Milliseconds;
    AckP99           "1,000 messages a second to 10, from the intended time" "acknowledgement, p99" Milliseconds;
    DeliveryP50      "1,000 messages a second to 10, from the intended time" "delivery, p50" Milliseconds;
    DeliveryP99      "1,000 messages a second to 10, from the intended time" "delivery, p99" Milliseconds;
    DeliveryMax      "1,000 messages a second to 10, from the intended time" "delivery, the longest" Milliseconds;
    CurveAckP50      "1,000 messages a second to 10, from the intended time" "acknowledgement with CURVE, p50" Milliseconds;
    CurveDeliveryP50 "1,000 messages a second to 10, from the intended time" "delivery with CURVE, p50" Milliseconds;
    CurveDeliveryP99 "1,000 messages a second to 10, from the intended time" "delivery with CURVE, p99" Milliseconds;
    SyncP50          "One at a time" "bare append of 300 bytes and fdatasync, p50" Milliseconds;
    SyncP99          "One at a time" "bare append of 300 bytes and fdatasync, p99" Milliseconds;
    OneP50           "One at a time" "papo, message.send, p50" Milliseconds;
    OneP99           "One at a time" "papo, message.send, p99" Milliseconds;
    IdleStart        "An idle node" "start to ready" Seconds;
    IdleMemory       "An idle node" "resident memory" Mebibytes;
    DirectP50        "One message.send at a time, with a gateway" "ZeroMQ client, p50" Milliseconds;
    DirectP99        "One message.send at a time, with a gateway" "ZeroMQ client, p99" Milliseconds;
    RelayP50         "One message.send at a time, with a gateway" "WebSocket client, p50" Milliseconds;
    RelayP99         "One message.send at a time, with a gateway" "WebSocket client, p99" Milliseconds;
    WebDeliveryP50   "20 messages a second to 1,000 WebSockets, from the intended time" "delivery, p50" Milliseconds;
    WebDeliveryP99   "20 messages a second to 1,000 WebSockets, from the intended time" "delivery, p99" Milliseconds;
    WebDeliveryMax   "20 messages a second to 1,000 WebSockets, from the intended time" "delivery, the longest" Milliseconds;
    BareDeliveries   "Deliveries, 1 to 100 WebSockets" "axum without papo" PerSecond;
    WebDeliveries    "Deliveries, 1 to 100 WebSockets" "papo, durable, frames of up to 64 lines" PerSecond;
    WebIdlePlain     "An idle WebSocket with 10 topics, of 5,000" "resident memory of the gateway" Bytes;
    WebIdleTls       "An idle WebSocket with 10 topics, of 5,000" "resident memory of the gateway, with TLS" Bytes;
    WebIdleProcessor "An idle WebSocket with 10 topics, of 5,000" "processor time of the gateway in a second, for all 5,000" Microseconds;
    EtcdPuts         "Acknowledged in a cluster of three etcd servers, 16 connections, 64 requests in flight each" "etcd, a put for each message" PerSecond;
    ClusterSends     "Acknowledged in a cluster of three etcd servers, 16 connections, 64 requests in flight each" "papo, three nodes, frames of up to 64 lines" PerSecond;
    ClusterOneP50    "One message.send at a time, in a cluster" "papo, three nodes, p50" Milliseconds;
    OneNodeCost      "Processor time for a delivery, 1 to 300, of all nodes together" "1 node" Microseconds;
    TwoNodesCost     "Processor time for a delivery, 1 to 300, of all nodes together" "2 nodes" Microseconds;
    ThreeNodesCost   "Processor time for a delivery, 1 to 300, of all nodes together" "3 nodes" Microseconds;
    TwoNodesShare    "Processor time for a delivery, 1 to 300, of all nodes together" "share of the busiest of 2 nodes" Percent;
    ThreeNodesShare  "Processor time for a delivery, 1 to 300, of all nodes together" "share of the busiest of 3 nodes" Percent;
    FollowerCost     "Processor time for a delivery, 1 to 300, of all nodes together" "a node that only follows, for each message" Microseconds;
}

/// The values of a figure, one per run, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.0
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    f64::midpoint(at(values.len().saturating_sub(1) / 2), at(values.len() / 2))
}

/// The values of a figure, or of a curve at a size, with the date of their measurement.
#[derive(Debug, Default, Clone)]
pub(crate) struct Measured {
    pub(crate) samples: Samples,
    pub(crate) date: String,
}

impl Measured {
    /// Sets the date of all values without one.
    pub(crate) fn set_dates<'a>(all: impl Iterator<Item = &'a mut Self>, date: &str) {
        all.filter(|measured| measured.date.is_empty())
            .for_each(|measured| date.clone_into(&mut measured.date));
    }
}

/// All measured figures. A figure that could not be measured is absent.
#[derive(Debug, Default)]
pub(crate) struct Results(BTreeMap<Figure, Measured>);

impl Results {
    pub(crate) fn add(&mut self, figure: Figure, value: f64) {
        self.0.entry(figure).or_default().samples.add(value);
    }

    pub(crate) fn insert(&mut self, figure: Figure, measured: Measured) {
        self.0.insert(figure, measured);
    }

    /// Sets the date of all figures without one.
    pub(crate) fn set_date(&mut self, date: &str) {
        Measured::set_dates(self.0.values_mut(), date);
    }

    /// Adds the figures of a newer run, which replace the same figures.
    pub(crate) fn merge(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn measured(&self, figure: Figure) -> Option<&Measured> {
        self.0.get(&figure)
    }

    pub(crate) fn get(&self, figure: Figure) -> Option<&Samples> {
        self.measured(figure).map(|measured| &measured.samples)
    }

    pub(crate) fn median(&self, figure: Figure) -> Option<f64> {
        self.get(figure).map(Samples::median)
    }

    /// Compares two figures run by run, and returns the median of the results: other load in a run affects
    /// both figures. Figures of different dates are not compared.
    pub(crate) fn compare(&self, one: Figure, other: Figure, with: fn(f64, f64) -> f64) -> Option<f64> {
        let (one, other) = (self.measured(one)?, self.measured(other)?);
        let pairs = (one.date == other.date).then(|| one.samples.0.iter().zip(&other.samples.0))?;
        Some(median(pairs.map(|(one, other)| with(*one, *other)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        let mut results = Results::default();
        for value in [5.0, 1.0, 9.0] {
            results.add(Figure::Echo, value);
        }
        assert_eq!(results.median(Figure::Echo), Some(5.0));
        results.add(Figure::Echo, 7.0);
        assert_eq!(results.median(Figure::Echo), Some(6.0));
        let samples = results.get(Figure::Echo).expect("samples");
        assert_eq!((samples.min(), samples.max()), (1.0, 9.0));
        assert_eq!(results.median(Figure::JetStream), None);
    }

    #[test]
    fn figures_are_compared_within_a_run() {
        let mut results = Results::default();
        for (echo, send) in [(100.0, 50.0), (10.0, 5.0), (40.0, 10.0)] {
            results.add(Figure::Echo, echo);
            results.add(Figure::SendSingle, send);
        }
        let ratio =
            |results: &Results| results.compare(Figure::SendSingle, Figure::Echo, |one, other| one / other);
        assert_eq!(ratio(&results), Some(0.5));
        results.set_date("monday");
        assert_eq!(ratio(&results), Some(0.5));
        let mut newer = Results::default();
        newer.add(Figure::Echo, 1.0);
        newer.set_date("tuesday");
        results.merge(newer);
        assert_eq!((results.median(Figure::Echo), ratio(&results)), (Some(1.0), None));
    }

    #[test]
    fn values_are_shown_with_significant_digits() {
        let shown = [2.345e6, 152_345.0, 4321.0, 12.3].map(|value| Unit::PerSecond.show(value));
        assert_eq!(shown, ["2.35 M/s", "152 k/s", "4.32 k/s", "12 /s"]);
    }
}
