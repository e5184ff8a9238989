// The types of the session core: commands, answers, news and effects. They mirror session/src/api.rs.
//
// A conversation is the string that a user writes: "#channel", "@user" or "*". Numbers are below 2^53. An
// absent value is null or an absent field. Times are milliseconds.

/** A conversation: "#channel", "@user" or "*". */
export type Target = string;

/** "none": no message notifies the user. "mentions": only mentions. "all": mentions and direct messages. */
export type Level = "none" | "mentions" | "all";

export type State = "offline" | "away" | "online";

/** The login of a user. `token` is null if it is in a cookie of the browser. */
export interface Account {
  user: string;
  token: string | null;
  topic: string;
  expires: number;
}

export interface Message {
  to: Target;
  /** A UUID of version 7. It makes retries safe. */
  id: string;
  text: string;
  /** The number of the event that the message replies to. */
  reply: number | null;
}

export type Follow = { kind: "everything" } | { kind: "one"; conversation: Target; after: number | null };

/** "atKeyboard": online while the user types keys, away 10 minutes after the last key. */
export type PresenceMode = "atKeyboard" | "always" | "away";

export type Transfer =
  | { kind: "chunk"; file: string; offset: number; bytes: Uint8Array }
  | { kind: "get"; conversation: Target; n: number; offset: number; length: number };

export type Command =
  | { kind: "register"; user: string; password: string; code?: string | null }
  | { kind: "reset"; user: string; code: string; newPassword: string }
  | { kind: "login"; user: string; password: string }
  /** Continue a session of an earlier run. */
  | { kind: "restore"; account: Account }
  | { kind: "logout" }
  | { kind: "changePassword"; password: string; newPassword: string }
  /** End one session of the user, or all sessions except this one. */
  | { kind: "revoke"; session: string | null }
  | { kind: "ping" }
  | { kind: "status" }
  /** Follow conversations: after the answer, each new event is emitted as news of the kind "entry". */
  | { kind: "follow"; follow: Follow }
  | { kind: "create"; channel: string; private: boolean }
  | { kind: "join"; channel: string }
  | { kind: "leave"; channel: string }
  /** Emit the first unread page of a conversation, or its newest page, as news of the kind "opened". */
  | { kind: "open"; conversation: Target }
  /** Emit the next page of the open conversation. */
  | { kind: "nextPage"; conversation: Target }
  | { kind: "listBlocks" }
  | { kind: "listLevels" }
  /** List the unread counts of all conversations, and keep them current. */
  | { kind: "listReads" }
  | { kind: "markRead"; conversation: Target; n: number }
  | { kind: "setPresence"; mode: PresenceMode }
  /** Report a keystroke. `to` is null if the line is not a message. No answer. */
  | { kind: "keyTyped"; to: Target | null }
  /** Send a message. News of the kind "sent" reports the outcome. No answer. */
  | { kind: "send"; message: Message }
  | { kind: "transfer"; transfer: Transfer }
  /** Send any other request; `params` has no token. The core sends the members of `params` sorted by name. */
  | { kind: "request"; method: string; params: Record<string, unknown> };

/** An error as the protocol has it: `error` of a reply. */
export interface ProtocolError {
  code: number;
  message: string;
  data: {
    reason: string;
    detail?: string;
    args?: Record<string, unknown>;
    wait_ms?: number;
    have?: number;
  };
}

/** The later names of a channel: its current name, if that is not the first, and its other former names. */
export interface LaterNames {
  name?: string | undefined;
  former_names?: string[] | undefined;
}

export type Outcome<T> = { ok: T } | { error: ProtocolError };

/** The read mark and the unread count of a conversation. */
export interface Reading {
  conversation: Target;
  n: number;
  head: number;
  unread: number;
  mentions: number;
}

export type Answer =
  | { kind: "done" }
  | { kind: "registered"; user: string; administrator: boolean }
  | { kind: "loggedIn"; account: Account }
  | ({ kind: "joined"; channel: string; topic: string; n: number } & LaterNames)
  | { kind: "sessionsEnded"; count: number }
  | { kind: "status"; status: Status }
  | { kind: "reads"; readings: Reading[] }
  | { kind: "blocks"; users: string[] }
  | { kind: "unread"; count: number }
  | { kind: "have"; bytes: number }
  | { kind: "part"; offset: number; bytes: Uint8Array }
  | { kind: "result"; result: any };

/** "connecting": no reply yet. "reconnecting": a reply is overdue for less than 30 s. */
export type Connectivity = "connecting" | "connected" | "reconnecting" | "offline";

export interface StatusSummary {
  connectivity: Connectivity;
  /** Messages in the outbox. */
  waiting: number;
  /** Messages in the outbox that the core has reported as "delayed" or "outboxLoaded". */
  delayed: number;
  /** Unread messages in all conversations except the open one. */
  unread: number;
}

export interface Status {
  endpoint: number;
  summary: StatusSummary;
  /** Complete up to `shown`; the newest known event is `head`. */
  conversations: { conversation: Target; shown: number; head: number }[];
}

/** A decoded event. Each kind has the fields of docs/PROTOCOL.md, "Events". An unknown kind is "unknown". */
export interface PapoEvent {
  n: number;
  at: number;
  to: Target;
  from: string;
  kind: string;
  id?: string;
  of?: number;
  text?: string;
  reply?: number;
  /** The hook that posted the message, and the name that the sender of the post gave itself. */
  via?: { hook: string; username?: string };
  /** The command of a bot that the message runs. */
  command?: { bot: string; name: string };
  emoji?: string;
  /** The text of this message or edit was deleted. `text` is then "". */
  deleted?: boolean;
  user?: string;
  role?: "member" | "moderator" | "owner";
  subject?: string;
  private?: boolean;
  archived?: boolean;
  new_name?: string;
  name?: string;
  bytes?: number;
  sha256?: string;
}

/** The fields that a page of history adds to an amended message. */
export interface Amended {
  edited?: number;
  reactions?: { emoji: string; users: string[] }[];
  edits?: { at: number; text: string }[];
}

export interface Entry {
  conversation: Target;
  n: number;
  /** The line as it was received. */
  line: string;
  /** null if the fields of its kind are invalid: show only its number. */
  event: PapoEvent | null;
  amended: Amended | null;
  /** A blocked user sent the event: show its number, but not its text. */
  isHidden: boolean;
  level: Level;
}

export type News =
  /** The next event of a conversation: each is emitted once, in order, without a gap. */
  | { kind: "entry"; entry: Entry }
  /** A page of the conversation that the user opened. `more` events follow: "nextPage" requests them. */
  | { kind: "opened"; conversation: Target; entries: Entry[]; unread: number; more: number }
  /** The later names of a channel changed. All other news identify the channel by its first name. */
  | { kind: "named"; channel: string; names: LaterNames }
  | { kind: "read"; reading: Reading }
  | { kind: "invited"; entry: Entry }
  | { kind: "membershipEnded"; entry: Entry }
  | { kind: "outboxLoaded"; messages: Message[] }
  | { kind: "delayed"; message: Message }
  /** The server has stored a message, or refused it. `entryFollows`: news of the kind "entry" follows. */
  | { kind: "sent"; message: Message; outcome: Outcome<Entry>; entryFollows: boolean }
  | { kind: "presence"; user: string; state: State }
  | { kind: "typing"; users: string[] }
  | { kind: "statusSummary"; summary: StatusSummary }
  | { kind: "connectionLost" }
  | { kind: "connectionRestored" }
  /** The server has an older state than before: discard all events. */
  | { kind: "rolledBack" }
  | { kind: "sessionEnded"; error: ProtocolError };

export type Effect =
  | { kind: "send"; id: number; line: string }
  | { kind: "sendAlone"; id: number; line: string; bytes: Uint8Array | null }
  | { kind: "useEndpoint"; index: number }
  | { kind: "connect"; endpoint: string }
  | { kind: "subscribe"; topic: string }
  | { kind: "unsubscribe"; topic: string }
  | { kind: "answer"; ticket: number; outcome: Outcome<Answer> }
  | { kind: "loadOutbox"; user: string }
  | { kind: "persist"; message: Message }
  | { kind: "forget"; id: string }
  | { kind: "news"; news: News };

/** The length and the limit of a queue. */
export interface Queue {
  name: string;
  length: number;
  lengthMax: number;
}
