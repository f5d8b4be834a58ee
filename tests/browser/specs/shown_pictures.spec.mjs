// How a file is opened: what people see of its pictures, which of its tracks, at which times. The page's rows are the program's.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { compareFrameTables, frameCount } from "../support/frame_table.mjs";
import { analyzeDamagedNatively, analyzeNatively } from "../support/native.mjs";

const LIMITS = { time: 2e-6, box: 1, probability: 1e-3 };

// Name, what it is, and the size of the shown picture.
const SHOWN = [
  ["mirrored.mp4", "mirrored left to right", [352, 288]],
  ["flipped.mp4", "mirrored upside down", [352, 288]],
  ["transposed.mp4", "mirrored and on its side", [288, 352]],
  ["transversed.mp4", "mirrored and on its other side", [288, 352]],
  ["posed.mkv", "a Matroska that is turned", [288, 352]],
  ["wide-pixels.mp4", "pixels twice as wide as high", [352, 288]],
  ["high-pixels.mkv", "pixels twice as high as wide, in a Matroska", [352, 288]],
  ["wide-track.mp4", "a track that is wider than its pictures", [704, 288]],
  ["wide-by-codec.mp4", "wide pixels of which only the coded pictures tell", [352, 288]],
  ["first-track.mp4", "the first of two tracks is marked", [352, 288]],
  ["second-track.mp4", "the second of two tracks is marked", [320, 240]],
  ["fragment-missing.mp4", "a fragment is missing", null],
  ["without-type.mov", "a MOV without a file type", null],
  ["first-lost.mp4", "the first frames cannot be decoded", null],
];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  test("the page is ready", async () => {
    browser = await launchBrowser();
    const context = await browser.newContext();
    await context.addInitScript(keepOpened);
    page = await AnalysisPage.open(context, url);
    assert.equal(await page.untilReady(), "ready");
  });

  const opened = () => page.page.evaluate(() => globalThis.opened);

  for (const [name, what, size] of SHOWN) {
    test(`${what} (${name}): the page's rows are the program's`, async () => {
      const file = await scratch.file(name);
      assert.match(await page.open(file), /^done/);
      const rows = await page.rows();
      const isDamaged = name === "first-lost.mp4";
      const expected = await (isDamaged ? analyzeDamagedNatively : analyzeNatively)(scratch, file);
      console.log(`        largest differences: ${JSON.stringify(compareFrameTables(rows, expected, LIMITS))}`);
      const { width, height } = await opened();
      if (size) assert.deepEqual([width, height], size);
      if (isDamaged) assert.ok(Math.abs(rows[0].time - 0.48) < 0.03, `begins at ${rows[0].time}`);
    });
  }

  test("HDR is warned of", async () => {
    await page.analyse(await scratch.file("hdr.mp4"));
    await page.untilNoticed(/hdr\.mp4.*colours were not mapped from HDR \(PQ\): labels may be wrong/);
  });

  test("a stream without a length in its head has a finite timeline", async () => {
    const rows = await page.analyse(await scratch.file("without-length.webm"));
    const { duration_s: duration } = await opened();
    assert.ok(duration > 0.9 * rows.at(-1).time && duration < rows.at(-1).time + 0.1, `${duration} s`);
  });

  test("VP9 of 10 bits is decoded, by its own profile", async () => {
    const rows = await page.analyse(await scratch.file("10-bit.webm"));
    assert.ok(frameCount(rows) >= 7, `${frameCount(rows)} frames`);
  });

  test("an edit list that only a player follows is left to the player", async () => {
    await page.open(await scratch.file("double-speed.mp4"));
    await page.untilNoticed(/double-speed\.mp4/, /edit list plays it at another speed/);
  });
}

// Runs in the page before its own code: keeps what the engine said last of an opened file.
function keepOpened() {
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (data?.message?.type === "opened") globalThis.opened = data.message;
      });
    }
  };
}
