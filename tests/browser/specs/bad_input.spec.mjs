// Files that cannot be used: each message names the file and the cause, and the page goes on.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { Watch, launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, frameCount } from "../support/frame_table.mjs";
import { damagedModels } from "../support/safetensors.mjs";
import { TINY_MODEL } from "../support/settings.mjs";

const REFUSED = [
  ["letter.mp4", "a text file named .mp4", /not .*(video|mp4|read|recogni)|no .*(video|mp4)|unknown|cannot/i],
  ["audio-only.mp4", "sound without pictures", /no (video|picture)|audio|sound/i],
  ["hevc.mp4", "a codec that the browser lacks", /hevc|h\.?265|hvc1|codec/i],
  ["zero-frames.mp4", "a video without frames", /no (video|frame|picture)|empty|0 frames/i],
  ["empty.mp4", "an empty file", /empty|no (video|frame)|0 bytes|not .*(video|mp4)/i],
  ["cut-before-the-index.mp4", "an mp4 cut off before its index", /index|moov|cut|truncat|incomplete|ends/i],
  ["letter.png", "a text file named .png", /not .*(picture|image|png|decode)|cannot|no .*picture/i],
];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  let watch;
  afterAll(() => browser?.close());

  async function stillWorks() {
    const rows = await page.analyse(await scratch.file("four-frames.mp4"));
    assert.equal(frameCount(rows), 4, "frames of a good video afterwards");
    assert.ok(rows.every((row) => row.box), "the face is found afterwards");
  }

  test("the page is ready", async () => {
    browser = await launchBrowser();
    const context = await browser.newContext();
    watch = await Watch.of(context);
    page = await AnalysisPage.open(context, url);
    assert.equal(await page.untilReady(), "ready");
  });

  for (const [name, what, cause] of REFUSED) {
    test(`${what} (${name}) is refused and a good video works afterwards`, async () => {
      const status = await page.open(await scratch.file(name));
      assert.match(status, /^error: /);
      const said = await page.untilNoticed(new RegExp(name.replaceAll(".", "\\.")), cause);
      console.log(`        ${said.slice(0, 200)}`);
      await stillWorks();
    });
  }

  test("a video cut in the middle: what was read stands, and the page says that it ends early", async () => {
    await page.open(await scratch.file("cut-in-the-middle.mp4"));
    const rows = await page.rows();
    checkFrameTable(rows);
    assert.ok(frameCount(rows) >= 20 && frameCount(rows) < 72, `${frameCount(rows)} frames of 72`);
    const said = await page.untilNoticed(/cut-in-the-middle\.mp4/, /early|cut|truncat|incomplete|missing/i);
    assert.equal(said.split("cut short").length - 1, 1, `said once: ${said}`);
    await stillWorks();
  });

  test("a picture of one pixel has no face", async () => {
    const rows = await page.analyse(await scratch.file("one-pixel.png"));
    assert.equal(rows.length, 1);
    assert.equal(rows[0].box, null);
    await stillWorks();
  });

  test("an 8K picture is analysed", async () => {
    const rows = await page.analyse(await scratch.file("8k.jpg"));
    assert.equal(frameCount(rows), 1);
    await stillWorks();
  });

  test("damaged model files are refused one by one, and the old model stays", async () => {
    const before = await page.analyse(await scratch.file("four-frames.mp4"));
    for (const { name, bytes, says } of damagedModels(await readFile(TINY_MODEL))) {
      await page.chooseModel(await scratch.write(name, bytes));
      const said = await page.untilNoticed(new RegExp(name.replaceAll(".", "\\.")), says);
      console.log(`        ${said.slice(0, 200)}`);
    }
    const after = await page.analyse(await scratch.file("four-frames.mp4"));
    assert.deepEqual(after, before, "rows with the model that stayed");
  });

  test("a good model file of one's own is taken", async () => {
    const file = await scratch.write("mine.safetensors", await readFile(TINY_MODEL));
    await page.chooseModel(file);
    await page.page.getByText("mine.safetensors").first().waitFor({ timeout: 30_000 });
    await stillWorks();
  });

  test("an index that contradicts itself is refused, and the engine goes on", async () => {
    const status = await page.open(await scratch.file("damaged-index.mp4"));
    assert.match(status, /^error: damaged-index\.mp4: its video track has no frames/);
    await stillWorks();
  });

  test("no exception was left uncaught in the page", async () => {
    assert.deepEqual(watch.exceptions, []);
  });
}
