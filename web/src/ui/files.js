// Files that a user chooses, pastes, or drags onto the page.

/** @typedef {import("./app.js").App} App */

/** Sends files to the open conversation. @param {App} app @param {File[]} files */
export function sendFiles(app, files) {
  if (app.model.open && files.length) app.uploads?.add(app.model.open, files);
}

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
