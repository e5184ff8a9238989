// Files that a user chooses, pastes, or drags onto the page.

import { later } from "./later.js";

/** @typedef {import("./app.js").App} App */

/** Sends files to the open conversation. @param {App} app @param {File[]} files */
export async function sendFiles(app, files) {
  const to = app.model.open;
  if (!to || !files.length) return;
  const { Uploads } = await import("./uploads.js");
  const prepare = async (/** @type {File} */ file) => isJpeg(file) ? (await later(import("./exif.js"))).preparePicture(app, file) : file;
  app.uploads ??= new Uploads(app.sessionSlot, () => app.composer.drawUploads(app.uploads?.list ?? []), prepare);
  app.uploads.add(to, files);
}

const isJpeg = (/** @type {File} */ file) => file.type === "image/jpeg" || /\.jpe?g$/i.test(file.name);

/** @param {App} app */
export function listenToDrops(app) {
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files") || !app.model.open) return;
    event.preventDefault();
    app.main.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) app.main.classList.remove("is-dropping");
  });
  document.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer?.files ?? []];
    app.main.classList.remove("is-dropping");
    if (!files.length) return;
    event.preventDefault();
    sendFiles(app, files);
  });
}
