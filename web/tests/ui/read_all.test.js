// Shift+Esc: the marks move to the numbers of that moment, and "undo" keeps what arrived since.

import assert from "node:assert/strict";
import { test } from "node:test";
import { markAllRead } from "../../src/ui/read_all.js";

/** An app with two unread messages in #a, whose head is 7. */
function appWithUnread() {
  const conversation = { name: "#a", head: 7, unread: 2, mentions: 1 };
  const commands = [];
  const app = {
    model: { conversations: new Map([["#a", conversation]]), emit: () => {} },
    client: { command: async (command) => { commands.push(command); } },
    notify: (_sentence, _isProblem, action) => { app.undo = action.run; },
  };
  return { app, conversation, commands };
}

test("a message that arrives after Shift+Esc is not marked as read", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { app, conversation, commands } = appWithUnread();
  markAllRead(app);
  assert.deepEqual([conversation.unread, conversation.mentions], [0, 0]);
  Object.assign(conversation, { head: 8, unread: 1 });
  context.mock.timers.tick(6000);
  assert.deepEqual(commands, [{ kind: "markRead", conversation: "#a", n: 7 }]);
});

test("undo adds the counts of messages that arrived since", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { app, conversation, commands } = appWithUnread();
  markAllRead(app);
  conversation.unread += 1;
  app.undo();
  context.mock.timers.tick(6000);
  assert.deepEqual([conversation.unread, conversation.mentions, commands], [3, 1, []]);
});
