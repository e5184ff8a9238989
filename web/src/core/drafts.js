// The unsent texts of the user, in all tabs and after a restart.

/** @import { Storage } from "./storage.js" */
/** @import { Tabs } from "./tabs.js" */

export class Drafts {
  /**
   * @param {{ storage: Storage, tabs: Tabs, onDraft?: (conversation: string, text: string) => void }} options
   */
  constructor(options) {
    this.options = options;
  }

  /** @param {string} conversation @returns {Promise<string>} */
  async get(conversation) {
    return (await this.options.storage.get("drafts", conversation)) ?? "";
  }

  /**
   * @param {string} conversation
   * @param {string} text
   */
  async set(conversation, text) {
    const { storage, tabs } = this.options;
    tabs.post({ kind: "draft", conversation, text });
    await (text === "" ? storage.delete("drafts", [conversation]) : storage.put("drafts", conversation, text));
  }

  /** @param {any} message of another tab */
  received(message) {
    if (message?.kind === "draft") {
      this.options.onDraft?.(message.conversation, message.text);
    }
  }
}
