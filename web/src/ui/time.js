// Times and sizes in the language of the user.

import { language, t } from "../i18n/index.js";

/** @param {number} at */
export function clockTime(at) {
  return new Date(at).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" });
}

/** @param {number} at */
export function fullTime(at) {
  return new Date(at).toLocaleString(language(), { dateStyle: "long", timeStyle: "medium" });
}

/** The day, or "today" and "yesterday". @param {number} at */
export function dayName(at) {
  const today = new Date();
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (isSameDay(at, today.getTime())) return t("today");
  if (isSameDay(at, yesterday.getTime())) return t("yesterday");
  return new Date(at).toLocaleDateString(language(), { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** @param {number} one @param {number} other */
export function isSameDay(one, other) {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  return new Intl.NumberFormat(language(), {
    style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: step ? 1 : 0,
  }).format(bytes / 1000 ** step);
}
