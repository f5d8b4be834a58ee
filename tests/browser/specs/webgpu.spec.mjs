// The GPU path on Chromium's software adapter: right, not fast.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { compareFrameTables, frameCount } from "../support/frame_table.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  const browsers = [];
  afterAll(() => Promise.all(browsers.map((browser) => browser.close())));

  async function pageOf(query, choice) {
    const browser = await launchBrowser(choice);
    browsers.push(browser);
    const context = await browser.newContext();
    await context.addInitScript(keepFirstWorker);
    const page = await AnalysisPage.open(context, url, { model: "tiny", ...query });
    await page.untilReady();
    return page;
  }

  test("WebGPU says the same as the CPU", async () => {
    const video = await scratch.file("four-frames.mp4");
    const gpu = await pageOf({ backend: "webgpu" });
    assert.match(await gpu.backend(), /^WebGPU - \S/);
    const [found, expected] = [await gpu.analyse(video), await (await pageOf({ backend: "cpu" })).analyse(video)];
    assert.equal(frameCount(found), 4);
    assert.ok(found.every((row) => row.box), "the face is found in every frame");
    const worst = compareFrameTables(found, expected, { time: 0, box: 1, probability: 1e-3 });
    console.log(`        largest differences: ${JSON.stringify(worst)}`);
  });

  test("a software adapter is not taken unasked", async () => {
    const page = await pageOf({});
    assert.match(await page.backend(), /^CPU/);
  });

  test("without WebGPU the page says CPU and works", async () => {
    const page = await pageOf({}, { webgpu: false });
    assert.match(await page.backend(), /^CPU/);
    assert.equal(frameCount(await page.analyse(await scratch.file("four-frames.mp4"))), 4);
  });

  test("WebGPU that was asked for and is not there is said", async () => {
    const page = await pageOf({ backend: "webgpu" }, { webgpu: false });
    await page.untilNoticed(/WebGPU/);
  });

  test("an adapter lost in the middle: the page says so and all frames come in", async () => {
    const page = await pageOf({ backend: "webgpu" });
    await page.untilStatusAfter(async () => page.choose(await scratch.file("face-short.mp4")), /^analyzing \d+%$/);
    const status = await page.untilStatusAfter(
      () => page.page.evaluate(() => globalThis.firstWorker.postMessage({ message: { type: "lose-device" } })),
      /^(done|error)/,
    );
    assert.equal(status, "done", await page.notices());
    await page.untilNoticed(/lost|reset|gone/i);
    assert.match(await page.backend(), /^CPU/);
    const rows = await page.rows();
    assert.equal(frameCount(rows), 12);
    assert.ok(rows.every((row) => row.box), "the face is found in every frame");
  });
}

// Runs in the page before its own code: the engine takes one message that the page never sends.
function keepFirstWorker() {
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...options) {
      super(...options);
      globalThis.firstWorker ??= this;
    }
  };
}
