// What users change about their own account.

import { t } from "../i18n/index.js";
import { linkTo } from "./address.js";

/**
 * Logs out, and deletes everything of the user in this browser, also drafts and unsent messages.
 * @param {import("./app.js").App} app
 */
export async function logOutAndDelete(app) {
  const { confirmDialog } = await import("./dialogs.js");
  const count = app.model.pending.size;
  const question = count ? t("delete_unsent_question", { count }) : t("delete_all_question");
  if (await confirmDialog(question, t("log_out_and_delete"))) app.logOut(true);
}

/**
 * An invitation link is for people without an account. The address of the open conversation comes back.
 * @param {import("./app.js").App} app @param {string} code
 */
export function refuseInvitation(app, code) {
  history.replaceState(null, "", app.model.open ? linkTo(app.model.open) : location.pathname);
  app.notify(t("has_account"), false, { label: t("create_account"), run: () => location.assign(`/?new#join=${code}`) });
}

/**
 * Sets the display name of the user; an empty one removes it.
 * @param {import("./app.js").App} app @param {string} name
 */
export function setDisplayName(app, name) {
  return app.try(async () => {
    await app.client.request("user.set", { display_name: name });
    await app.model.loadUsers();
    app.notify(name ? t("name_set", { name }) : t("name_removed"));
  });
}
