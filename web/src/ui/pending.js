// A message of the user that waits, or that the server refused.

import { errorText, t } from "../i18n/index.js";
import { h } from "./dom.js";
import { takeBack } from "./messages.js";
import { visible } from "./text.js";

/** @import { Pending } from "./model.js" */

/** @param {import("./app.js").App} app @param {Pending} pending */
export function pendingNode(app, { message, state, error }) {
  const isRefused = state === "refused";
  const button = (/** @type {string} */ label, /** @type {() => void} */ run) =>
    isRefused && h("button", { type: "button", class: "link-button", onclick: run }, label);
  return h("div", { class: `row is-pending is-${state}`, "data-id": message.id },
    h("div", { class: "message" },
      h("span", { class: "avatar is-empty" }),
      h("div", { class: "message-main" },
        h("div", { class: "body" }, h("div", { class: "text", dir: "auto" }, h("p", {}, ...visible(message.text)))),
        h("p", { class: "pending-state" }, t(state), isRefused ? `: ${errorText(error)} ` : "",
          button(t("try_again"), () => app.model.resend(message.id)),
          button(t("edit"), () => takeBack(app, message)),
          button(t("discard"), () => app.model.discard(message.id))))));
}
