// <papo-composer>: the text field, replies and edits, drafts, completion, and the files that are being sent.

import { t } from "../i18n/index.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { sendFiles } from "./files.js";
import { edit, editLast, isCommand, loadCommands, submit } from "./messages.js";
import { conversationName, isNamed } from "./names.js";
import { statusText } from "./status.js";
import { plainLine, visible } from "./text.js";
import { sizeText } from "./time.js";

/** @import { Row } from "./rows.js" */
/** @import { Model } from "./model.js" */
/** @typedef {{kind: "reply" | "edit", row: Row, draft: string}} Context */

/** A draft is stored this time after the last key. */
const DRAFT_MS = 300;
const CHOICES_MAX = 8;
/** Whether the browser gives a field the height of its text. */
const SIZES_ITSELF = CSS.supports("field-sizing", "content");
/** After a key, a draft of another tab does not replace the text for this time. */
const TYPING_MS = 2000;

export class Composer extends HTMLElement {
  /** @type {Model} */ model = /** @type {any} */ (null);
  /** @type {import("./app.js").App} */ app = /** @type {any} */ (null);
  /** @type {string | null} */ conversation = null;
  /** @type {Context | null} */ context = null;
  /** @type {{start: number, items: {value: string, label: string}[], at: number} | null} */ choices = null;
  /** The number of completions that have begun. */ completions = 0;
  #draftTimer = 0;

  connectedCallback() {
    if (this.firstChild) return;
    this.contextBar = h("div", { class: "composer-context", hidden: true });
    this.files = h("ul", { class: "uploads", "aria-label": t("files_being_sent") });
    this.list = h("ul", { class: "choices", role: "listbox", id: "choices", "aria-label": t("suggestions"), hidden: true });
    this.input = h("textarea", {
      id: "composer", rows: "1", dir: "auto", enterkeyhint: "send", "aria-autocomplete": "list", "aria-controls": "choices", "aria-label": t("write_message"),
    });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
    this.typingText = h("span", { class: "typing" });
    this.statusText = h("span", { class: "status" });
    this.foot = h("div", { class: "composer-foot" }, this.typingText, this.statusText);
    this.append(this.list, this.contextBar, this.files,
      h("div", { class: "composer-row" },
        iconButton("add", t("attach"), () => this.picker.click()), this.picker, this.input,
        iconButton("react", t("emoji"), () => this.app.openEmoji()),
        iconButton("send", t("send"), () => this.submit(), "send")),
      this.foot);
    this.input.addEventListener("input", () => this.#changed());
    this.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.input.addEventListener("blur", () => { this.#close(); this.saveDraft(); });
    this.input.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => this.#paste(event));
    this.picker.addEventListener("change", () => {
      sendFiles(this.app, [...this.picker.files]);
      this.picker.value = "";
    });
    window.addEventListener("pagehide", () => this.saveDraft());
    for (const type of ["typing", "status", "pending", "window"]) this.model.on(type, () => this.drawFoot());
  }

  /** Changes the conversation, and brings its draft back. @param {string} conversation */
  async setConversation(conversation) {
    // A text that was typed before the first conversation opened stays.
    const typed = this.conversation === null ? this.input.value : "";
    this.saveDraft();
    this.conversation = conversation;
    this.#setContext(null);
    this.input.placeholder = t("message_to", { conversation: conversationName(conversation) });
    this.#setText(typed);
    const draft = await this.app.client.drafts.get(conversation);
    if (this.conversation === conversation && draft && !this.input.value) this.#setText(draft);
    this.drawFoot();
  }

  /** A draft of another tab. @param {string} conversation @param {string} text */
  takeDraft(conversation, text) {
    if (conversation !== this.conversation || this.context?.kind === "edit") return;
    // The text that the user types here now is newer.
    if (this.isDirty || Date.now() - this.typedAt < TYPING_MS) return;
    this.#setText(text);
  }

  /** @param {string} text */
  #setText(text) {
    this.input.value = text;
    this.#resize();
  }

  /** The promise is fulfilled when the draft is stored. */
  saveDraft() {
    window.clearTimeout(this.#draftTimer);
    this.#draftTimer = 0;
    if (!this.conversation || !this.isDirty) return this.#saved;
    this.isDirty = false;
    const text = this.context?.kind === "edit" ? this.context.draft : this.input.value;
    this.#saved = this.app.client.drafts.set(this.conversation, text).catch(() => {});
    return this.#saved;
  }
  /** @type {Promise<unknown>} */ #saved = Promise.resolve();
  isDirty = false;
  typedAt = 0;

  #changed() {
    this.#resize();
    this.isDirty = true;
    this.typedAt = Date.now();
    if (!this.#draftTimer) this.#draftTimer = window.setTimeout(() => this.saveDraft(), DRAFT_MS);
    const isMessage = this.input.value && !isCommand(this.input.value) && this.context?.kind !== "edit";
    this.app.client.keyTyped(isMessage ? this.conversation : null);
    this.#complete();
  }

  #resize() {
    if (SIZES_ITSELF) return;
    this.input.rows = Math.min(8, this.input.value.split("\n").length);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // Keys of an input method belong to it: Enter chooses a candidate.
    if (event.isComposing || event.keyCode === 229) return;
    if (this.choices && this.#choiceKey(event)) return event.preventDefault();
    const sends = event.ctrlKey || event.metaKey || this.app.settings.enterSends !== false;
    if (event.key === "Enter" && sends && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && !this.input.value && !event.altKey) {
      event.preventDefault();
      editLast(this.app);
    } else if (event.key === "Escape" && this.context) {
      event.preventDefault();
      event.stopPropagation();
      this.cancel();
    }
  }

  submit() {
    const text = this.input.value;
    if (!text.trim()) return;
    this.#close();
    const context = this.context;
    if (context?.kind === "edit") edit(this.app, context.row, text);
    else if (isCommand(text)) return this.#runCommand(text);
    // The text leaves the field only when the outbox has it.
    else if (!submit(this.app, text, context?.row.n ?? null)) return;
    this.#leave(context?.kind === "edit" ? context.draft : "");
  }

  /** The text was sent. @param {string} rest the text that is in the field now */
  #leave(rest) {
    this.#setText(rest);
    this.#setContext(null);
    this.isDirty = true;
    this.saveDraft();
    this.app.client.keyTyped(null);
  }

  /** Empties the field after its text was sent. @param {string} text */
  sent(text) {
    if (this.input.value.trim() === text) this.#leave("");
  }

  /** A command that fails comes back into the field. @param {string} text */
  async #runCommand(text) {
    const commands = await this.app.try(loadCommands);
    if (!commands || this.input.value !== text) return;
    // The field is empty before the command opens another conversation.
    this.#leave("");
    if (!await commands.runCommand(this.app, text)) this.putBack(text);
  }

  /** @param {Row} row */
  reply(row) {
    this.#setContext({ kind: "reply", row, draft: "" });
    this.input.focus();
  }

  /** @param {Row} row */
  edit(row) {
    const draft = this.context?.kind === "edit" ? this.context.draft : this.input.value;
    this.#setContext({ kind: "edit", row, draft });
    this.#setText(row.text);
    this.input.focus();
  }

  cancel() {
    if (this.context?.kind === "edit") this.#setText(this.context.draft);
    this.#setContext(null);
  }

  /** @param {Context | null} context */
  #setContext(context) {
    this.context = context;
    this.contextBar.hidden = !context;
    if (!context) return;
    const { row, kind } = context;
    fill(this.contextBar, icon(kind === "edit" ? "edit" : "reply"),
      h("span", {}, kind === "edit" ? t("editing", { n: row.n }) : t("replying", { user: row.from, n: row.n }), " ",
        h("q", {}, ...visible(row.kind === "file" ? row.event?.name ?? "" : plainLine(row.text, 80)))),
      iconButton("close", t("cancel"), () => { this.cancel(); this.input.focus(); }));
  }

  /** Puts a text back into the field. @param {string} text */
  putBack(text) {
    this.#setText(this.input.value ? `${this.input.value}\n${text}` : text);
    this.isDirty = true;
    this.saveDraft();
    this.input.focus();
  }

  // Completion of @names, #channels, :emoji: and /commands.

  async #complete() {
    const completion = ++this.completions;
    const before = this.input.value.slice(0, this.input.selectionStart);
    const found = /(?:^|\s)([@#:][\p{L}\p{N}_.+-]*|)$/u.exec(before);
    const named = /(?:^|\s)(:([\p{L}\p{N}_+-]+):)$/u.exec(before);
    if (named) this.#replaceName(named[1] ?? "", named[2] ?? "");
    const command = /^\/[a-z-]*$/.exec(before);
    const word = command ? command[0] : found?.[1] ?? "";
    if (!word || (word.startsWith(":") && word.length < 3)) return this.#close();
    const items = await this.#itemsFor(word);
    // The user has typed on, and a later completion decides.
    if (completion !== this.completions) return;
    const isSame = this.input.value.slice(0, this.input.selectionStart).endsWith(word);
    if (!items.length || !isSame) return this.#close();
    this.choices = { start: before.length - word.length, items, at: 0 };
    this.#drawChoices();
  }

  /** Replaces `:name:` by its emoji. @param {string} text @param {string} name */
  async #replaceName(text, name) {
    const emoji = await (await import("./emoji.js")).emojiNamed(name);
    const end = this.input.selectionStart;
    if (emoji && this.input.value.slice(0, end).endsWith(text)) this.insert(emoji, end - text.length);
  }

  /** Puts a text at the cursor. @param {string} text */
  insert(text, start = this.input.selectionStart) {
    this.input.setRangeText(text, start, this.input.selectionEnd, "end");
    this.input.focus();
    this.#changed();
  }

  /** @param {string} word @returns {Promise<{value: string, label: string}[]>} */
  async #itemsFor(word) {
    const rest = word.slice(1).toLowerCase();
    const starting = (/** @type {string[]} */ names) => names.filter((name) => name.toLowerCase().startsWith(rest)).slice(0, CHOICES_MAX);
    switch (word[0]) {
      case "@": return this.#usersFor(rest);
      case "#": {
        const names = [...this.model.conversations.keys()].filter((name) => name.startsWith("#")).map((name) => name.slice(1));
        return starting(names).map((name) => ({ value: `#${name} `, label: `#${name}` }));
      }
      case "/": {
        const { COMMANDS, botCommands } = await loadCommands();
        const own = COMMANDS.map(({ name }) => ({ name, label: `/${name} ${t(`command_${name}_arguments`)} — ${t(`command_${name}`)}` }));
        const ofBots = (await botCommands(this.app))
          .map(({ name, usage = "", description, bot }) => ({ name, label: `/${name} ${usage} — ${description} (@${bot})` }));
        return [...ofBots, ...own].filter(({ name }) => name.startsWith(rest)).slice(0, CHOICES_MAX)
          .map(({ name, label }) => ({ value: `/${name} `, label }));
      }
      default: return (await import("./emoji.js")).emojiChoices(rest, CHOICES_MAX);
    }
  }

  /** @param {string} rest the letters after "@" */
  #usersFor(rest) {
    const { users } = this.model;
    const named = [...users.keys(), "here"].filter((name) => isNamed(name, users.get(name), rest));
    // Names come before display names.
    named.sort((one, other) => Number(other.startsWith(rest)) - Number(one.startsWith(rest)));
    return named.slice(0, CHOICES_MAX).map((name) => {
      const shown = users.get(name)?.displayName;
      return { value: `@${name} `, label: shown ? `@${name} — ${shown}` : `@${name}` };
    });
  }

  #drawChoices() {
    const { items, at } = /** @type {NonNullable<typeof this.choices>} */ (this.choices);
    this.list.hidden = false;
    fill(this.list, ...items.map((item, i) => h("li", {
      role: "option", id: `choice-${i}`, "aria-selected": i === at, class: i === at ? "is-selected" : "",
      onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); this.#choose(i); },
    }, item.label)));
    this.input.setAttribute("aria-activedescendant", `choice-${at}`);
  }

  #close() {
    this.choices = null;
    this.list.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #choiceKey(event) {
    const choices = this.choices;
    if (!choices) return false;
    const count = choices.items.length;
    if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
      // A complete word is sent, not completed.
      const word = this.input.value.slice(choices.start, this.input.selectionStart);
      if (event.key === "Enter" && word === choices.items[choices.at]?.value.trim()) return false;
      this.#choose(choices.at);
    } else if (event.key === "ArrowDown") choices.at = (choices.at + 1) % count;
    else if (event.key === "ArrowUp") choices.at = (choices.at + count - 1) % count;
    else if (event.key === "Escape") this.#close();
    else return false;
    if (this.choices) this.#drawChoices();
    return true;
  }

  /** @param {number} i */
  #choose(i) {
    const choices = this.choices;
    const item = choices?.items[i];
    if (!choices || !item) return;
    const end = this.input.selectionStart;
    this.input.setRangeText(item.value, choices.start, end, "end");
    this.#close();
    this.isDirty = true;
    this.saveDraft();
  }

  // Files and the line below the field.

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const files = [...event.clipboardData?.files ?? []];
    if (!files.length) return;
    event.preventDefault();
    sendFiles(this.app, files);
  }

  /** @param {import("./uploads.js").Upload[]} uploads */
  drawUploads(uploads) {
    fill(this.files, ...uploads.filter((upload) => upload.to === this.conversation).map((upload) => {
      const percent = upload.file.size ? Math.floor((upload.sent / upload.file.size) * 100) : 100;
      return h("li", { class: `upload is-${upload.state}` }, icon("file"),
        h("span", { class: "file-name" }, ...visible(upload.file.name)), h("span", { class: "file-size" }, sizeText(upload.file.size)),
        upload.state === "failed" ? h("span", { class: "problem" }, upload.problem)
          : h("progress", { max: "100", value: percent, "aria-label": t("file_progress", { name: upload.file.name, percent }) }),
        h("span", { class: "upload-state" }, upload.state === "waiting" ? t("upload_waiting") : upload.state === "failed" ? "" : `${percent} %`),
        upload.state === "failed" && h("button", { type: "button", class: "link-button", onclick: () => upload.retry() }, t("try_again")),
        iconButton("close", t("cancel_upload", { name: upload.file.name }), () => upload.cancel()));
    }));
  }

  drawFoot() {
    const { typing, summary } = this.model;
    setText(this.typingText, typing.length ? t("typing_users", { users: typing.join(", ") }) : this.model.seen);
    setText(this.statusText, statusText(this.app));
    this.statusText.className = `status is-${summary.connectivity}`;
  }
}
customElements.define("papo-composer", Composer);

/** A text that stays the same causes no layout. @param {HTMLElement} node @param {string} text */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
