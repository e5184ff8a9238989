// Builds DOM nodes. No function of the page takes HTML: a text is always a text node.

/**
 * Creates an element. `attributes`: `class`, ARIA and other attributes; a function is a listener (`onclick`);
 * true is an empty attribute; false and null are left out, except in ARIA.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    const isAria = name.startsWith("aria-") && typeof value === "boolean";
    if ((value === false && !isAria) || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true && !isAria ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {(Node | string | null | undefined | false)[]} children */
export function append(element, children) {
  for (const child of children) if (child || child === "") element.append(child);
}

/**
 * Replaces the children of an element.
 * @param {Element} element
 * @param {...(Node | string | null | false)} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

const SVG = "http://www.w3.org/2000/svg";

/** The lines of each icon, in a box of 24 by 24. */
const ICONS = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  bell_mentions: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4M12 9v3M12 15h.01",
  bell_none: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4M4 3l17 19",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v10H9zM5 15V5h10",
  down: "M12 5v14M6 13l6 6 6-6",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  file: "M6 3h8l4 4v14H6zM14 3v5h4",
  lock: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M4.4 12a.6.6 0 1 0 1.2 0a.6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0a.6.6 0 1 0-1.2 0M18.4 12a.6.6 0 1 0 1.2 0a.6.6 0 1 0-1.2 0",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20a6 6 0 0 1 12 0M16 5a3 3 0 0 1 0 6M17 14a6 6 0 0 1 4 6",
  react: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 10h.01M15 10h.01M8 14a5 5 0 0 0 8 0",
  reply: "M10 8L4 13l6 5M4 13h9a7 7 0 0 1 7 6",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
  send: "M4 12l16-8-6 16-3-7z",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button that shows an icon. Its label is the name for screen readers and the tooltip.
 * @param {keyof typeof ICONS} name @param {string} label @param {(event: MouseEvent) => void} action
 */
export function iconButton(name, label, action, className = "") {
  return h("button", {
    type: "button", class: `icon-button ${className}`, "aria-label": label, title: label, onclick: action,
  }, icon(name));
}

/** A modal dialog with a title and a close button. It is removed when it closes.
 * @param {string} title @param {string} closeLabel @param {...Node} children */
export function openDialog(title, closeLabel, ...children) {
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id },
    h("header", { class: "dialog-head" },
      h("h2", { id }, title),
      iconButton("close", closeLabel, () => dialog.close())),
    h("div", { class: "dialog-body" }, ...children));
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    const notices = dialog.querySelector(".notices");
    if (notices) document.querySelector("papo-app")?.append(notices);
    dialog.remove();
    // The browser has focused the opener, but its selection is still in the dialog, and keys would write
    // nothing.
    const focused = document.activeElement instanceof HTMLElement && document.activeElement !== document.body ? document.activeElement : opener;
    if (!(focused instanceof HTMLElement) || !focused.isConnected) return;
    focused.blur();
    focused.focus();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
