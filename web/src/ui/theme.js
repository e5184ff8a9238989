// The theme: light, dark, or the one of the system. It is known before the login, so it is in localStorage.

/** @returns {"system" | "light" | "dark"} */
export function theme() {
  const chosen = localStorage.getItem("papo-theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** @param {"system" | "light" | "dark"} chosen */
export function setTheme(chosen) {
  localStorage.setItem("papo-theme", chosen);
  applyTheme();
}

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
}
