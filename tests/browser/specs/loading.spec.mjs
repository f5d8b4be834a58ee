// What stands before the page's own code is there, and what is said while it comes.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";

const UI = "/web-app_bg.wasm";
const ENGINE = "/engine/web_engine_bg.wasm";

export function declare({ test, afterAll }, { scratch }) {
  let browser;
  afterAll(() => browser?.close());

  /** A page whose server holds some files back until it is told to let go. */
  async function heldPage(held, body) {
    browser ??= await launchBrowser();
    const server = await StaticServer.start(DIST);
    for (const name of held) server.held.add(name);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
    const page = await context.newPage();
    try {
      await page.goto(`${server.url}/?backend=cpu&model=tiny`);
      await body(page, server);
    } finally {
      await context.close();
      await server.stop();
    }
  }

  const texts = (page, within) =>
    page.evaluate(
      (root) => [".tagline", ".about", ".drop-title", ".brand"].map((part) => document.querySelector(`${root} ${part}`).textContent.trim()),
      within,
    );

  test("before its code is there the page says what it is, in the words that stay", async () => {
    await heldPage([UI], async (page, server) => {
      await page.locator("#first-paint .tagline").waitFor();
      const first = await texts(page, "#first-paint");
      const before = await page.locator("#first-paint .tagline").boundingBox();
      if (process.env.MIEN_SCREENSHOT) await page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.first-paint.png` });
      server.letGo();
      await page.getByTestId("status").waitFor({ state: "attached" });
      assert.equal(await page.locator("#first-paint").count(), 0);
      assert.deepEqual(await texts(page, "body"), first);
      const after = await page.locator(".tagline").boundingBox();
      assert.ok(Math.abs(after.y - before.y) < 2, `the first line stays where it was: ${before.y}, ${after.y}`);
    });
  });

  test("a video that is chosen before the code is there waits, is said to wait, and is read", async () => {
    await heldPage([UI], async (page, server) => {
      await page.locator("#first-paint input").setInputFiles(await scratch.file("four-frames.mp4"));
      await page.waitForFunction(() => /^four-frames\.mp4: waits/.test(document.querySelector(".first-waits").textContent));
      server.letGo();
      await page.waitForFunction(() => document.querySelector('[data-testid="status"]')?.textContent === "done", null, { timeout: 120_000 });
      assert.equal(frameCount(await new AnalysisPage(page).rows()), 4);
    });
  });

  test("so does one that is dropped", async () => {
    await heldPage([UI], async (page, server) => {
      await page.locator("#first-paint").waitFor();
      // The script that listens may come a moment after what is seen.
      await page.waitForFunction(() => {
        const dropped = new DataTransfer();
        dropped.items.add(new File(["{"], "early.mien.json"));
        window.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, cancelable: true }));
        return document.querySelector(".first-waits").textContent.startsWith("early.mien.json");
      });
      server.letGo();
      await page.waitForFunction(() => document.querySelector(".notices")?.textContent.includes("early.mien.json"));
    });
  });

  test("what comes is told in megabytes and as a bar: the page, the engine, the model", async () => {
    browser ??= await launchBrowser();
    const server = await StaticServer.start(DIST);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
    const page = await context.newPage();
    await page.addInitScript(() => {
      globalThis.told = [];
      new MutationObserver(() => {
        const text = document.querySelector(".first-said")?.textContent;
        const step = document.querySelector(".step")?.textContent;
        const bar = document.querySelector("progress.loaded");
        if (text) globalThis.told.push(text);
        if (step) globalThis.told.push(`${step}${bar && !bar.classList.contains("is-off") ? ` [${bar.value}]` : ""}`);
      }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    await page.goto(`${server.url}/?backend=cpu&model=tiny`);
    await page.waitForFunction(() => document.querySelector('[data-testid="status"]')?.textContent === "ready", null, { timeout: 120_000 });
    const told = await page.evaluate(() => globalThis.told);
    const all = told.join("\n");
    assert.match(all, /^Loading the page: (\d+\.\d) of \1 MB$/m, "the page came whole");
    assert.match(all, /^loading the engine: (\d+\.\d) of \1 MB \[100\]$/m, "so did the engine");
    assert.match(all, /^loading the model: \d+\.\d of \d+\.\d MB \[\d+\]$/m);
    assert.equal(await page.locator("progress.loaded").isVisible(), false, "nothing is left of it");
    await context.close();
    await server.stop();
  });

  test("a page whose code cannot be had says so", async () => {
    browser ??= await launchBrowser();
    const server = await StaticServer.start(DIST, {}, [UI]);
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /web-app_bg\.wasm: the server says 404/);
    await page.close();
    await server.stop();
  });

  test("an engine that comes late is waited for by what was opened", async () => {
    await heldPage([ENGINE], async (page, server) => {
      await page.getByTestId("open-video").setInputFiles(await scratch.file("four-frames.mp4"));
      assert.equal(await page.getByTestId("status").textContent(), "loading");
      server.letGo();
      await page.waitForFunction(() => document.querySelector('[data-testid="status"]').textContent === "done", null, { timeout: 120_000 });
    });
  });
}
