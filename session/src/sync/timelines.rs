//! The timelines of the conversations that are followed, and the repair of their gaps.

use std::collections::BTreeMap;

use common::{Error, Target};

use super::timeline::Timeline;
use crate::api::Entry;
use crate::context::Context;
use crate::history::Repairs;
use crate::limits::HEADS_INTERVAL_MS;
use crate::requests::Origin;
use crate::status::Progress;

#[derive(Default)]
pub(crate) struct Timelines {
    followed: BTreeMap<Target, Timeline>,
    repairs: Repairs,
}

impl Timelines {
    pub(crate) fn contains(&self, conversation: &Target) -> bool {
        self.followed.contains_key(conversation)
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = &Target> {
        self.followed.keys()
    }

    pub(crate) fn get(&self, conversation: &Target) -> Option<&Timeline> {
        self.followed.get(conversation)
    }

    pub(crate) fn get_mut(&mut self, conversation: &Target) -> Option<&mut Timeline> {
        self.followed.get_mut(conversation)
    }

    /// The timeline of a conversation. A new timeline starts with the event `next`.
    pub(crate) fn get_or_start(&mut self, conversation: &Target, next: u64) -> &mut Timeline {
        self.followed.entry(conversation.clone()).or_insert_with(|| Timeline::starting_at(next))
    }

    /// Removes and returns the events to emit. Returns no events while the page that opens the conversation
    /// is pending.
    pub(crate) fn take_ready(&mut self, cx: &Context, conversation: &Target) -> Vec<Entry> {
        if cx.requests().is_opening(conversation) {
            return Vec::new();
        }
        let Some(timeline) = self.followed.get_mut(conversation) else { return Vec::new() };
        std::iter::from_fn(|| timeline.pop()).collect()
    }

    /// Schedules a repair at the time `due`, if the conversation has a gap.
    pub(crate) fn look_for_gap(&mut self, conversation: &Target, due: u64) {
        if self.gap(conversation).is_some() {
            self.repairs.plan(conversation, due);
        }
    }

    fn gap(&self, conversation: &Target) -> Option<(u64, u64)> {
        self.get(conversation).and_then(Timeline::gap)
    }

    /// The time at which [`repair_gaps`](Self::repair_gaps) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.repairs.deadline()
    }

    /// Requests the pages that are due.
    pub(crate) fn repair_gaps(&mut self, cx: &mut Context) {
        while let Some(conversation) = self.repairs.take_due(cx.now_ms()) {
            if let Some((after, missing)) = self.gap(&conversation) {
                self.repairs.begin(cx, conversation, after, missing);
            }
        }
    }

    /// Handles the page of a repair, or an error. Returns the events to emit.
    pub(crate) fn repaired(
        &mut self,
        cx: &Context,
        conversation: &Target,
        page: Result<Vec<Entry>, Error>,
    ) -> Vec<Entry> {
        self.repairs.end(conversation);
        let before = self.gap(conversation);
        let mut ready = Vec::new();
        if let Ok(entries) = page {
            let Some(timeline) = self.get_mut(conversation) else { return ready };
            entries.into_iter().for_each(|entry| timeline.insert(entry));
            ready = self.take_ready(cx, conversation);
        }
        // A page without a new event is requested again only later: an immediate reply would be the same.
        let is_same = self.gap(conversation) == before;
        self.look_for_gap(conversation, if is_same { cx.now_ms() + HEADS_INTERVAL_MS } else { cx.now_ms() });
        ready
    }

    /// Stops following one conversation.
    pub(crate) fn forget(&mut self, cx: &mut Context, conversation: &Target) {
        self.followed.remove(conversation);
        self.repairs.forget(conversation);
        cx.requests_mut().forget(|origin| matches!(origin, Origin::Repair(of) if of == conversation));
    }

    pub(crate) fn clear(&mut self, cx: &mut Context) {
        cx.requests_mut().forget(|origin| matches!(origin, Origin::Repair(_)));
        *self = Self::default();
    }

    pub(crate) fn progress(&self) -> Vec<Progress> {
        let progress = |(conversation, timeline): (&Target, &Timeline)| {
            let (shown, head) = timeline.progress();
            Progress { conversation: conversation.clone(), shown, head }
        };
        self.followed.iter().map(progress).collect()
    }

    pub(crate) fn repairs_running(&self) -> usize {
        self.repairs.running()
    }

    /// The length of the longest queue of early events.
    pub(crate) fn early_events(&self) -> usize {
        self.followed.values().map(Timeline::early_events).max().unwrap_or(0)
    }
}
