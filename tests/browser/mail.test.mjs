// Mails in a real Chromium, on narrow and wide screens, light and dark, under the policy of the preview: nothing is loaded, nothing is
// cut off, and text can be read on its ground.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createMailbox } from "../../xtask/runner/mailbox.mjs";
import { startEdge } from "../e2e/support/harness.mjs";
import { launch } from "./support/sites.mjs";

const MAILS = ["payout_sent/ja", "payout_details_changed/de", "monthly_statement/fr", "application_declined/en"];

let edge;
let browser;

before(async () => {
  edge = await startEdge({ mailbox: createMailbox() });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await edge?.stop();
});

/** Returns the lowest contrast of the texts of a frame, each against the nearest ground behind it. */
function lowestContrast() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? ground(element.parentElement) : backgroundColor;
  };
  const texts = [...document.querySelectorAll("body *")].filter(
    (element) => element.offsetHeight > 0 && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== ""),
  );
  return Math.min(...texts.map((element) => {
    const [light, dark] = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }));
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    for (const mail of MAILS) {
      test(`${mail} at ${width} px, ${colorScheme}`, async (t) => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, baseURL: edge.url, colorScheme });
        const tab = await context.newPage();
        const complaints = [];
        tab.on("console", (message) => complaints.push(message.text()));
        t.after(() => context.close());
        await tab.goto(`/dev/mail/templates/${mail}`);
        const frame = tab.frames().at(1);
        await frame.locator("table.p").waitFor();
        const panel = await frame.locator("table.p").boundingBox();
        assert.ok(panel.width <= 602, `the panel is ${panel.width} px wide`);
        for (const view of [tab, frame]) {
          const overflow = await view.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(overflow, 0);
        }
        const contrast = await frame.evaluate(lowestContrast);
        assert.ok(contrast >= 4.5, `contrast ${contrast}`);
        assert.deepEqual(complaints, []);
      });
    }
  }
}
