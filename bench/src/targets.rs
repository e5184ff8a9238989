//! The targets, set before anything was measured, and whether the figures reach them. They are not to be softened:
//! a target that is not reached stands here as not reached.

use crate::figures::{Figure, Results, Unit};

/// What is compared with the bound.
pub(crate) enum Value {
    /// A figure as it is.
    Plain(Figure),
    /// The first figure divided by the second.
    Ratio(Figure, Figure),
    /// By how much the first figure is more than the second.
    Excess(Figure, Figure),
}

/// Where a target begins.
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// One target.
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) bound: Bound,
    pub(crate) value: Value,
}

use Bound::{AtLeast, AtMost};
use Figure::*;
use Value::{Excess, Plain, Ratio};

const fn target(what: &'static str, bound: Bound, value: Value) -> Target {
    Target { what, bound, value }
}

/// All of them, in the order in which they were set.
pub(crate) const ALL: &[Target] = &[
    target(
        "durable sends 16 x 64, beside Redis XADD; a frame for each line",
        AtLeast(1.0),
        Ratio(SendSingle, RedisAppend),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.0), Ratio(SendBatched, RedisAppend)),
    target(
        "durable sends 16 x 64, beside the bare echo; a frame for each line",
        AtLeast(0.5),
        Ratio(SendSingle, Echo),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.5), Ratio(SendBatched, Echo)),
    target("sends with 10 subscribers; a frame for each line", AtLeast(150e3), Plain(SendSingleTo10)),
    target("the same, frames of up to 64 lines", AtLeast(150e3), Plain(SendBatchedTo10)),
    target("deliveries to 10 subscribers; a frame for each line", AtLeast(1.5e6), Plain(FanSingle10)),
    target("the same, frames of up to 64 lines", AtLeast(1.5e6), Plain(FanBatched10)),
    target(
        "fan-out 1 to 100, beside NATS core; a frame for each line",
        AtLeast(1.2),
        Ratio(FanSingle100, NatsFan100),
    ),
    target("the same, frames of up to 64 lines", AtLeast(1.2), Ratio(FanBatched100, NatsFan100)),
    target(
        "fan-out 1 to 100, beside Redis PUBLISH; a frame for each line",
        AtLeast(0.75),
        Ratio(FanSingle100, RedisFan100),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.75), Ratio(FanBatched100, RedisFan100)),
    target(
        "sends with CURVE on, 1 subscriber, beside plaintext; a frame for each line",
        AtLeast(0.5),
        Ratio(CurveSingle, SendSingle),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.5), Ratio(CurveBatched, SendBatched)),
    target(
        "sends with CURVE on, 10 subscribers, beside plaintext; a frame for each line",
        AtLeast(0.5),
        Ratio(CurveSingleTo10, SendSingleTo10),
    ),
    target("the same, frames of up to 64 lines", AtLeast(0.5), Ratio(CurveBatchedTo10, SendBatchedTo10)),
    target("delivery at 1,000 msg/s to 10, p50", AtMost(1.0), Plain(DeliveryP50)),
    target("delivery at 1,000 msg/s to 10, p99", AtMost(8.0), Plain(DeliveryP99)),
    target("acknowledgement at 1,000 msg/s, p50", AtMost(0.7), Plain(AckP50)),
    target("one send at a time, p50, above one fdatasync", AtMost(0.3), Excess(OneP50, SyncP50)),
    target("node idle, resident memory", AtMost(25.0), Plain(IdleMemory)),
    target("node idle, start to ready", AtMost(0.3), Plain(IdleStart)),
    target(
        "idle client, beside bare libzmq sockets (set for 5,000 clients)",
        AtMost(1.15),
        Ratio(PapoClient, BareClient),
    ),
    target("log of 1 M, start to ready", AtMost(0.5), Plain(BigStart)),
    target("log of 1 M, memory per stored message", AtMost(8.0), Plain(BigMemory)),
    target("random history page of 50, p99 (set for a log of 10 M)", AtMost(5.0), Plain(PageP99)),
    target("random history pages of 50 (set for a log of 10 M)", AtLeast(20e3), Plain(PageRate)),
];

/// What became of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) wanted: String,
    pub(crate) figure: String,
    /// `None` when it was not measured.
    pub(crate) reached: Option<bool>,
}

impl Target {
    /// Holds the target beside the results.
    pub(crate) fn judge(&self, results: &Results) -> Outcome {
        let value = self.value(results);
        let figure = value.map_or_else(|| "not measured".to_owned(), |value| self.show(value));
        let (words, bound) = match self.bound {
            AtLeast(bound) => ("at least", bound),
            AtMost(bound) => ("at most", bound),
        };
        let reached = value.map(|value| match self.bound {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        });
        Outcome { wanted: format!("{words} {}", self.show(bound)), figure, reached }
    }

    fn value(&self, results: &Results) -> Option<f64> {
        match self.value {
            Plain(figure) => results.median(figure),
            Ratio(over, under) => results.compare(over, under, |over, under| over / under),
            Excess(more, less) => results.compare(more, less, |more, less| more - less),
        }
    }

    fn show(&self, value: f64) -> String {
        match self.value {
            Plain(figure) => figure.unit().show(value),
            Ratio(..) => format!("{value:.2} x"),
            Excess(..) => Unit::Milliseconds.show(value),
        }
    }
}

impl Outcome {
    /// The outcome in a word.
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
        let outcome = target.judge(&all);
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
    fn what_was_not_measured_is_not_reached() {
        let ratio = target("", AtLeast(0.5), Ratio(SendSingle, Echo));
        assert_eq!(judged(&ratio, &[(SendSingle, 50.0)]), ("not measured".to_owned(), "not measured"));
    }
}
