//! What people do beside talking, in some of the runs: they amend what was said, mention others, send files,
//! and read those of others.

use std::collections::VecDeque;

use common::amendments::Emoji;
use common::{Body, Conversation, Error, Target};
use session::{Alteration, Amend, Answer, Command, Entry, Transfer};
use testkit::Rng;

use crate::client::{About, Asking, Shows, SimClient};
use crate::upload::{Progress, Upload};

/// Messages and files that a person remembers.
const SEEN_MAX: usize = 40;

/// Bytes that are read of a file at a time, at most.
const READ_BYTES_MAX: u64 = 500;

/// What a person has in mind beside talking.
#[derive(Default)]
pub(crate) struct Workload {
    seen: VecDeque<Seen>,
    /// How much was said, edits included: each text has a number of its own.
    texts: usize,
    upload: Option<Upload>,
}

/// A message or a file that was seen.
#[derive(Clone)]
struct Seen {
    conversation: Target,
    n: u64,
    is_own: bool,
    /// How long it is, if it is a file.
    bytes: Option<u64>,
}

impl Workload {
    /// The number of another text.
    pub(crate) fn count(&mut self) -> usize {
        self.texts += 1;
        self.texts
    }

    /// The client was killed.
    pub(crate) fn interrupt(&mut self) {
        self.upload.iter_mut().for_each(Upload::interrupt);
    }
}

impl SimClient {
    /// Something was shown to the sim_client.
    pub(crate) fn saw(&mut self, entry: &Entry) {
        let (Some(workload), Some(event)) = (&mut self.workload, &entry.event) else { return };
        let bytes = if let Body::File { file, .. } = &event.body { Some(file.bytes) } else { None };
        if bytes.is_none() && !matches!(event.body, Body::Message { .. }) {
            return;
        }
        if workload.seen.len() >= SEEN_MAX {
            workload.seen.pop_front();
        }
        let is_own = event.from == self.account.user;
        workload.seen.push_back(Seen { conversation: entry.conversation.clone(), n: entry.n, is_own, bytes });
    }

    /// Whom a message mentions, if anybody: something at its end.
    pub(crate) fn mention(&self, rng: &mut Rng) -> &'static str {
        if self.workload.is_some() && rng.per_mille(100) {
            return rng.pick(&[" @here", " @alice", " @bob", " (@carla)"]);
        }
        ""
    }

    /// Does something beside talking, now and then. Says what, for the trace.
    pub(crate) fn do_something_else(&mut self, now_ms: u64, rng: &mut Rng, to: &Target) -> Option<String> {
        self.workload.as_mut()?.upload.iter_mut().for_each(Upload::wake);
        match rng.below(100) {
            0..35 => self.amend(now_ms, rng),
            35..45 => self.read_file(now_ms, rng),
            45..55 => self.send_file(now_ms, rng, to),
            _ => None,
        }
    }

    fn amend(&mut self, now_ms: u64, rng: &mut Rng) -> Option<String> {
        let id = self.id(now_ms, rng);
        let workload = self.workload.as_mut().filter(|workload| !workload.seen.is_empty())?;
        let Seen { conversation, n, is_own, .. } = workload.seen[rng.index(workload.seen.len())].clone();
        let change = match rng.below(10) {
            0..4 if is_own => {
                let text = format!("{} of {}, an edit", workload.count(), self.account.user);
                Alteration::Edit(testkit::text(text))
            }
            4..6 if is_own => Alteration::Delete,
            roll => {
                let emoji = Emoji::new(rng.pick(&["👍", "🎉"])).expect("an emoji");
                Alteration::React { emoji, remove: roll == 9 }
            }
        };
        let of_all = Conversation::of(&self.account.user, &conversation);
        let command = Command::Amend(Amend { conversation, n, id, change });
        self.ask(now_ms, command, About::Amending(id, of_all))
    }

    fn read_file(&mut self, now_ms: u64, rng: &mut Rng) -> Option<String> {
        let files =
            self.workload.as_ref()?.seen.iter().filter(|seen| seen.bytes.is_some_and(|bytes| bytes > 0));
        let files: Vec<_> = files.cloned().collect();
        let Seen { conversation, n, bytes, .. } = files.get(rng.index(files.len()))?.clone();
        let (offset, length) = (rng.below(bytes?), rng.between(1, READ_BYTES_MAX));
        let of_all = Conversation::of(&self.account.user, &conversation);
        let command = Command::Transfer(Transfer::Get { conversation, n, offset, length });
        self.ask(now_ms, command, About::Downloading(of_all, n))
    }

    fn ask(&mut self, now_ms: u64, command: Command, about: About) -> Option<String> {
        if self.asking.is_some() {
            return None;
        }
        self.tickets += 1;
        self.asking = Some(Asking { ticket: self.tickets, about });
        let said = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, self.tickets, command);
        Some(said)
    }

    fn send_file(&mut self, now_ms: u64, rng: &mut Rng, to: &Target) -> Option<String> {
        let id = self.id(now_ms, rng);
        let workload = self.workload.as_mut().filter(|workload| workload.upload.is_none())?;
        workload.upload = Some(Upload::new(id, to.clone(), rng));
        Some(format!("sends a file to {to}"))
    }

    /// Goes on with the upload, if it can. Whether it did.
    pub(crate) fn goes_on_uploading(&mut self, now_ms: u64) -> bool {
        let upload = self.workload.as_mut().and_then(|workload| workload.upload.as_mut());
        let (Some(upload), Some(session), true) = (upload, &mut self.session, self.follows) else {
            return false;
        };
        let step = upload.next(self.tickets + 1);
        if let Some(step) = step {
            self.tickets += 1;
            session.command(now_ms, self.tickets, Command::Transfer(step));
            return true;
        }
        false
    }

    /// A question of an upload was answered, maybe.
    pub(crate) fn transferred(&mut self, ticket: u64, outcome: &Result<Answer, Error>) -> Option<Shows> {
        let slot = &mut self.workload.as_mut()?.upload;
        let upload = slot.as_mut().filter(|upload| upload.waits_for(ticket))?;
        match upload.answered(outcome) {
            Progress::GoesOn => None,
            Progress::Refused => {
                *slot = None;
                None
            }
            Progress::Sent(n) => {
                let Upload { id, to, .. } = slot.take()?;
                Some(Shows::Done { id, conversation: Conversation::of(&self.account.user, &to), n })
            }
        }
    }
}
