// A web link to a file: everybody who has the link can download the file, until the link expires.

import { t } from "../i18n/index.js";
import { copyText } from "./text.js";
import { fullTime } from "./time.js";

/** Makes a link to the file of an event of the open conversation, and copies it. @param {import("./app.js").App} app @param {number} n */
export function copyFileLink(app, n) {
  return app.try(async () => {
    const { path, expires } = await app.client.request("file.link", { conversation: app.here(), n });
    await copyText(`${location.origin}${path}`);
    app.notify(t("file_link_copied", { when: fullTime(expires) }));
  });
}
