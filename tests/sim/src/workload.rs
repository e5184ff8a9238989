//! The actions of varied runs: users edit, delete and react to messages, mention others, and send and read
//! files.

use std::collections::VecDeque;

use common::amendments::{Delete, Edit, Emoji, React};
use common::channels::RenameChannel;
use common::methods::{ChannelRename, MessageDelete, MessageEdit, MessageReact};
use common::{Body, ChannelName, Conversation, Error, Target};
use session::{Answer, Command, Entry, PlainRequest, Transfer};
use testkit::Rng;

use crate::client::{AnswerContent, OnAnswer, PendingCommand, SimClient};
use crate::upload::{Progress, Upload};

/// The maximum number of messages and files that a user can act on.
const SEEN_MAX: usize = 40;

/// The names that users give to channels. Several channels compete for them.
const LATER_NAMES: [&str; 5] = ["#general", "#ops", "#later", "#latest", "#último"];

/// Maximum bytes of one read of a file.
const READ_BYTES_MAX: u64 = 500;

/// The messages and files that a user has seen, and the running upload.
#[derive(Default)]
pub(crate) struct Workload {
    seen: VecDeque<SeenEvent>,
    /// The number of texts so far, including edits. Each text has its own number.
    texts: usize,
    upload: Option<Upload>,
}

/// A message or a file that was shown to the user.
#[derive(Clone)]
struct SeenEvent {
    conversation: Target,
    n: u64,
    is_own: bool,
    /// The length of the file; `None` for a message.
    bytes: Option<u64>,
}

impl Workload {
    pub(crate) fn next_text_number(&mut self) -> usize {
        self.texts += 1;
        self.texts
    }

    pub(crate) fn interrupt(&mut self) {
        self.upload.iter_mut().for_each(Upload::interrupt);
    }
}

impl SimClient {
    /// Remembers a message or file that was shown.
    pub(crate) fn remember_shown(&mut self, entry: &Entry) {
        let (Some(workload), Some(event)) = (&mut self.workload, &entry.event) else { return };
        let bytes = if let Body::File { file, .. } = &event.body { Some(file.bytes) } else { None };
        if bytes.is_none() && !matches!(event.body, Body::Message { .. }) {
            return;
        }
        if workload.seen.len() >= SEEN_MAX {
            workload.seen.pop_front();
        }
        let is_own = event.from == self.account.user;
        workload.seen.push_back(SeenEvent {
            conversation: entry.conversation.clone(),
            n: entry.n,
            is_own,
            bytes,
        });
    }

    /// The end of a message's text: a mention, or nothing.
    pub(crate) fn mention(&self, rng: &mut Rng) -> &'static str {
        if self.workload.is_some() && rng.per_mille(100) {
            return rng.pick(&[" @here", " @alice", " @bob", " (@carla)"]);
        }
        ""
    }

    /// With some probability, performs an action other than sending a message. Returns a description of the
    /// action for the trace.
    pub(crate) fn other_action(&mut self, now_ms: u64, rng: &mut Rng, to: &Target) -> Option<String> {
        self.workload.as_mut()?.upload.iter_mut().for_each(Upload::resume);
        match rng.below(100) {
            0..35 => self.amend(now_ms, rng),
            35..45 => self.read_file(now_ms, rng),
            45..55 => self.send_file(now_ms, rng, to),
            55..58 => self.rename(now_ms, rng, to),
            _ => None,
        }
    }

    fn amend(&mut self, now_ms: u64, rng: &mut Rng) -> Option<String> {
        let id = self.id(now_ms, rng);
        let workload = self.workload.as_mut().filter(|workload| !workload.seen.is_empty())?;
        let SeenEvent { conversation, n, is_own, .. } = workload.seen[rng.index(workload.seen.len())].clone();
        let of_all = Conversation::of(&self.account.user, &conversation);
        let request = match rng.below(10) {
            0..4 if is_own => {
                let text = format!("{} of {}, an edit", workload.next_text_number(), self.account.user);
                let text = testkit::text(text);
                PlainRequest::of::<MessageEdit>(|token| Edit { token, conversation, n, id, text })
            }
            4..6 if is_own => {
                PlainRequest::of::<MessageDelete>(|token| Delete { token, conversation, n, id })
            }
            roll => {
                let emoji = Emoji::new(rng.pick(&["👍", "🎉"])).expect("an emoji");
                let remove = roll == 9;
                PlainRequest::of::<MessageReact>(|token| React { token, conversation, n, id, emoji, remove })
            }
        };
        self.command(now_ms, Command::Request(request), OnAnswer::NoteAmendment(id, of_all))
    }

    /// Renames the channel `to`. Users who are not owners are refused.
    fn rename(&mut self, now_ms: u64, rng: &mut Rng, to: &Target) -> Option<String> {
        let Target::Channel(channel) = to.clone() else { return None };
        let channel = self.maybe_later_name(rng, channel);
        let new_name = testkit::channel(rng.pick(&LATER_NAMES));
        let request = PlainRequest::of::<ChannelRename>(|token| RenameChannel { token, channel, new_name });
        self.command(now_ms, Command::Request(request), OnAnswer::Ignore)
    }

    /// In varied runs, with some probability a later name, which may lead to any channel.
    pub(crate) fn maybe_later_name(&self, rng: &mut Rng, channel: ChannelName) -> ChannelName {
        if self.workload.is_some() && rng.per_mille(200) {
            return testkit::channel(rng.pick(&LATER_NAMES));
        }
        channel
    }

    /// The conversation to which a message to `to` is sent, as far as the client knows the names of channels.
    pub(crate) fn known_conversation(&self, to: &Target) -> Conversation {
        let known = self.session.as_ref().map(|session| session.channel_names().first_of(to.clone()));
        Conversation::of(self.user(), known.as_ref().unwrap_or(to))
    }

    fn read_file(&mut self, now_ms: u64, rng: &mut Rng) -> Option<String> {
        let files =
            self.workload.as_ref()?.seen.iter().filter(|seen| seen.bytes.is_some_and(|bytes| bytes > 0));
        let files: Vec<_> = files.cloned().collect();
        let SeenEvent { conversation, n, bytes, .. } = files.get(rng.index(files.len()))?.clone();
        let (offset, length) = (rng.below(bytes?), rng.between(1, READ_BYTES_MAX));
        let of_all = Conversation::of(&self.account.user, &conversation);
        let command = Command::Transfer(Transfer::Get { conversation, n, offset, length });
        self.command(now_ms, command, OnAnswer::CheckBytes(of_all, n))
    }

    fn command(&mut self, now_ms: u64, command: Command, on_answer: OnAnswer) -> Option<String> {
        if self.pending.is_some() {
            return None;
        }
        self.tickets += 1;
        self.pending = Some(PendingCommand { ticket: self.tickets, on_answer });
        let description = format!("{command:?}");
        self.session.as_mut()?.command(now_ms, self.tickets, command);
        Some(description)
    }

    fn send_file(&mut self, now_ms: u64, rng: &mut Rng, to: &Target) -> Option<String> {
        let id = self.id(now_ms, rng);
        let workload = self.workload.as_mut().filter(|workload| workload.upload.is_none())?;
        workload.upload = Some(Upload::new(id, to.clone(), rng));
        Some(format!("sends a file to {to}"))
    }

    /// Sends the next step of the upload if it is ready. Returns whether a step was sent.
    pub(crate) fn continue_upload(&mut self, now_ms: u64) -> bool {
        let upload = self.workload.as_mut().and_then(|workload| workload.upload.as_mut());
        let (Some(upload), Some(session), true) = (upload, &mut self.session, self.follows) else {
            return false;
        };
        let step = upload.next(self.tickets + 1);
        if let Some(step) = step {
            self.tickets += 1;
            session.command(now_ms, self.tickets, step);
            return true;
        }
        false
    }

    /// Handles an answer if the upload is waiting for it.
    pub(crate) fn upload_answered(
        &mut self,
        ticket: u64,
        outcome: &Result<Answer, Error>,
    ) -> Option<AnswerContent> {
        let running = &mut self.workload.as_mut()?.upload;
        let upload = running.as_mut().filter(|upload| upload.waits_for(ticket))?;
        match upload.answered(outcome) {
            Progress::Continues => None,
            Progress::Refused => {
                *running = None;
                None
            }
            Progress::Sent(n) => {
                let Upload { id, to, .. } = running.take()?;
                Some(AnswerContent::Amended {
                    id,
                    conversation: Conversation::of(&self.account.user, &to),
                    n,
                })
            }
        }
    }
}
