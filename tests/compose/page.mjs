// The first account of a node registers in the page, creates #general and sends a message, in Chromium:
//
//   PAPO_PASSWORD=... scripts/node tests/compose/page.mjs ORIGIN CODE

import { launch, say, watch } from "../../web/tests/e2e/harness.mjs";

const [origin, code] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await browser.newPage();
  const problems = watch(page);
  await page.goto(`${origin}/#join=${code}`);
  await page.fill("[name=user]", "alice");
  await page.fill("[name=password]", process.env.PAPO_PASSWORD);
  await page.click(".entrance-form .primary");
  await page.waitForSelector("dialog[open] [name=channel]:focus");
  await page.keyboard.type("general");
  await page.click("dialog button.primary[type=submit]");
  await page.waitForSelector("h1:has-text('#general')");
  await say(page, "oi from the page");
  await page.waitForSelector(".rows article .text:has-text('oi from the page')");
  // The node has stored the message.
  await page.waitForSelector(".status:has-text('Complete up to #general 2')");
  if (problems.length > 0) throw new Error(problems.join("\n"));
} finally {
  await browser.close();
}
