// The two engines: with relaxed SIMD, and for browsers without it.

import assert from "node:assert/strict";
import { mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
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

  /** A page that is kept whole; `ask` fetches the engine that was not kept, as a browser does that has forgotten relaxed SIMD. */
  async function keptPage(root, body) {
    browser ??= await launchBrowser();
    const own = await StaticServer.start(root);
    const context = await browser.newContext();
    const page = await AnalysisPage.open(context, own.url);
    await page.page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: 30_000 });
    await page.page.waitForFunction(() => caches.match("engine/web_engine_bg.wasm").then(Boolean), null, { timeout: 30_000 });
    const ask = () =>
      page.page.evaluate((name) => fetch(name).then((response) => response.arrayBuffer()).then((bytes) => bytes.byteLength), PLAIN.slice(1));
    await body(ask, () => own.requests.filter((name) => name === PLAIN).length);
    await context.close();
    await own.stop();
  }

  test("engines: one that was not kept comes from the server once", async () => {
    await keptPage(DIST, async (ask, asked) => {
      const { size } = await stat(path.join(DIST, PLAIN));
      for (let turn = 0; turn < 2; turn += 1) assert.equal(await ask(), size);
      assert.equal(asked(), 1);
    });
  });

  test("engines: one of another version is not mixed with the page that is kept", async () => {
    const root = await scratch.folderFor("engines");
    for (const name of (await readdir(DIST)).filter((name) => name !== "engine")) await symlink(path.join(DIST, name), path.join(root, name));
    await mkdir(path.join(root, "engine"));
    for (const name of await readdir(path.join(DIST, "engine"))) await symlink(path.join(DIST, "engine", name), path.join(root, "engine", name));
    await rm(path.join(root, PLAIN));
    await writeFile(path.join(root, PLAIN), "a newer one");
    await keptPage(root, async (ask, asked) => {
      await assert.rejects(ask, /Failed to fetch/);
      assert.ok(asked() > 0);
    });
  });
}
