// A video in, a table out, the same as from the native program.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { Watch, launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, compareFrameTables, frameCount } from "../support/frame_table.mjs";
import { analyzeNatively } from "../support/native.mjs";

const LIMITS = { time: 1e-3, box: 1, probability: 1e-3 };

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  let watch;
  afterAll(() => browser?.close());

  async function openPage() {
    if (page) return;
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    watch = await Watch.of(context);
    page = await AnalysisPage.open(context, url);
  }

  /** Rows of the page and of the native program, at once. */
  async function bothSides(name) {
    await openPage();
    const video = await scratch.file(name);
    return Promise.all([page.analyse(video), analyzeNatively(scratch, video)]);
  }

  test("the page opens and its engine gets ready on the CPU", async () => {
    await openPage();
    assert.equal(await page.untilReady(), "ready");
    assert.match(await page.backend(), /^CPU/);
  });

  test("a real video: its rows are those of mien analyze", async () => {
    const [found, expected] = await bothSides("face.mp4");
    checkFrameTable(found);
    assert.equal(frameCount(found), 72);
    assert.ok(found.filter((row) => row.box).length >= 70, "the face is seen in nearly every frame");
    assert.ok(found.every((row) => row.video === "face.mp4"), "file name in the rows");
    console.log(`        largest differences: ${JSON.stringify(compareFrameTables(found, expected, LIMITS))}`);
    for (const label of ["raw", "temporal", "smoothed"]) {
      const differing = found.filter((row, index) => row[label] !== expected[index][label]);
      // A near tie of two classes may fall either way within the limit on probabilities, but not after smoothing.
      const clear = label === "smoothed" ? differing : differing.filter((row) => margin(row) > 2 * LIMITS.probability);
      assert.deepEqual(clear, [], `rows whose ${label} label differs`);
    }
    const said = await page.statusHistory();
    assert.ok(said.some((text) => /^analyzing \d+%$/.test(text)), `status said ${said}`);
  });

  for (const [name, what, frames] of [
    ["variable-rate.mp4", "a variable frame rate", 21],
    ["rotated.mp4", "a picture that a display matrix sets upright", 17],
    ["face.webm", "VP9 in WebM", 24],
    ["bt601.mp4", "a colour matrix that the file names", 12],
    ["odd-size.webm", "odd width and height", 10],
  ]) {
    test(`${what}: its rows are those of mien analyze`, async () => {
      const [found, expected] = await bothSides(name);
      checkFrameTable(found);
      assert.equal(frameCount(found), frames);
      compareFrameTables(found, expected, LIMITS);
      assert.ok(found.some((row) => row.box), "a face is found");
    });
  }

  test("a picture is one frame", async () => {
    const found = await page.analyse(await scratch.file("face.jpg"));
    checkFrameTable(found);
    assert.equal(frameCount(found), 1);
    assert.ok(found[0].box, "the face is found");
  });

  test("a picture shows nothing over time, and its labels last a second: on both sides", async () => {
    const [found, expected] = await bothSides("face.png");
    checkFrameTable(found);
    compareFrameTables(found, expected, LIMITS);
    for (const [row] of [found, expected]) {
      assert.ok(row.box && row.raw !== null, "the face is found");
      assert.equal(row.temporal, null);
      assert.equal(row.smoothed, row.raw);
      assert.deepEqual(row.probabilities, row.rawProbabilities);
    }
    const { text: cues } = await page.save("export-vtt");
    assert.deepEqual(cues.match(/.+ --> .+/g), ["00:00:00.000 --> 00:00:01.000"]);
    const { text: tiers } = await page.save("export-eaf");
    // The face's own labels, and its lanes: frame and smoothed.
    const once = ['TIME_VALUE="0"', 'TIME_VALUE="1000"'];
    assert.deepEqual(tiers.match(/TIME_VALUE="\d+"/g), [...once, ...once, ...once]);
    const project = JSON.parse((await page.save("export-project")).text);
    assert.equal(project.unrelated, true);
    assert.equal(project.start_s, 0);
    assert.equal(project.timeline.frames[0].faces[0].temporal, null);
  });

  test("a video without faces has every frame and says no face", async () => {
    const found = await page.analyse(await scratch.file("no-face.mp4"));
    checkFrameTable(found);
    assert.equal(found.length, 25);
    assert.ok(found.every((row) => row.track === "" && row.box === null), "no face");
    assert.ok(found.every((row) => row.probabilities === null && row.smoothed === null), "nothing made up");
  });

  test("the analysis can be run again and says the same", async () => {
    const first = await page.analyse(await scratch.file("face-short.mp4"));
    await page.untilStatusAfter(() => page.hook("analyze").click(), /^done$/);
    assert.deepEqual(await page.rows(), first);
  });

  test("no exception was left uncaught in the page", async () => {
    assert.deepEqual(watch.exceptions, []);
  });
}

function margin(row) {
  const [first, second] = [...row.probabilities].sort((a, b) => b - a);
  return first - second;
}
