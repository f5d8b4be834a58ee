// Pictures that move, pictures that are transparent, and kinds that the browser does not know: the same as from the native program.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, compareFrameTables, frameCount } from "../support/frame_table.mjs";
import { analyzeNatively } from "../support/native.mjs";

const LIMITS = { time: 2e-6, box: 0.5, probability: 1e-3 };
// The program's decoder of WebP is off by one of 255 levels where a frame is blended over another, which a small network feels.
const WEBP_LIMITS = { ...LIMITS, probability: 0.05 };

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  async function openPage() {
    browser ??= await launchBrowser();
    page ??= await AnalysisPage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
  }

  async function bothSides(name) {
    await openPage();
    const file = await scratch.file(name);
    const [found, expected] = await Promise.all([page.analyse(file), analyzeNatively(scratch, file)]);
    console.log(`        largest differences: ${JSON.stringify(compareFrameTables(found, expected, name === "moving.webp" ? WEBP_LIMITS : LIMITS))}`);
    return found;
  }

  for (const [name, frames] of [["moving.gif", 10], ["moving.png", 10], ["moving.webp", 10], ["moving-transparent.png", 10], ["fast.gif", 5]]) {
    test(`an animation is a film: ${name}`, async () => {
      const found = await bothSides(name);
      checkFrameTable(found);
      assert.equal(frameCount(found), frames);
      // 10 pictures a second, in each of them.
      found.forEach((row) => assert.ok(Math.abs(row.time - row.frame / 10) < 1e-6, `frame ${row.frame} at ${row.time}`));
      assert.ok(found.some((row) => row.temporal !== null), "a film has temporal labels");
    });
  }

  for (const name of ["transparent.png", "transparent-grey.png", "transparent-16-bit.png", "transparent.webp"]) {
    test(`what is transparent is white: ${name}`, async () => {
      const found = await bothSides(name);
      assert.equal(frameCount(found), 1);
      assert.ok(found[0].box, "the face is seen");
    });
  }

  test("where the browser gives one picture of an animation only, that is said", async () => {
    browser ??= await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
    await context.route("**/engine-worker.js*", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `delete globalThis.ImageDecoder;\n${await answer.text()}` });
    });
    const without = await AnalysisPage.open(context, url);
    const rows = await without.analyse(await scratch.file("moving.gif"));
    assert.equal(frameCount(rows), 1);
    assert.match(await without.notices(), /moving\.gif.*animation.*first picture only/);
    await context.close();
  });

  test("a picture that only telephones read is named, whatever it is called", async () => {
    await openPage();
    const heic = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08meta", "latin1");
    for (const name of ["IMG_1.heic", "IMG_2.jpg", "IMG_3"]) {
      const status = await page.open(await scratch.write(name, heic));
      assert.match(status, /HEIC picture: convert it to JPEG or PNG/, name);
    }
  });
}
