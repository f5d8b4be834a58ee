// The two engines: with relaxed SIMD, and for browsers without it.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { compareFrameTables } from "../support/frame_table.mjs";
import { analyzeNatively } from "../support/native.mjs";

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
}
