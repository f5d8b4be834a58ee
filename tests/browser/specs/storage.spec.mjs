// A browser that keeps nothing: the page says so at most, and works.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { Watch, launchBrowser, launchWithProfile } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";

export function declare({ test }, { url, scratch }) {
  async function works(page, watch) {
    assert.equal(frameCount(await page.analyse(await scratch.file("four-frames.mp4"))), 4);
    assert.doesNotMatch(await page.status(), /^error/);
    assert.deepEqual(watch.exceptions, []);
  }

  test("storage denied by the browser's settings", async () => {
    const profile = await scratch.folderFor("profile");
    await mkdir(path.join(profile, "Default"));
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    await writeFile(path.join(profile, "Default/Preferences"), JSON.stringify(preferences));
    const context = await launchWithProfile(profile);
    const watch = await Watch.of(context);
    const page = await AnalysisPage.open(context, url);
    const isDenied = await page.page.evaluate(() => {
      try {
        return globalThis.localStorage === undefined;
      } catch {
        return true;
      }
    });
    assert.ok(isDenied, "the browser denies storage");
    await works(page, watch);
    await context.close();
  });

  test("storage that is full", async () => {
    const browser = await launchBrowser();
    const context = await browser.newContext();
    const watch = await Watch.of(context);
    const blank = await context.newPage();
    const cdp = await context.newCDPSession(blank);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 1 });
    const page = await AnalysisPage.open(context, url);
    const refusal = await page.page.evaluate(async () => {
      const cache = await caches.open("trial");
      return cache.put("/trial", new Response("x".repeat(10_000))).then(() => "kept", (error) => error.name);
    });
    assert.equal(refusal, "QuotaExceededError", "the browser keeps nothing more");
    await works(page, watch);
    await browser.close();
  });
}
