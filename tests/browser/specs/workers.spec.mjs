// Compute workers that stop, that cannot be started, that never answer: each job has an end, and the page goes on.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, frameCount } from "../support/frame_table.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";
import {
  SILENT_AT_MODEL,
  SILENT_AT_WIDE_FRAMES,
  STOPS_AT_WIDE_FRAMES,
  TRAPPED_AT_WIDE_FRAMES,
  fastClock,
  putBefore,
} from "../support/worker_faults.mjs";

// As the engine has it.
const MOST_WORKERS = 8;
const COMPUTE = "/compute-worker.js";
const COORDINATOR = "/engine-worker.js";

export function declare({ test, afterAll }, { scratch }) {
  let browser;
  afterAll(() => browser?.close());

  /** A page of a server of its own, whose scripts the test can take away or change. No service worker has them. */
  async function pageWith({ compute = "", times, coordinator = "", query }, body) {
    browser ??= await launchBrowser();
    const missing = [];
    const server = await StaticServer.start(DIST, {}, missing);
    if (compute) putBefore(server, COMPUTE, compute, times);
    if (coordinator) putBefore(server, COORDINATOR, coordinator);
    const context = await browser.newContext({ serviceWorkers: "block" });
    try {
      await body(await AnalysisPage.open(context, server.url, query), server, missing);
    } finally {
      await context.close();
      await server.stop();
    }
  }

  /** Opens a video again and again, since a job ends when two workers stopped over its frames, and there may be more. */
  async function openUntilSaid(page, name, pattern) {
    const statuses = [];
    while (statuses.length < MOST_WORKERS) {
      const status = await page.open(await scratch.file(name));
      statuses.push(status);
      assert.ok(status.startsWith(`error: ${name}: `), status);
      if (pattern.test(status)) return;
    }
    assert.fail(`none matches ${pattern}: ${statuses.join(" | ")}`);
  }

  async function worksAgain(page) {
    const rows = await page.analyse(await scratch.file("four-frames.mp4"));
    assert.equal(frameCount(rows), 4);
    assert.ok(rows.every((row) => row.box), "the face is found in every frame");
  }

  test("all workers stop and cannot be started again: the job says so, and the page works when they can", () =>
    pageWith({ compute: STOPS_AT_WIDE_FRAMES }, async (page, server, missing) => {
      assert.equal(await page.untilReady(), "ready");
      missing.push(COMPUTE);
      await openUntilSaid(page, "face-short.mp4", /compute-worker\.js cannot be loaded/);
      await openUntilSaid(page, "face.webm", /^error: face\.webm: no worker can be started \(compute-worker\.js cannot be loaded\)/);
      missing.pop();
      server.edits.clear();
      await worksAgain(page);
    }));

  for (const [what, compute] of [
    ["stop", STOPS_AT_WIDE_FRAMES],
    ["are trapped", TRAPPED_AT_WIDE_FRAMES],
  ]) {
    test(`workers ${what} over the same frames again and again: the job says so, and other frames are read`, () =>
      pageWith({ compute }, async (page) => {
        await page.untilReady();
        const status = await page.open(await scratch.file("face-short.mp4"));
        assert.match(status, /^error: face-short\.mp4: .*stopped twice over it.*stops for a test/);
        assert.equal((await page.analyse(await scratch.file("no-face.mp4"))).length, 25);
      }));
  }

  test("workers never answer to some frames: they are ended, the job says so, and other frames are read", () =>
    pageWith({ compute: SILENT_AT_WIDE_FRAMES, coordinator: fastClock("analyze") }, async (page) => {
      await page.untilReady();
      const status = await page.open(await scratch.file("face-short.mp4"));
      assert.match(status, /^error: face-short\.mp4: .*gave no answer for 300 s/);
      assert.equal((await page.analyse(await scratch.file("no-face.mp4"))).length, 25);
    }));

  test("one worker never answers: another takes its frames, and none is missing", () =>
    pageWith({ compute: SILENT_AT_WIDE_FRAMES, times: 1, coordinator: fastClock("analyze") }, async (page) => {
      await page.untilReady();
      const rows = await page.analyse(await scratch.file("face.mp4"));
      checkFrameTable(rows);
      assert.equal(frameCount(rows), 72);
    }));

  for (const [what, arrange] of [
    ["whose script never comes", (server) => server.held.add(COMPUTE)],
    ["that never take the model", (server) => putBefore(server, COMPUTE, SILENT_AT_MODEL)],
  ]) {
    test(`workers stop, and have successors ${what}: the job says so, and the page works when they do`, () =>
      pageWith({ compute: STOPS_AT_WIDE_FRAMES, coordinator: fastClock("analyze") }, async (page, server) => {
        await page.untilReady();
        arrange(server);
        await openUntilSaid(page, "face-short.mp4", /gave no answer for 300 s/);
        server.release();
        server.edits.clear();
        await worksAgain(page);
      }));
  }

  test("workers that never come up are said at the start", () =>
    pageWith({ compute: SILENT_AT_MODEL, coordinator: fastClock("start") }, async (page) => {
      await page.untilStatusAfter(() => {}, /^error: .*gave no answer for 300 s/);
    }));

  test("a graphics adapter that never answers counts as lost: the CPU goes on", () => {
    const query = { backend: "webgpu", model: "tiny" };
    return pageWith({ compute: SILENT_AT_WIDE_FRAMES, times: 1, coordinator: fastClock("analyze"), query }, async (page) => {
      await page.untilReady();
      assert.match(await page.backend(), /^WebGPU/);
      const rows = await page.analyse(await scratch.file("face-short.mp4"));
      assert.equal(frameCount(rows), 12);
      assert.ok(rows.every((row) => row.box), "the face is found in every frame");
      await page.untilNoticed(/adapter was lost.*goes on with the CPU/i);
      assert.match(await page.backend(), /^CPU/);
    });
  });
}
