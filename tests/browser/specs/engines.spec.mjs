// The two engines: with relaxed SIMD, and for browsers without it.

import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser, launchWithProfile } from "../support/browser.mjs";
import { compareFrameTables } from "../support/frame_table.mjs";
import { analyzeNatively } from "../support/native.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";

const LIMITS = { time: 1e-3, box: 1, probability: 1e-3 };
const [RELAXED, PLAIN] = ["/engine/web_engine_bg.wasm", "/engine/web_engine_plain_bg.wasm"];
// The instruction that browsers are asked for, and one that none has.
const [FUSED, NO_SUCH] = ["253, 133, 2", "253, 255, 126"];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  for (const knows of [true, false]) {
    test(`engines: a browser ${knows ? "with" : "without"} relaxed SIMD takes the engine for it, and says what the program says`, async () => {
      browser ??= await launchBrowser();
      const context = await browser.newContext({ serviceWorkers: "block" });
      const asked = new Set();
      context.on("request", (request) => asked.add(new URL(request.url()).pathname));
      if (!knows) {
        await context.route("**/engine-choice.js", async (route) => {
          const response = await route.fetch();
          const script = await response.text();
          assert.ok(script.includes(FUSED));
          await route.fulfill({ response, body: script.replaceAll(FUSED, NO_SUCH) });
        });
      }
      const page = await AnalysisPage.open(context, url);
      const film = await scratch.file("face-short.mp4");
      compareFrameTables(await page.analyse(film), await analyzeNatively(scratch, film), LIMITS);
      assert.deepEqual([asked.has(RELAXED), asked.has(PLAIN)], [knows, !knows]);
      await context.close();
    });
  }

  test("engines: one that was not kept comes from the server once, and only of this version", async () => {
    const own = await StaticServer.start(DIST);
    const profile = await mkdtemp(path.join(tmpdir(), "mien-profile-"));
    const context = await launchWithProfile(profile);
    const page = await AnalysisPage.open(context, own.url);
    await page.untilReady();
    await page.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    await page.page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: 30_000 });
    await page.page.waitForFunction(() => caches.match("engine/web_engine_bg.wasm").then(Boolean), null, { timeout: 30_000 });
    // As a browser asks that has forgotten relaxed SIMD.
    const ask = () => page.page.evaluate((name) => fetch(name).then((response) => response.arrayBuffer()).then((bytes) => bytes.byteLength), PLAIN.slice(1));
    const { size } = await stat(path.join(DIST, PLAIN));
    for (let turn = 0; turn < 2; turn += 1) assert.equal(await ask(), size);
    assert.equal(own.requests.filter((name) => name === PLAIN).length, 1);
    await context.close();
    await own.stop();
    await rm(profile, { recursive: true, force: true });
  });
}
