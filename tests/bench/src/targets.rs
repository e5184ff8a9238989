//! The performance targets, and their comparison with the figures. The targets were set before the first
//! measurement and must not be weakened.

use crate::figures::{Figure, Results, Samples, Unit};
use crate::growth::{Curve, Growth};

/// The value to compare with the bound.
pub(crate) enum Value {
    Plain(Figure),
    Ratio(Figure, Figure),
    /// The first figure minus the second.
    Excess(Figure, Figure),
    /// A curve at a size. A value at a smaller size is shown but not judged.
    At(Curve, u64),
    /// The first curve divided by the second, at a size.
    RatioAt(Curve, Curve, u64),
}

pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) bound: Bound,
    pub(crate) value: Value,
}

use Bound::{AtLeast, AtMost};
use Curve::{BareClient, ClientProcessor, MessageMemory, PageP99, PageRate, PapoClient, StartClean};
use Figure::*;
use Value::{At, Excess, Plain, Ratio, RatioAt};

const fn target(what: &'static str, bound: Bound, value: Value) -> Target {
    Target { what, bound, value }
}

/// All targets, in the order in which they were set.
pub(crate) const ALL: &[Target] = &[
    target(
        "durable sends with 16 connections, relative to Redis XADD; a frame for each line",
        AtLeast(1.0),
        Ratio(SendSingle, RedisAppend),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.5), Ratio(SendBatched, RedisAppend)),
    target(
        "durable sends with 16 connections, relative to the bare echo; a frame for each line",
        AtLeast(0.6),
        Ratio(SendSingle, Echo),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.0), Ratio(SendBatched, Echo)),
    target("sends with 10 subscribers; a frame for each line", AtLeast(150e3), Plain(SendSingleTo10)),
    target("the same, frames of up to 64 lines", AtLeast(150e3), Plain(SendBatchedTo10)),
    target("deliveries to 10 subscribers; a frame for each line", AtLeast(1.5e6), Plain(FanSingle10)),
    target("the same, frames of up to 64 lines", AtLeast(1.5e6), Plain(FanBatched10)),
    target(
        "fan-out 1 to 100, relative to NATS core; a frame for each line",
        AtLeast(1.2),
        Ratio(FanSingle100, NatsFan100),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.5), Ratio(FanBatched100, NatsFan100)),
    target(
        "fan-out 1 to 100, relative to Redis PUBLISH; a frame for each line",
        AtLeast(0.75),
        Ratio(FanSingle100, RedisFan100),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.0), Ratio(FanBatched100, RedisFan100)),
    target(
        "sends with CURVE on, 1 subscriber, relative to plain text; a frame for each line",
        AtLeast(0.5),
        Ratio(CurveSingle, SendSingle),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.85), Ratio(CurveBatched, SendBatched)),
    target(
        "sends with CURVE on, 10 subscribers, relative to plain text; a frame for each line",
        AtLeast(0.5),
        Ratio(CurveSingleTo10, SendSingleTo10),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.75), Ratio(CurveBatchedTo10, SendBatchedTo10)),
    target("delivery at 1,000 msg/s to 10, p50", AtMost(1.0), Plain(DeliveryP50)),
    target("delivery at 1,000 msg/s to 10, p99", AtMost(8.0), Plain(DeliveryP99)),
    target("acknowledgement at 1,000 msg/s, p50", AtMost(0.4), Plain(AckP50)),
    target("delivery at 1,000 msg/s to 10 with CURVE on, p50", AtMost(0.4), Plain(CurveDeliveryP50)),
    target("the same, p99", AtMost(2.0), Plain(CurveDeliveryP99)),
    target("acknowledgement at 1,000 msg/s with CURVE on, p50", AtMost(0.4), Plain(CurveAckP50)),
    target(
        "one send at a time, p50, minus the p50 of a bare append and fdatasync",
        AtMost(0.15),
        Excess(OneP50, SyncP50),
    ),
    target("node idle, resident memory", AtMost(25.0), Plain(IdleMemory)),
    target("node idle, start to ready", AtMost(0.3), Plain(IdleStart)),
    target(
        "5,000 idle clients, memory relative to bare libzmq sockets",
        AtMost(1.15),
        RatioAt(PapoClient, BareClient, 5_000),
    ),
    target("log of 1 M, start to ready", AtMost(0.5), At(StartClean, 1_000_000)),
    target("log of 1 M, memory per stored message", AtMost(8.0), At(MessageMemory, 1_000_000)),
    target("log of 10 M, random history page of 50, p99", AtMost(5.0), At(PageP99, 10_000_000)),
    target("log of 10 M, random history pages of 50", AtLeast(20e3), At(PageRate, 10_000_000)),
    target(
        "one message.send of a WebSocket client, p50, minus the p50 of a ZeroMQ client",
        AtMost(0.3),
        Excess(RelayP50, DirectP50),
    ),
    target("delivery at 20 msg/s to 1,000 WebSockets, p99", AtMost(50.0), Plain(WebDeliveryP99)),
    target(
        "deliveries to 100 WebSockets, relative to sockets of axum without papo",
        AtLeast(0.8),
        Ratio(WebDeliveries, BareDeliveries),
    ),
    target(
        "durable sends with 16 WebSockets, relative to ZeroMQ; a frame for each line",
        AtLeast(0.5),
        Ratio(WebSends, SendSingle),
    ),
    target(
        "fan-out 1 to 100 WebSockets, relative to ZeroMQ; frames of up to 64 lines",
        AtLeast(0.5),
        Ratio(WebDeliveries, FanBatched100),
    ),
    target(
        "fan-out 1 to 100 IRC clients, relative to ZeroMQ",
        AtLeast(0.5),
        Ratio(PapoIrcFan100, FanBatched100),
    ),
    target(
        "5,000 idle WebSockets with 10 topics, memory of the gateway each",
        AtMost(8e3),
        Plain(WebIdlePlain),
    ),
    target("the same, with TLS", AtMost(14e3), Plain(WebIdleTls)),
    target("5,000 idle WebSockets, processor time in a second", AtMost(5e3), Plain(WebIdleProcessor)),
    target(
        "5,000 idle clients, processor time of the node in a second",
        AtMost(5e3),
        At(ClientProcessor, 5_000),
    ),
    target(
        "durable sends in a cluster, relative to a put of etcd for each message",
        AtLeast(0.5),
        Ratio(ClusterSends, EtcdPuts),
    ),
    target(
        "processor time for a delivery, 1 to 300: 2 nodes, relative to 1 node",
        AtMost(1.15),
        Ratio(TwoNodesCost, OneNodeCost),
    ),
    target("the same, 3 nodes", AtMost(1.15), Ratio(ThreeNodesCost, OneNodeCost)),
    target("share of the busiest of 2 nodes", AtMost(55.0), Plain(TwoNodesShare)),
    target("share of the busiest of 3 nodes", AtMost(38.0), Plain(ThreeNodesShare)),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) wanted: String,
    pub(crate) figure: String,
    /// `None` if the value was not measured.
    pub(crate) reached: Option<bool>,
}

impl Target {
    /// Compares the target with the results.
    pub(crate) fn judge(&self, results: &Results, growth: &Growth) -> Outcome {
        let (value, smaller) = self.value(results, growth);
        let shown = value.map_or_else(|| "not measured".to_owned(), |value| self.show(value));
        let figure =
            smaller.map_or(shown.clone(), |size| format!("{shown}, but at {} only", show_size(size)));
        let (words, bound) = match self.bound {
            AtLeast(bound) => ("at least", bound),
            AtMost(bound) => ("at most", bound),
        };
        let judged = value.filter(|_| smaller.is_none());
        let reached = judged.map(|value| match self.bound {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        });
        Outcome { wanted: format!("{words} {}", self.show(bound)), figure, reached }
    }

    /// The measured value. If the size of the target was not measured, also the size of the value.
    fn value(&self, results: &Results, growth: &Growth) -> (Option<f64>, Option<u64>) {
        match self.value {
            Plain(figure) => (results.median(figure), None),
            Ratio(over, under) => (results.compare(over, under, |over, under| over / under), None),
            Excess(more, less) => (results.compare(more, less, |more, less| more - less), None),
            At(curve, wanted) => {
                let Some(size) = growth.largest(curve, wanted) else { return (None, None) };
                (growth.at(curve, size).map(Samples::median), (size < wanted).then_some(size))
            }
            RatioAt(over, under, wanted) => {
                let size = growth.largest(over, wanted).min(growth.largest(under, wanted));
                let Some(size) = size else { return (None, None) };
                let median = |curve| growth.at(curve, size).map(Samples::median);
                let ratio = median(over).zip(median(under)).map(|(over, under)| over / under);
                (ratio, (size < wanted).then_some(size))
            }
        }
    }

    fn show(&self, value: f64) -> String {
        match self.value {
            Plain(figure) => figure.unit().show(value),
            At(curve, _) => curve.unit().show(value),
            Ratio(..) | RatioAt(..) => format!("{value:.2} x"),
            Excess(..) => Unit::Milliseconds.show(value),
        }
    }
}

pub(crate) fn show_size(size: u64) -> String {
    match size {
        1_000_000.. if size.is_multiple_of(1_000_000) => format!("{} M", size / 1_000_000),
        10_000.. if size.is_multiple_of(1_000) => format!("{} k", size / 1_000),
        _ => size.to_string(),
    }
}

impl Outcome {
    pub(crate) fn word(&self) -> &'static str {
        match self.reached {
            Some(true) => "reached",
            Some(false) => "NOT reached",
            None => "not measured",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(target: &Target, results: &[(Figure, f64)]) -> (String, &'static str) {
        let mut all = Results::default();
        results.iter().for_each(|(figure, value)| all.add(*figure, *value));
        let outcome = target.judge(&all, &Growth::default());
        let word = outcome.word();
        (outcome.figure, word)
    }

    #[test]
    fn a_target_is_reached_at_its_bound_and_not_below() {
        let ratio = target("", AtLeast(0.5), Ratio(SendSingle, Echo));
        assert_eq!(judged(&ratio, &[(SendSingle, 50.0), (Echo, 100.0)]), ("0.50 x".to_owned(), "reached"));
        assert_eq!(
            judged(&ratio, &[(SendSingle, 49.0), (Echo, 100.0)]),
            ("0.49 x".to_owned(), "NOT reached")
        );
        let excess = target("", AtMost(0.3), Excess(OneP50, SyncP50));
        assert_eq!(
            judged(&excess, &[(OneP50, 0.75), (SyncP50, 0.25)]),
            ("0.50 ms".to_owned(), "NOT reached")
        );
    }

    #[test]
    fn an_unmeasured_target_is_not_reached() {
        let ratio = target("", AtLeast(0.5), Ratio(SendSingle, Echo));
        assert_eq!(judged(&ratio, &[(SendSingle, 50.0)]), ("not measured".to_owned(), "not measured"));
    }

    #[test]
    fn a_value_at_a_smaller_size_is_shown_but_not_judged() {
        let (page, mut growth) = (target("", AtMost(5.0), At(PageP99, 10_000_000)), Growth::default());
        let judged = |growth: &Growth| {
            let outcome = page.judge(&Results::default(), growth);
            let word = outcome.word();
            (outcome.figure, word)
        };
        assert_eq!(judged(&growth), ("not measured".to_owned(), "not measured"));
        growth.add(PageP99, 1_000_000, 2.0);
        assert_eq!(judged(&growth), ("2.00 ms, but at 1 M only".to_owned(), "not measured"));
        growth.add(PageP99, 10_000_000, 6.0);
        assert_eq!(judged(&growth), ("6.00 ms".to_owned(), "NOT reached"));
    }
}
