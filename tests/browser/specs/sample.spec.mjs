// The sample film: its kept result stands before the engine is there, and the film can be read anew.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";

export function declare({ test, afterAll }) {
  let browser;
  let server;
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("one click shows the sample's timeline before the engine is loaded", async () => {
    browser = await launchBrowser();
    server = await StaticServer.start(DIST);
    server.held.add("/engine/web_engine_bg.wasm");
    const page = await AnalysisPage.open(await browser.newContext(), server.url);
    assert.ok(!server.requests.some((name) => name.startsWith("/sample/")), "nothing of it is loaded before the click");
    await page.hook("open-sample").click();
    await page.untilNoticed(/kept result/);
    const kept = JSON.parse(await readFile(path.join(DIST, "sample/six-expressions.json"), "utf8"));
    const rows = await page.rows();
    assert.equal(rows.length, kept.timeline.frames.length);
    assert.equal(rows[0].video, "six-expressions.mp4");
    // A window in frames is told in this film's seconds.
    assert.equal(await page.hook("window-seconds").textContent(), "30 frames last 1.00 s in this video.");
    // The film itself plays.
    await page.page.waitForFunction(() => document.querySelector("video")?.videoWidth === 480, null, { timeout: 30_000 });
    server.release();
    await page.page.context().close();
  });

  test("what the program has read with the model in force is not called another model's", async () => {
    for (const [model, isOther] of [["demo", false], ["tiny", true]]) {
      const context = await browser.newContext();
      const page = await AnalysisPage.open(context, server.url, { backend: "cpu", model });
      await page.untilReady();
      await page.hook("open-sample").click();
      await page.untilNoticed(/kept result/);
      await page.page.getByText(`${model}.safetensors`).first().waitFor();
      assert.equal(await page.page.locator(".stale").isVisible(), isOther, model);
      await context.close();
    }
  });

  test("the sample is read anew where one asks for it, and opens without a network afterwards", async () => {
    const context = await browser.newContext();
    const page = await AnalysisPage.open(context, server.url);
    await page.untilReady();
    await page.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    await page.hook("open-sample").click();
    await page.untilNoticed(/kept result/);
    await page.page.waitForFunction(() => caches.match("sample/six-expressions.mp4").then(Boolean), null, { timeout: 30_000 });
    assert.equal(await page.untilStatusAfter(() => page.hook("analyze").click(), /^(done|error)/), "done");
    assert.equal(frameCount(await page.rows()), 385);
    await context.setOffline(true);
    const again = await AnalysisPage.open(context, server.url);
    await again.hook("open-sample").click();
    await again.untilNoticed(/kept result/);
    assert.equal(frameCount(await again.rows()), 385);
    await context.close();
  });
}
