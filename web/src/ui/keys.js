// The keys that work everywhere in the chat. The list of messages and the field have their own.

/** @typedef {import("./app.js").App} App */

/** @param {App} app */
export function listenToKeys(app) {
  document.addEventListener("keydown", (event) => {
    const action = event.isComposing ? null : actionOf(app, event);
    if (action) {
      event.preventDefault();
      action();
    } else if (isTextOutsideFields(event)) {
      // The browser inserts the text where the focus is after this event.
      app.focusComposer();
    }
  });
}

/** @param {App} app @param {KeyboardEvent} event @returns {(() => unknown) | null} */
function actionOf(app, event) {
  const control = (event.ctrlKey || event.metaKey) && !event.altKey;
  const key = event.key.toLowerCase();
  const isTyping = event.target instanceof HTMLElement && event.target.closest("input, textarea, dialog");
  if (control && key === "k") return () => app.openSwitcher();
  if (control && key === "f" && !event.shiftKey) return () => app.openSearch("");
  if (control && key === "/") return () => app.openKeys();
  if (event.key === "?" && !isTyping && app.settings.letterKeys !== false) return () => app.openKeys();
  if (event.key === "F6") return () => nextRegion(app, event.shiftKey);
  if (event.altKey && event.key === "ArrowUp") return () => stepConversation(app, -1, event.shiftKey);
  if (event.altKey && event.key === "ArrowDown") return () => stepConversation(app, 1, event.shiftKey);
  if (event.shiftKey && event.key === "Escape") return async () => (await import("./read_all.js")).markAllRead(app);
  if (event.key === "Escape" && !app.details.hidden && !isTyping && !document.querySelector("dialog[open]")) return () => app.closeDetails();
  return null;
}

/**
 * Whether the user types or pastes text while no field has the focus, for example after a click on the title. The
 * space bar is excluded, because it presses buttons and scrolls.
 * @param {KeyboardEvent} event
 */
function isTextOutsideFields(event) {
  const { altKey, ctrlKey, defaultPrevented, key, metaKey, target } = event;
  const isShortcut = (altKey || ctrlKey || metaKey) && !event.getModifierState("AltGraph");
  const isPaste = (ctrlKey || metaKey) && !altKey && key.toLowerCase() === "v";
  const isText = ([...key].length === 1 && key !== " ") || key === "Dead" || key === "Process";
  const field = target instanceof Element && target.closest("input, textarea, select, dialog");
  return (isPaste || (isText && !isShortcut)) && !defaultPrevented && !field;
}

/**
 * Moves the focus between conversations, messages, field and details.
 * @param {App} app @param {boolean} isBack
 */
function nextRegion(app, isBack) {
  const { sidebar, timeline, composer, details } = app;
  const open = /** @type {HTMLElement | null} */ (sidebar.querySelector("[aria-current]") ?? sidebar.querySelector("a, button"));
  const regions = [
    { node: sidebar, focus: () => open?.focus() },
    { node: timeline, focus: () => timeline.focusLog() },
    { node: composer, focus: () => app.focusComposer() },
    { node: details, focus: () => /** @type {HTMLElement | null} */ (details.querySelector("button, input, a"))?.focus() },
  ].filter(({ node }) => !node.hidden);
  const at = regions.findIndex(({ node }) => node.contains(document.activeElement));
  regions[(at + (isBack ? regions.length - 1 : 1)) % regions.length]?.focus();
}

/** Opens the next unread conversation. @param {App} app */
export function nextUnread(app) {
  stepConversation(app, 1, true);
}

/**
 * Opens the next conversation of the list, or the next unread one.
 * @param {App} app @param {number} direction @param {boolean} onlyUnread
 */
function stepConversation(app, direction, onlyUnread) {
  const links = [...app.sidebar.querySelectorAll("a.item")];
  const at = links.findIndex((link) => link.getAttribute("aria-current"));
  const order = links.map((_, i) => links[(at + direction * (i + 1) + links.length * 2) % links.length]);
  const next = order.find((link) => !onlyUnread || link?.classList.contains("has-unread"));
  const name = next instanceof HTMLElement ? next.dataset.name : undefined;
  if (name) app.go(name);
}
