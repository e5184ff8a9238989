//! Effects as JSON, as the JavaScript core has them (`web/src/core/api.d.ts`).

use common::Error;
use common::hex::to_hex;
use serde_json::{Value, json};

use super::commands::{message, tagged};
use crate::{Answer, Connectivity, Effect, Entry, News, Progress, Status, StatusSummary};

pub(super) fn effect(effect: &Effect) -> Value {
    match effect {
        Effect::Send { id, line } => json!({ "kind": "send", "id": id, "line": super::text(line) }),
        Effect::SendAlone { id, line, bytes } => {
            let bytes = bytes.as_ref().map(|bytes| to_hex(bytes));
            json!({ "kind": "sendAlone", "id": id, "line": super::text(line), "bytes": bytes })
        }
        Effect::UseEndpoint(index) => json!({ "kind": "useEndpoint", "index": index }),
        Effect::Connect(endpoint) => json!({ "kind": "connect", "endpoint": endpoint }),
        Effect::Subscribe(topic) => json!({ "kind": "subscribe", "topic": topic }),
        Effect::Unsubscribe(topic) => json!({ "kind": "unsubscribe", "topic": topic }),
        Effect::Answer { ticket, outcome } => {
            json!({ "kind": "answer", "ticket": ticket, "outcome": result(outcome, answer) })
        }
        Effect::LoadOutbox(user) => json!({ "kind": "loadOutbox", "user": user }),
        Effect::Persist(persisted) => json!({ "kind": "persist", "message": message(persisted) }),
        Effect::Forget(id) => json!({ "kind": "forget", "id": id }),
        Effect::News(of) => json!({ "kind": "news", "news": news(of) }),
    }
}

fn result<T>(outcome: &Result<T, Error>, ok: impl FnOnce(&T) -> Value) -> Value {
    match outcome {
        Ok(value) => json!({ "ok": ok(value) }),
        Err(error) => json!({ "error": error }),
    }
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Done => json!({ "kind": "done" }),
        Answer::Registered(registered) => {
            let (user, administrator) = (&registered.user, registered.administrator);
            json!({ "kind": "registered", "user": user, "administrator": administrator })
        }
        Answer::LoggedIn(account) => json!({ "kind": "loggedIn", "account": account }),
        Answer::Joined(joined) => tagged("joined", json!(joined)),
        Answer::SessionsEnded(count) => json!({ "kind": "sessionsEnded", "count": count }),
        Answer::Status(of) => json!({ "kind": "status", "status": status(of) }),
        Answer::Reads(readings) => json!({ "kind": "reads", "readings": readings }),
        Answer::Blocks(blocks) => json!({ "kind": "blocks", "users": blocks.users() }),
        Answer::Unread(count) => json!({ "kind": "unread", "count": count }),
        Answer::Have(bytes) => json!({ "kind": "have", "bytes": bytes }),
        Answer::Part(offset, bytes) => json!({ "kind": "part", "offset": offset, "bytes": to_hex(bytes) }),
        Answer::Result(result) => {
            let result: Value = serde_json::from_str(result).unwrap_or_default();
            json!({ "kind": "result", "result": result })
        }
    }
}

fn status(status: &Status) -> Value {
    let progress = |Progress { conversation, shown, head }: &Progress| json!({ "conversation": conversation, "shown": shown, "head": head });
    let conversations: Vec<_> = status.conversations.iter().map(progress).collect();
    let summary = summary(&status.summary);
    json!({ "endpoint": status.endpoint, "summary": summary, "conversations": conversations })
}

fn summary(summary: &StatusSummary) -> Value {
    let StatusSummary { connectivity, waiting, delayed, unread } = summary;
    let connectivity = match connectivity {
        Connectivity::Connecting => "connecting",
        Connectivity::Connected => "connected",
        Connectivity::Reconnecting => "reconnecting",
        Connectivity::Offline => "offline",
    };
    json!({ "connectivity": connectivity, "waiting": waiting, "delayed": delayed, "unread": unread })
}

fn news(news: &News) -> Value {
    match news {
        News::Entry(of) => json!({ "kind": "entry", "entry": entry(of) }),
        News::Opened { conversation, entries, unread, more } => {
            let entries: Vec<_> = entries.iter().map(entry).collect();
            json!({
                "kind": "opened", "conversation": conversation, "entries": entries, "unread": unread, "more": more
            })
        }
        News::Named { channel, names } => json!({ "kind": "named", "channel": channel, "names": names }),
        News::Read(reading) => json!({ "kind": "read", "reading": reading }),
        News::Invited(of) => json!({ "kind": "invited", "entry": entry(of) }),
        News::MembershipEnded(of) => json!({ "kind": "membershipEnded", "entry": entry(of) }),
        News::OutboxLoaded(messages) => {
            let messages: Vec<_> = messages.iter().map(message).collect();
            json!({ "kind": "outboxLoaded", "messages": messages })
        }
        News::Delayed(delayed) => json!({ "kind": "delayed", "message": message(delayed) }),
        News::Sent { message: sent, outcome, entry_follows } => json!({
            "kind": "sent", "message": message(sent), "outcome": result(outcome, entry),
            "entryFollows": entry_follows
        }),
        News::Presence(change) => tagged("presence", json!(change)),
        News::Typing(users) => json!({ "kind": "typing", "users": users }),
        News::StatusSummary(of) => json!({ "kind": "statusSummary", "summary": summary(of) }),
        News::ConnectionLost => json!({ "kind": "connectionLost" }),
        News::ConnectionRestored => json!({ "kind": "connectionRestored" }),
        News::RolledBack => json!({ "kind": "rolledBack" }),
        News::SessionEnded(error) => json!({ "kind": "sessionEnded", "error": error }),
    }
}

fn entry(entry: &Entry) -> Value {
    let Entry { conversation, n, line, event, amended, is_hidden, level } = entry;
    let event: Option<Value> =
        event.as_ref().map(|event| serde_json::from_str(&event.to_line()).unwrap_or_default());
    json!({
        "conversation": conversation, "n": n, "line": **line, "event": event, "amended": amended,
        "isHidden": is_hidden, "level": level
    })
}
