// What a person does with a result: smooth it, save it, move through it with the keyboard.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { argmax, smoothedByDefinition } from "../support/frame_table.mjs";

const CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  let rows;
  afterAll(() => browser?.close());

  test("a video is analysed", async () => {
    browser = await launchBrowser();
    page = await AnalysisPage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
    rows = await page.analyse(await scratch.file("face.mp4"));
    assert.equal(new Set(rows.map((row) => row.track)).size, 1, "one face, one track");
    if (process.env.MIEN_SCREENSHOT) await keepPicture(page);
  });

  test("smoothing and window change the labels at once, and the network is not run again", async () => {
    const said = (await page.statusHistory()).length;
    for (const [way, window] of [["none", 30], ["block", 10], ["mean", 9], ["sliding", 5], ["sliding", 30]]) {
      await page.smooth(way, window);
      const expected = smoothedByDefinition(way, window, rows);
      const found = await untilSmoothed(page, expected);
      const wrong = found.filter((row, i) => expected[i] !== null && row.smoothed !== expected[i]);
      assert.deepEqual(wrong, [], `${way}, window ${window}`);
      const rest = ({ smoothed, ...others }) => others;
      assert.deepEqual(found.map(rest), rows.map(rest), "nothing but the smoothed label changes");
    }
    assert.equal((await page.statusHistory()).length, said, "status stays `done`");
  });

  test("export: per-frame csv", async () => {
    const { name, text } = await page.save("export-csv");
    assert.match(name, /^face.*\.csv$/);
    assert.equal(text.trimEnd().split("\n").length, 73);
    assert.ok(rows.every((row) => row.temporal === argmax(row.probabilities)), "probabilities are the temporal ones");
  });

  test("export: Aff-Wild2 text", async () => {
    const { name, text } = await page.save("export-affwild2");
    assert.match(name, /^face.*\.txt$/);
    const [header, ...labels] = text.trimEnd().split(/\r?\n/);
    assert.equal(header, CLASSES.join(","));
    assert.deepEqual(labels.map(Number), rows.map((row) => row.smoothed));
  });

  test("export: WebVTT that the browser itself reads", async () => {
    const { name, text } = await page.save("export-vtt");
    assert.match(name, /^face.*\.vtt$/);
    assert.match(text, /^WEBVTT/);
    const cues = await page.page.evaluate(cuesOf, text);
    const runs = rows.filter((row, i) => i === 0 || row.smoothed !== rows[i - 1].smoothed);
    assert.equal(cues.length, runs.length, "one cue for each run of equal labels");
    runs.forEach((row, i) => {
      assert.ok(Math.abs(cues[i].start - row.time) < 2e-3, `cue ${i} starts at ${cues[i].start}, expected ${row.time}`);
      assert.match(cues[i].text, new RegExp(CLASSES[row.smoothed]));
    });
  });

  test("export: a project that opens again with the same rows", async () => {
    const { name, text } = await page.save("export-project");
    assert.match(name, /^face.*\.json$/);
    assert.ok(JSON.parse(text), "it is JSON");
    await page.analyse(await scratch.file("no-face.mp4"));
    await page.choose(await scratch.write(name, text));
    await page.page.waitForFunction(() => !document.querySelector('[data-testid="export-csv"]').disabled);
    const deadline = Date.now() + 15_000;
    let again = await page.rows();
    while (again.length !== rows.length && Date.now() < deadline) again = await page.rows();
    assert.deepEqual(again, rows);
    await page.analyse(await scratch.file("face.mp4"));
  });

  test("keyboard: play, step a frame, jump a second", async () => {
    await page.page.locator("body").click({ position: { x: 2, y: 2 } });
    await page.page.evaluate(() => (document.querySelector("video").currentTime = 0));
    const start = await settled(page);
    await page.page.keyboard.press(".");
    const stepped = await settled(page);
    assert.ok(Math.abs(stepped - start - 1 / 24) < 0.03, `from ${start} to ${stepped}: one frame of 1/24 s`);
    await page.page.keyboard.press("ArrowRight");
    const jumped = await settled(page);
    assert.ok(Math.abs(jumped - stepped - 1) < 0.05, `from ${stepped} to ${jumped}: one second`);
    await page.page.keyboard.press("k");
    await page.page.waitForFunction(() => !document.querySelector("video").paused);
    await page.page.keyboard.press("k");
    await page.page.waitForFunction(() => document.querySelector("video").paused);
  });

  test("keyboard: every control can be reached and shows that it is", async () => {
    await page.page.locator("body").click({ position: { x: 2, y: 2 } });
    const reached = new Set();
    for (let presses = 0; presses < 120; presses += 1) {
      await page.page.keyboard.press("Tab");
      const hook = await page.page.evaluate(() => document.activeElement.closest("[data-testid]")?.dataset.testid);
      if (hook) reached.add(hook);
    }
    for (const hook of ["open-video", "open-model", "analyze", "timeline", "smoothing", "window", "export-csv", "webcam"]) {
      assert.ok(reached.has(hook), `Tab reaches ${hook}; it reached ${[...reached]}`);
    }
  });

  test("a click on the timeline seeks", async () => {
    const box = await page.hook("timeline").boundingBox();
    await page.page.mouse.click(box.x + box.width * 0.75, box.y + 10);
    const late = await settled(page);
    await page.page.mouse.click(box.x + box.width * 0.3, box.y + 10);
    const early = await settled(page);
    assert.ok(late > early + 0.5, `a click on the right leads to ${late} s, one on the left to ${early} s`);
  });
}

/** A picture of the page in the middle of the video, for the README. */
async function keepPicture(page) {
  await page.page.evaluate(() => {
    const video = document.querySelector("video");
    video.currentTime = video.duration / 2;
  });
  await settled(page);
  await page.page.screenshot({ path: process.env.MIEN_SCREENSHOT });
}

/** Rows as soon as their smoothed labels are the expected ones, or after two seconds as they are. */
async function untilSmoothed(page, expected) {
  const deadline = Date.now() + 2000;
  for (;;) {
    const rows = await page.rows();
    const isThere = rows.every((row, i) => expected[i] === null || row.smoothed === expected[i]);
    if (isThere || Date.now() > deadline) return rows;
  }
}

/** The video's time once it no longer changes. */
async function settled(page) {
  let before = -1;
  for (let tries = 0; tries < 40; tries += 1) {
    await page.page.waitForTimeout(150);
    const isSeeking = await page.page.evaluate(() => document.querySelector("video").seeking);
    const { time } = await page.playback();
    if (time === before && !isSeeking) return time;
    before = time;
  }
  return before;
}

// In the page: its own reader of subtitles.
function cuesOf(text) {
  return new Promise((resolve, reject) => {
    const video = document.createElement("video");
    const track = document.createElement("track");
    track.src = URL.createObjectURL(new Blob([text], { type: "text/vtt" }));
    track.default = true;
    track.addEventListener("load", () => {
      resolve([...track.track.cues].map((cue) => ({ start: cue.startTime, end: cue.endTime, text: cue.text })));
    });
    track.addEventListener("error", () => reject(new Error("the browser refuses the subtitles")));
    video.append(track);
    document.body.append(video);
    track.track.mode = "hidden";
  });
}
