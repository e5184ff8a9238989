//! The table of all curves, and their measured points.

use std::collections::BTreeMap;

use crate::figures::{Measured, Samples, Unit};

/// Generates `Curve` from a table of name, plot, x axis, label and unit.
macro_rules! curves {
    ($($name:ident $plot:literal $x:literal $label:literal $unit:ident;)*) => {
        /// A quantity that is measured at several sizes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Curve { $(
            #[doc = $label]
            $name,
        )* }

        impl Curve {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the JSON file.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// The title of the plot. The curves of one plot follow each other in the table and share the x
            /// axis and the unit.
            pub(crate) fn plot(self) -> &'static str {
                match self { $(Self::$name => $plot),* }
            }

            pub(crate) fn size_noun(self) -> &'static str {
                match self { $(Self::$name => $x),* }
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

curves! {
    StartClean    "Start to ready"                      "messages in the log" "after a clean stop" Seconds;
    StartKilled   "Start to ready"                      "messages in the log" "after a kill" Seconds;
    LogMemory     "Memory for the log"                  "messages in the log" "difference to an empty node" Mebibytes;
    MessageMemory "Memory for a stored message"         "messages in the log" "a message" Bytes;
    PageRate      "Random history pages of 50, 16 connections, 4 requests in flight each" "messages in the log" "pages" PerSecond;
    PageProcessor "Processor time of the node for a page of 50" "messages in the log" "a page" Microseconds;
    PageP50       "Random history page of 50, one at a time" "messages in the log" "p50" Milliseconds;
    PageP99       "Random history page of 50, one at a time" "messages in the log" "p99" Milliseconds;
    BareClient    "Memory for an idle client (a DEALER and a SUB)" "idle clients" "bare libzmq ROUTER and PUB" Kibibytes;
    PapoClient    "Memory for an idle client (a DEALER and a SUB)" "idle clients" "papo" Kibibytes;
    ClientProcessor "Processor time in a second for all idle clients" "idle clients" "papo" Microseconds;
    Subscription  "Memory for one more subscription of a connection" "subscriptions" "a subscription" Bytes;
    ChannelMemory "Memory for a channel with one member" "channels" "a channel" Bytes;
    ChannelStart  "Start to ready with many channels"   "channels" "after a clean stop" Seconds;
    UserMemory    "Memory for a user without a session" "users" "a user" Bytes;
    UserStart     "Start to ready with many users"      "users" "after a clean stop" Seconds;
}

/// All measured points of all curves.
#[derive(Debug, Default)]
pub(crate) struct Growth(BTreeMap<(Curve, u64), Measured>);

impl Growth {
    pub(crate) fn add(&mut self, curve: Curve, size: u64, value: f64) {
        self.0.entry((curve, size)).or_default().samples.add(value);
    }

    /// Sets the date of all points without one.
    pub(crate) fn set_date(&mut self, date: &str) {
        Measured::set_dates(self.0.values_mut(), date);
    }

    pub(crate) fn insert(&mut self, curve: Curve, size: u64, point: Measured) {
        self.0.insert((curve, size), point);
    }

    /// Adds the points of a newer run, which replace points of the same size.
    pub(crate) fn merge(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    /// The points of a curve, by size.
    pub(crate) fn points(&self, curve: Curve) -> impl Iterator<Item = (u64, &Measured)> {
        self.0.range((curve, 0)..=(curve, u64::MAX)).map(|((_, size), point)| (*size, point))
    }

    pub(crate) fn at(&self, curve: Curve, size: u64) -> Option<&Samples> {
        self.0.get(&(curve, size)).map(|point| &point.samples)
    }

    /// The largest measured size of a curve that is at most `most`.
    pub(crate) fn largest(&self, curve: Curve, most: u64) -> Option<u64> {
        self.points(curve).map(|(size, _)| size).filter(|size| *size <= most).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_replaces_the_sizes_that_it_measured() {
        let (mut growth, mut newer) = (Growth::default(), Growth::default());
        growth.add(Curve::PageP99, 1000, 5.0);
        growth.add(Curve::PageP99, 10_000, 6.0);
        growth.set_date("monday");
        newer.add(Curve::PageP99, 1000, 1.0);
        newer.add(Curve::PageP99, 1000, 3.0);
        newer.set_date("tuesday");
        growth.merge(newer);
        let points: Vec<_> = growth
            .points(Curve::PageP99)
            .map(|(size, point)| (size, point.samples.median(), &*point.date))
            .collect();
        assert_eq!(points, [(1000, 2.0, "tuesday"), (10_000, 6.0, "monday")]);
        assert_eq!(growth.largest(Curve::PageP99, 9_999), Some(1000));
        assert_eq!(growth.largest(Curve::PageP50, 9_999), None);
    }
}
