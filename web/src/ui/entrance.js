// <papo-entrance>: log in, create an account, or replace a forgotten password.

import { login, rpc } from "../core/http.js";
import { LANGUAGES, errorText, language, loadLanguage, t } from "../i18n/index.js";
import { fill, h } from "./dom.js";

/** @typedef {"login" | "register" | "reset"} Mode */

export class Entrance extends HTMLElement {
  /** @type {Mode} */ mode = "login";
  /** The slot of the cookie; null for the first free one. @type {number | null} */ sessionSlot = 0;
  /** @type {(session: {user: string, slot: number}) => void} */ onLogin = () => {};
  /** Why the last session ended. */ reason = "";
  /** Whether the user ended it. */ isLoggedOut = false;
  /** Whether the user types or waits. */
  get isBusy() { return this.value("user") !== "" || this.submit.disabled; }

  connectedCallback() {
    this.isLoggedOut = sessionStorage.getItem("papo-logged-out") !== null;
    this.reason = sessionStorage.getItem("papo-ended") ?? "";
    for (const key of ["papo-logged-out", "papo-ended"]) sessionStorage.removeItem(key);
    this.joinCode = codeOfLink();
    if (this.joinCode) this.mode = "register";
    this.#draw();
    // A link that opens in the same tab changes only the address.
    window.addEventListener("hashchange", () => {
      if (!this.isConnected || this.submit.disabled || !codeOfLink()) return;
      this.joinCode = codeOfLink();
      this.#switch("register");
    });
  }

  #draw() {
    const { mode } = this;
    const title = { login: t("log_in"), register: t("create_account"), reset: t("reset_password") }[mode];
    const user = field("user", t("name"), { autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true });
    const password = field("password", mode === "reset" ? t("new_password") : t("password"),
      { type: "password", autocomplete: mode === "login" ? "current-password" : "new-password", required: true });
    const code = field("code", mode === "reset" ? t("reset_code") : t("join_code"), { autocomplete: "off", value: mode === "register" ? this.joinCode : "", required: mode === "reset" });
    this.problem = h("p", { class: "problem", role: "alert" }, this.reason);
    const note = this.isLoggedOut && h("p", { class: "hint", role: "status" }, t("logged_out"));
    this.submit = h("button", { type: "submit", class: "primary" }, title);
    const form = h("form", { class: "entrance-form", onsubmit: (/** @type {SubmitEvent} */ event) => this.#submit(event) },
      user, mode === "reset" && code, password,
      mode === "register" && h("p", { class: "hint" }, t("password_hint")),
      mode === "register" && code,
      note, this.problem, this.submit);
    const other = (/** @type {Mode} */ to, /** @type {string} */ key) =>
      mode !== to && h("button", { type: "button", class: "link-button", onclick: () => this.#switch(to) }, t(key));
    fill(this, h("main", { class: "entrance" },
      h("div", { class: "entrance-card" },
        h("p", { class: "brand" }, h("img", { src: "/a/icon.svg", alt: "", width: "40", height: "40" }), "papo"),
        h("h1", {}, title), form,
        h("div", { class: "entrance-links" }, other("login", "log_in"), other("register", "create_account"), other("reset", "forgot_password")),
        h("div", { class: "entrance-languages" }, ...Object.entries(LANGUAGES).map(([tag, name]) =>
          h("button", { type: "button", lang: tag, class: "link-button", "aria-pressed": tag === language(), onclick: () => this.#setLanguage(tag) }, name))))));
    this.querySelector("input")?.focus();
  }

  /** @param {Mode} mode */
  #switch(mode) {
    const user = this.value("user");
    this.mode = mode;
    this.reason = "";
    this.isLoggedOut = false;
    this.#draw();
    const input = /** @type {HTMLInputElement} */ (this.querySelector("[name=user]"));
    input.value = user;
  }

  /** @param {string} tag */
  async #setLanguage(tag) {
    localStorage.setItem("papo-language", tag);
    await loadLanguage(/** @type {any} */ (tag));
    this.#draw();
  }

  /** @param {string} name */
  value(name) {
    return /** @type {HTMLInputElement | null} */ (this.querySelector(`[name=${name}]`))?.value ?? "";
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const [user, password, code] = [this.value("user").trim(), this.value("password"), this.value("code").trim()];
    this.submit.disabled = true;
    this.problem.textContent = "";
    try {
      if (this.mode === "register") await rpc("auth.register", { user, password, ...(code ? { code } : {}) });
      if (this.mode === "reset") await rpc("auth.reset", { user, code, new_password: password });
      const session = await login(user, password, this.sessionSlot ?? undefined);
      if (this.joinCode) history.replaceState(null, "", location.pathname);
      this.onLogin(session);
    } catch (error) {
      this.problem.textContent = error instanceof TypeError ? t("no_connection") : errorText(error);
      this.submit.disabled = false;
    }
  }
}
customElements.define("papo-entrance", Entrance);

/** The join code of an invitation link, `#join=<code>`. */
export const codeOfLink = () => new URLSearchParams(location.hash.slice(1)).get("join") ?? "";

/** @param {string} name @param {string} label @param {Record<string, any>} attributes */
export function field(name, label, attributes = {}) {
  return h("label", { class: "field" }, h("span", {}, label), h("input", { name, ...attributes }));
}
