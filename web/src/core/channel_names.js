// The names of renamed channels. Events, replies and the core identify a channel by its first name; users
// read and write its current name.

import { compare } from "./order.js";

/** @import { Command, LaterNames } from "./api.js" */

/**
 * All names except the first.
 *
 * @param {LaterNames | undefined} names
 */
function all(names) {
  return names?.name === undefined ? [...(names?.former_names ?? [])] : [names.name, ...(names.former_names ?? [])];
}

/**
 * @param {string | undefined} name the current name, if it is not the first
 * @param {Iterable<string>} former
 * @returns {LaterNames}
 */
function laterNames(name, former) {
  const former_names = [...former].sort(compare);
  return { ...(name !== undefined && { name }), ...(former_names.length > 0 && { former_names }) };
}

/** The later names of channels that the user can see. */
export class ChannelNames {
  /** The later names, by the first name. @type {Map<string, LaterNames>} */
  #later = new Map();
  /** The first names, by each later name. @type {Map<string, string>} */
  #first = new Map();

  /**
   * Replaces the later names of the channel `first`. Returns whether they differ.
   *
   * @param {string} first
   * @param {LaterNames} names
   */
  set(first, { name, former_names }) {
    const before = this.#later.get(first);
    const names = laterNames(name, former_names ?? []);
    if (JSON.stringify(before ?? {}) === JSON.stringify(names)) {
      return false;
    }
    for (const old of all(before)) {
      this.#first.delete(old);
    }
    for (const later of all(names)) {
      this.#first.set(later, first);
    }
    this.#later.set(first, names);
    return true;
  }

  /**
   * Applies a renaming. Returns whether the names differ.
   *
   * @param {string} first
   * @param {string} name
   */
  rename(first, name) {
    const former = new Set(all(this.#later.get(first)));
    former.delete(name);
    return this.set(first, laterNames(name === first ? undefined : name, former));
  }

  /**
   * The later names of the channel `first`.
   *
   * @param {string} first
   * @returns {LaterNames}
   */
  later(first) {
    return this.#later.get(first) ?? {};
  }

  /**
   * The first name of the channel that has, or had, this name. Returns other names and users unchanged.
   *
   * @param {string} name
   */
  first(name) {
    return this.#first.get(name) ?? name;
  }

  /**
   * The current name of the channel that has, or had, this name. Returns other names and users unchanged.
   *
   * @param {string} name
   */
  current(name) {
    const first = this.first(name);
    const names = this.#later.get(first);
    return names === undefined ? name : (names.name ?? first);
  }

  /**
   * The command with first names of channels, which all components use.
   *
   * @param {Command} command
   * @returns {Command}
   */
  inCommand(command) {
    switch (command.kind) {
      case "follow": {
        const { follow } = command;
        const isOne = follow.kind === "one";
        return isOne ? { ...command, follow: { ...follow, conversation: this.first(follow.conversation) } } : command;
      }
      case "join":
      case "leave":
        return { ...command, channel: this.first(command.channel) };
      case "open":
      case "nextPage":
      case "markRead":
        return { ...command, conversation: this.first(command.conversation) };
      case "keyTyped":
        return command.to === null ? command : { ...command, to: this.first(command.to) };
      case "send":
        return { ...command, message: { ...command.message, to: this.first(command.message.to) } };
      default:
        return command;
    }
  }
}
