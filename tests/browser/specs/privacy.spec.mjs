// Nothing leaves the computer: the policy stands, is kept, and holds; and the page needs no network once loaded.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { Watch, launchBrowser, launchWithProfile } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  test("the page's policy allows its own origin alone", async () => {
    browser = await launchBrowser();
    const page = await AnalysisPage.open(await browser.newContext(), url);
    const policy = await page.page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
    const directives = new Map(policy.split(";").map((part) => [part.trim().split(/\s+/)[0], part.trim().split(/\s+/).slice(1)]));
    assert.deepEqual(directives.get("connect-src"), ["'self'"]);
    assert.deepEqual(directives.get("default-src"), ["'none'"]);
    assert.deepEqual(directives.get("script-src")?.sort(), ["'self'", "'wasm-unsafe-eval'"]);
    const sources = [...directives.values()].flat();
    assert.ok(sources.every((source) => /^('self'|'none'|'wasm-unsafe-eval'|blob:|data:)$/.test(source)), sources.join(" "));
    await page.page.context().close();
  });

  test("a whole session asks no other origin and keeps the policy", async () => {
    const context = await browser.newContext();
    const watch = await Watch.of(context);
    const page = await AnalysisPage.open(context, url);
    await page.analyse(await scratch.file("face-short.mp4"));
    await page.smooth("mean", 5);
    for (const hook of ["export-csv", "export-affwild2", "export-vtt", "export-project"]) await page.save(hook);
    await page.open(await scratch.file("letter.mp4"));
    assert.deepEqual(watch.foreignRequests(new URL(url).origin), []);
    assert.deepEqual(watch.violations, []);
    assert.ok(watch.requests.some((address) => /engine.*\.wasm/.test(address)), "requests of workers are seen");
    await context.close();
  });

  test("what would leave is refused", async () => {
    const elsewhere = await StaticServer.start(DIST, { "Access-Control-Allow-Origin": "*" });
    const context = await browser.newContext();
    const watch = await Watch.of(context);
    const page = await AnalysisPage.open(context, url);
    const outcome = await page.page.evaluate(
      (address) => fetch(address).then((response) => `came through: ${response.status}`, () => "refused"),
      `${elsewhere.url}/index.html`,
    );
    assert.equal(outcome, "refused");
    assert.deepEqual(elsewhere.requests, []);
    assert.match(watch.violations.join(), /connect-src/);
    await elsewhere.stop();
    await context.close();
  });

  test("each large file comes once, also from a server that says nothing of versions", async () => {
    const own = await StaticServer.start(DIST);
    // With a profile, since a window without one keeps no file as large as the engine.
    const profile = await mkdtemp(path.join(tmpdir(), "mien-profile-"));
    const context = await launchWithProfile(profile);
    const page = await AnalysisPage.open(context, own.url);
    await page.untilReady();
    await page.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    await page.page.waitForFunction(() => caches.match("models/tiny.safetensors").then(Boolean), null, { timeout: 30_000 });
    const twice = new Set(own.requests.filter((name, place) => own.requests.indexOf(name) !== place));
    // The browser asks for the scripts of workers for each worker, for the icon for tab and page, and for the page once more.
    for (const small of ["/", "/icons/mien.svg", "/told-fetch.js", "/compute-worker.js", "/engine-choice.js", "/engine/web_engine.js"]) twice.delete(small);
    assert.deepEqual([...twice], []);
    assert.ok(!own.requests.includes("/models/demo.safetensors"), own.requests.join(" "));
    await context.close();
    await own.stop();
    await rm(profile, { recursive: true, force: true });
  });

  test("the page counts what is asked of the network, and without a request nothing was", async () => {
    const own = await StaticServer.start(DIST);
    // With a profile, since a window without one loads large files anew to store them.
    const profile = await mkdtemp(path.join(tmpdir(), "mien-profile-"));
    const context = await launchWithProfile(profile);
    const page = await AnalysisPage.open(context, own.url);
    await page.page.setViewportSize({ width: 1280, height: 800 });
    await page.untilReady();
    const until = (pattern) =>
      page.page.waitForFunction(
        (source) => new RegExp(source).test(document.querySelector('[data-testid="requests"]').textContent),
        pattern.source,
        { timeout: 60_000 },
      );
    await until(/^0 requests since loading, works offline$/);
    await page.page.waitForFunction(() => caches.match("models/tiny.safetensors").then(Boolean), null, { timeout: 30_000 });
    const before = own.requests.length;
    await page.analyse(await scratch.file("four-frames.mp4"));
    for (const hook of ["export-csv", "export-project"]) await page.save(hook);
    assert.deepEqual(own.requests.slice(before), [], "the server heard nothing");
    await until(/^0 requests/);
    await page.page.evaluate(() => fetch("no-such-file.txt").then(() => null));
    await until(/^1 request since loading/);
    assert.deepEqual(own.requests.slice(before), ["/no-such-file.txt"]);
    await context.close();
    await own.stop();
    await rm(profile, { recursive: true, force: true });
  });

  test("after the first load it works without any server", async () => {
    const own = await StaticServer.start(DIST);
    const context = await browser.newContext();
    const page = await AnalysisPage.open(context, own.url);
    await page.untilReady();
    await page.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    await page.page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: 30_000 });
    await page.page.waitForFunction(() => caches.match("models/tiny.safetensors").then(Boolean), null, { timeout: 30_000 });
    const offered = (of) => of.page.locator(".panel.model .shipped button").allTextContents();
    assert.deepEqual(await offered(page), ["Use Demo"], "beside the one in use");
    await own.stop();
    await context.setOffline(true);
    await page.page.reload();
    const rows = await page.analyse(await scratch.file("four-frames.mp4"));
    assert.equal(frameCount(rows), 4);
    const other = await AnalysisPage.open(context, own.url, { backend: "cpu" });
    assert.equal(await other.untilReady(), "ready");
    // Of the models those are offered that are kept: the one in use.
    assert.equal(await other.page.locator(".model-name").textContent(), "tiny.safetensors");
    assert.deepEqual(await offered(other), []);
    await context.close();
  });
}
