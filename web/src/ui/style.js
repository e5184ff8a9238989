// Loads a style sheet that the page does not need at its start. The import map names its file.

/** @param {string} name of a file in `style` */
export function loadStyle(name) {
  const href = import.meta.resolve(`../style/${name}.css`);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href });
  return new Promise((resolve) => {
    link.onload = link.onerror = () => resolve(undefined);
    document.head.append(link);
  });
}
