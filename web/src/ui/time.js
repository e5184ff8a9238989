// Times and sizes in the language of the user.

import { language, t } from "../i18n/index.js";

/**
 * The formats of a language. To create one takes longer than to show a row.
 * @type {Map<string, Intl.DateTimeFormat>}
 */
const formats = new Map();

/** @param {string} name @param {Intl.DateTimeFormatOptions} options */
function format(name, options) {
  const key = `${language()} ${name}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language(), options);
  formats.set(key, known);
  return known;
}

/** @param {number} at */
export function clockTime(at) {
  return format("clock", { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** @param {number} at */
export function fullTime(at) {
  return format("full", { dateStyle: "long", timeStyle: "medium" }).format(at);
}

/** The day, or "today" and "yesterday". @param {number} at */
export function dayName(at) {
  const today = new Date();
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (isSameDay(at, today.getTime())) return t("today");
  if (isSameDay(at, yesterday.getTime())) return t("yesterday");
  return format("day", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** @param {number} one @param {number} other */
export function isSameDay(one, other) {
  const [first, second] = [new Date(one), new Date(other)];
  return first.getDate() === second.getDate() && first.getMonth() === second.getMonth() && first.getFullYear() === second.getFullYear();
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  return new Intl.NumberFormat(language(), {
    style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: step ? 1 : 0,
  }).format(bytes / 1000 ** step);
}
