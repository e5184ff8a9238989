// Starts the page.

import { loadLanguage, preferredLanguage } from "./i18n/index.js";
import { App } from "./ui/app.js";
import { applyTheme } from "./ui/theme.js";

applyTheme();
await loadLanguage(preferredLanguage());
document.body.replaceChildren(new App());
