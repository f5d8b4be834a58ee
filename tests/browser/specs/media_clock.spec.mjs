// When a video's frames are shown: which of them, and from which time on the media's own clock, beside ffprobe.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { checkFrameTable } from "../support/frame_table.mjs";

const run = promisify(execFile);

// Times are written with six digits.
const ROUNDING_S = 2e-6;

const FILES = [
  ["face-short.mp4", "no sound, an edit list that begins with the first frame"],
  ["late-picture.mp4", "the picture after the sound, both late"],
  ["late-sound.mp4", "the sound after the picture"],
  ["late-alone.mp4", "a late picture without sound"],
  ["late-picture.webm", "WebM, whose sound begins before 0"],
  ["late-picture.mkv", "MKV"],
  ["in-fragments.mp4", "fragments"],
  ["half-in-fragments.mp4", "an index, and fragments behind it"],
  ["without-edits.mp4", "no edit list"],
  ["negative-offsets.mp4", "frames that are shown before they are decoded"],
  ["trimmed.mp4", "an edit list that leaves frames out at both ends"],
];

/** Times of the frames that ffmpeg shows, from the first, and the first's from the earliest start of all streams. */
async function expectedOf(file) {
  const entries = "format=start_time:frame=best_effort_timestamp_time";
  const command = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", file];
  const { format, frames } = JSON.parse((await run("ffprobe", command, { maxBuffer: 2 ** 26 })).stdout);
  const times = frames.map((frame) => Number(frame.best_effort_timestamp_time));
  return { start: times[0] - Number(format.start_time), times: times.map((time) => time - times[0]) };
}

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  async function freshPage() {
    browser = await launchBrowser();
    const context = await browser.newContext();
    await context.addInitScript(keepOpened);
    return AnalysisPage.open(context, url);
  }

  for (const [name, what] of FILES) {
    test(`${what} (${name})`, async () => {
      page ??= await freshPage();
      const file = await scratch.file(name);
      const expected = await expectedOf(file);
      const rows = await page.analyse(file);
      checkFrameTable(rows);
      const times = [...new Map(rows.map((row) => [row.frame, row.time])).values()];
      assert.equal(times.length, expected.times.length, "frames");
      times.forEach((time, frame) => {
        assert.ok(Math.abs(time - expected.times[frame]) < ROUNDING_S, `frame ${frame}: ${time}, not ${expected.times[frame]}`);
      });
      const start = await page.page.evaluate(() => globalThis.opened.start_s);
      assert.ok(Math.abs(start - expected.start) < ROUNDING_S, `begins at ${start}, not at ${expected.start}`);
      console.log(`        begins at ${start.toFixed(6)} s, ${times.length} frames`);
    });
  }

  test("a picture stands at 0", async () => {
    page ??= await freshPage();
    await page.analyse(await scratch.file("face.jpg"));
    assert.equal(await page.page.evaluate(() => globalThis.opened.start_s), 0);
  });
}

// Runs in the page before its own code: keeps what the engine said last of an opened file.
function keepOpened() {
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (data?.message?.type === "opened") globalThis.opened = data.message;
      });
    }
  };
}
