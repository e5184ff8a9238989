//! Fan-out of the competitors: one publisher sends messages, and all receivers receive each message. The
//! workload `sends` measures the fan-out of papo, because papo also stores the messages.

use anyhow::Result;

use super::{Setup, add_if_measured};
use crate::competitors;
use crate::figures::{Figure, Results};

pub(super) fn competitors(setup: &mut Setup, results: &mut Results, subscribers: usize) -> Result<()> {
    let [redis, nats, irc] = match subscribers {
        0..100 => [Figure::RedisFan10, Figure::NatsFan10, Figure::IrcFan10],
        _ => [Figure::RedisFan100, Figure::NatsFan100, Figure::IrcFan100],
    };
    let (plan, text) = (setup.plan(), setup.text());
    let folders = [setup.new_folder()?, setup.new_folder()?, setup.new_folder()?];
    let [redis_folder, nats_folder, irc_folder] = &folders;
    let rates = competitors::redis_fan_out(plan, redis_folder.path(), &text, subscribers)?;
    add_if_measured(results, redis, rates.map(|rates| rates.delivered));
    let rates = competitors::nats_fan_out(plan, nats_folder.path(), &text, subscribers)?;
    add_if_measured(results, nats, rates.map(|rates| rates.delivered));
    let rates = competitors::irc_fan_out(plan, irc_folder.path(), &text, subscribers)?;
    add_if_measured(results, irc, rates.map(|rates| rates.delivered));
    Ok(())
}
