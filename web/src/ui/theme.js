// The theme and the density. They are known before the login, so they are in localStorage.

/** @returns {"system" | "light" | "dark"} */
export function theme() {
  const chosen = localStorage.getItem("papo-theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** @param {"papo-theme" | "papo-density"} name @param {string} chosen */
export function setAppearance(name, chosen) {
  localStorage.setItem(name, chosen);
  applyTheme();
}

export const isCompact = () => localStorage.getItem("papo-density") === "compact";

export function applyTheme() {
  Object.assign(document.documentElement.dataset, { theme: theme(), density: isCompact() ? "compact" : "normal" });
}
