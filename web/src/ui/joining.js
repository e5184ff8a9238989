// Joins channels and declines invitations, which the list of conversations needs at the start.

/** @typedef {import("./app.js").App} App */

/** @param {App} app @param {string} channel */
export function join(app, channel) {
  return app.try(async () => {
    await app.client.command({ kind: "join", channel });
    app.model.conversation(channel).role ??= "member";
    await Promise.all([app.model.loadChannels(), app.model.loadInvitations()]);
    await app.go(channel);
  });
}

/** @param {App} app @param {string} channel */
export function decline(app, channel) {
  return app.try(async () => {
    await app.client.request("channel.decline", { channel });
    await app.model.loadInvitations();
  });
}
