// Cancelling, and one file after another.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, frameCount } from "../support/frame_table.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  async function freshPage() {
    browser ??= await launchBrowser();
    return AnalysisPage.open(await browser.newContext(), url);
  }

  for (const script of ["engine-worker.js", "engine/web_engine.js", "compute-worker.js"]) {
    test(`a page that cannot load ${script} says so instead of waiting`, async () => {
      browser ??= await launchBrowser();
      const own = await StaticServer.start(DIST, {}, [`/${script}`]);
      const page = await AnalysisPage.open(await browser.newContext(), own.url);
      await page.choose(await scratch.file("four-frames.mp4"));
      // What is said begins with the status.
      await page.untilNoticed(/^error: .*cannot be loaded/);
      await page.page.context().close();
      await own.stop();
    });
  }

  test("a video opened while the engine loads is analysed by itself", async () => {
    const page = await freshPage();
    const rows = await page.analyse(await scratch.file("face-short.mp4"));
    assert.equal(frameCount(rows), 12);
    await page.page.context().close();
  });

  test("cancel stops the work, keeps what is there, and the next run is whole", async () => {
    const page = await freshPage();
    await page.untilReady();
    await page.untilStatusAfter(async () => page.choose(await scratch.file("face-long.mp4")), /^analyzing [1-9]\d*%$/);
    await page.untilStatusAfter(() => page.hook("cancel").click(), /^(?!analyzing)/);
    const kept = await page.rows();
    checkFrameTable(kept);
    assert.ok(frameCount(kept) > 0 && frameCount(kept) < 288, `${frameCount(kept)} of 288 frames are kept`);
    await page.page.waitForTimeout(1000);
    assert.equal(frameCount(await page.rows()), frameCount(kept), "nothing arrives after cancelling");
    assert.equal(frameCount(await page.analyse(await scratch.file("four-frames.mp4"))), 4);
    await page.page.context().close();
  });

  test("a second video after the first, and one in the middle of another", async () => {
    const page = await freshPage();
    const first = await page.analyse(await scratch.file("face-short.mp4"));
    const second = await page.analyse(await scratch.file("no-face.mp4"));
    assert.ok(second.every((row) => row.video === "no-face.mp4" && row.box === null), "nothing of the first video is left");
    await page.untilStatusAfter(async () => page.choose(await scratch.file("face-long.mp4")), /^analyzing [1-9]\d*%$/);
    const third = await page.analyse(await scratch.file("face-short.mp4"));
    assert.deepEqual(third, first, "a video's rows do not depend on what was before");
    await page.page.context().close();
  });
}
