// Accessibility: axe on nine screens, and letters as keys. With PAPO_E2E_FULL, axe runs in 2 themes x 2
// languages x 2 widths, and the pictures of docs/images are written. transcripts.test.mjs has a session with
// the keyboard only, and the texts of the live regions.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { REPOSITORY, setUp, violations } from "./harness.mjs";
import { prepare, screens } from "./screens.mjs";

const IS_FULL = Boolean(process.env.PAPO_E2E_FULL);
const PICTURES = process.env.PAPO_E2E_PICTURES ? path.join(REPOSITORY, "docs/images") : null;

const { node, browser, open } = await setUp();
const apis = await prepare(node.origin);

/** Writes a picture, with 256 colours if the program pngquant is installed: a third of the bytes. */
async function picture(page, file) {
  await page.screenshot({ path: file });
  spawnSync("pngquant", ["--force", "--strip", "--ext", ".png", "--speed", "1", file]);
}

const variants = IS_FULL || PICTURES
  ? ["light", "dark"].flatMap((theme) => ["en", "pt-BR"].flatMap((language) => [1200, 320].map((width) => ({ theme, language, width }))))
  : [{ theme: "light", language: "en", width: 1200 }];

for (const { theme, language, width } of variants) {
  test(`axe finds nothing on nine screens: ${theme}, ${language}, ${width} px`, async () => {
    const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme: theme, locale: language, reducedMotion: "reduce", hasTouch: width < 500 });
    const page = await context.newPage();
    for (const { name, show } of screens) {
      await show(page, { origin: node.origin, apis, width, language });
      await page.waitForTimeout(150);
      assert.deepEqual(await violations(page), [], name);
      const isPicture = PICTURES && language === "en" && width === (name === "phone" ? 320 : 1200);
      if (isPicture) await picture(page, path.join(PICTURES, `page-${name}-${theme}.png`));
    }
    await context.close();
  });
}

test("letters type text while the field has the focus, and can be switched off in the list", async () => {
  const { context, page } = await open({ user: "alice" });
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await page.keyboard.type("rent?+");
  assert.equal(await page.inputValue("#composer"), "rent?+");
  await page.fill("#composer", "");
  await page.click(".sidebar-foot [aria-label=Settings]");
  await page.uncheck("text=Single letters are keys");
  await page.keyboard.press("Escape");
  await page.focus(".rows article:last-child");
  await page.keyboard.press("r");
  await page.waitForTimeout(100);
  assert.equal(await page.isVisible(".composer-context"), false);
  await context.close();
});
