//! NAMES and LIST.

use common::ChannelName;

use crate::connection::events::one_line;
use crate::connection::{Connection, End};
use crate::limits::LIST_FILTERS_MAX;
use crate::protocol::masks::{Mask, is_mask};
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;

impl Connection {
    pub(super) async fn names(&mut self, message: &Message) -> Result<(), End> {
        let Some(names) = message.filled(0) else {
            self.numeric(Numeric::EndOfNames, &["*"]);
            return Ok(());
        };
        for name in names.split(',').filter(|name| !name.is_empty()) {
            let channel = self.channel_named(name);
            let Some(channel) = channel.filter(|channel| self.channels.contains_key(channel)) else {
                // Only members see who is in a channel.
                self.numeric(Numeric::EndOfNames, &[name]);
                continue;
            };
            let members = self.members(&channel).await?.unwrap_or_default();
            let names = members.iter().map(|member| self.name_entry(&member.user, member.role)).collect();
            let is_private = self.channels.get(&channel).is_some_and(|channel| channel.is_private);
            let shown = self.shown(&channel);
            self.list_names(&shown, is_private, names);
        }
        Ok(())
    }

    pub(super) async fn list_channels(&mut self, message: &Message) -> Result<(), End> {
        let filters = message.param(0).unwrap_or_default();
        if filters.split(',').count() > LIST_FILTERS_MAX {
            self.numeric(Numeric::TooManyTargets, &[filters]);
            return Ok(());
        }
        let filters = Filters::new(filters);
        let channels = match self.all_channels().await? {
            Ok(channels) => channels,
            Err(error) => {
                self.fail_with("LIST", &[], &error);
                return Ok(());
            }
        };
        self.numeric(Numeric::ListStart, &["Channel"]);
        for info in channels {
            let name = info.names.current(&info.channel).clone();
            // A private channel is in no list, as in other networks.
            let is_listed = !name.is_everybody() && !info.private;
            if is_listed && filters.accept(&name, info.members) {
                self.make_room().await?;
                let subject = one_line(info.subject.as_str());
                self.numeric(Numeric::List, &[name.as_str(), &info.members.to_string(), &subject]);
            }
        }
        self.numeric(Numeric::ListEnd, &[]);
        Ok(())
    }
}

/// The filters of LIST. A channel must pass each filter, and one of the names.
#[derive(Default)]
struct Filters {
    filters: Vec<Filter>,
    names: Vec<Mask>,
}

enum Filter {
    /// `>n`: more members.
    MoreThan(u64),
    /// `<n`: fewer members.
    FewerThan(u64),
    /// `!mask`: another name.
    Unlike(Mask),
    Like(Mask),
    /// A number that is none: no channel passes.
    Invalid,
}

impl Filters {
    fn new(text: &str) -> Self {
        let mut filters = Self::default();
        let number = |text: &str, filter: fn(u64) -> Filter| text.parse().map_or(Filter::Invalid, filter);
        for filter in text.split(',').filter(|filter| !filter.is_empty()) {
            if let Some(count) = filter.strip_prefix('>') {
                filters.filters.push(number(count, Filter::MoreThan));
            } else if let Some(count) = filter.strip_prefix('<') {
                filters.filters.push(number(count, Filter::FewerThan));
            } else if let Some(mask) = filter.strip_prefix('!') {
                filters.filters.push(Filter::Unlike(Mask::new(mask)));
            } else if filter.starts_with('#') && !is_mask(filter) {
                filters.names.push(Mask::new(filter));
            } else {
                filters.filters.push(Filter::Like(Mask::new(filter)));
            }
        }
        filters
    }

    fn accept(&self, name: &ChannelName, members: u64) -> bool {
        let name = name.as_str();
        let passes = |filter: &Filter| match filter {
            Filter::MoreThan(count) => members > *count,
            Filter::FewerThan(count) => members < *count,
            Filter::Unlike(mask) => !mask.matches(name),
            Filter::Like(mask) => mask.matches(name),
            Filter::Invalid => false,
        };
        let is_named = self.names.is_empty() || self.names.iter().any(|mask| mask.matches(name));
        is_named && self.filters.iter().all(passes)
    }
}
