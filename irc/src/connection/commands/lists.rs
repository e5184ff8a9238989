//! NAMES and LIST.

use common::channels::ChannelInfo;

use crate::connection::events::one_line;
use crate::connection::{Connection, End};
use crate::protocol::masks::{is_mask, matches};
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
        let filters: Vec<&str> = message.param(0).unwrap_or_default().split(',').collect();
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
            let is_listed =
                !name.is_everybody() && !info.private && filters.iter().all(|filter| accepts(filter, &info));
            let is_named = names_any(&filters, &info);
            if is_listed && is_named {
                let subject = one_line(info.subject.as_str());
                self.numeric(Numeric::List, &[name.as_str(), &info.members.to_string(), &subject]);
            }
        }
        self.numeric(Numeric::ListEnd, &[]);
        Ok(())
    }
}

/// Whether a channel passes a filter of LIST: `>n`, `<n`, `!mask`, a mask, or a name.
fn accepts(filter: &str, info: &ChannelInfo) -> bool {
    let name = info.names.current(&info.channel).as_str();
    if let Some(count) = filter.strip_prefix('>') {
        return count.parse().is_ok_and(|count: u64| info.members > count);
    }
    if let Some(count) = filter.strip_prefix('<') {
        return count.parse().is_ok_and(|count: u64| info.members < count);
    }
    if let Some(mask) = filter.strip_prefix('!') {
        return !matches(mask, name);
    }
    // A list of names is a choice between them: `names_any` decides.
    filter.is_empty() || filter.starts_with('#') && !is_mask(filter) || matches(filter, name)
}

/// Whether the filters that are names include this channel. True without such filters.
fn names_any(filters: &[&str], info: &ChannelInfo) -> bool {
    let name = info.names.current(&info.channel).as_str();
    let mut names = filters.iter().filter(|filter| filter.starts_with('#') && !is_mask(filter)).peekable();
    names.peek().is_none() || names.any(|filter| matches(filter, name))
}
