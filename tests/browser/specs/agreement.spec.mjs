// Labels of files against ours: figures by their definitions, cells that lead to their frames, files that do not fit.

import assert from "node:assert/strict";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { annotationOf, elanOf, kappaOf, macroF1Of, projectOf } from "../support/project_file.mjs";

// 72 frames, as face.mp4 has: Neutral, Happiness, Anger, Happiness.
const OURS = [...Array(30).fill(0), ...Array(18).fill(4), ...Array(9).fill(1), ...Array(15).fill(4)];
const THEIRS = OURS.map((label, frame) => (frame < 5 ? -1 : frame > 40 && frame < 52 ? 5 : label));
const SMOOTHED = "Smoothed";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  const near = (found, expected) => assert.ok(Math.abs(found - expected) <= 0.0005 + 1e-9, `${found}, expected ${expected}`);

  async function labels(name, text, pattern = new RegExp(name.replace(".", "\\."))) {
    await page.openLabels(await scratch.write(name, text));
    await page.until("metrics", pattern);
  }

  test("predictions made elsewhere open without analysing, and macro F1 and kappa are those of the definitions", async () => {
    browser = await launchBrowser();
    page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.openPredictions(await scratch.write("p.mien.json", JSON.stringify(projectOf(OURS))), 72);
    await labels("theirs.txt", annotationOf(THEIRS));
    const pairs = THEIRS.map((label, frame) => [label, OURS[frame]]).filter(([label]) => label >= 0);
    assert.match(await page.text("metrics"), /67 frames/);
    near(await page.figure("macro-f1"), macroF1Of(pairs));
    near(await page.figure("kappa"), kappaOf(pairs));
    near(await page.figure("accuracy"), pairs.filter(([a, b]) => a === b).length / 67);
  });

  test("kappa over segments says what a segment is", async () => {
    await page.hook("agreement-window").fill("0");
    await page.hook("agreement-window").press("Tab");
    await page.until("segment-kappa-hint", /stretch in which neither side changes/);
    const pairs = THEIRS.map((label, frame) => [label, OURS[frame]]);
    const stretches = pairs.filter((pair, i) => pair[0] >= 0 && (i === 0 || String(pair) !== String(pairs[i - 1])));
    near(await page.figure("segment-kappa"), kappaOf(stretches));
    await page.hook("agreement-window").fill("0.5");
    await page.hook("agreement-window").press("Tab");
    await page.until("segment-kappa-hint", /windows of 0\.5 s/);
    const most = (labels) => [...Array(8).keys()].sort((a, b) => count(labels, b) - count(labels, a) || a - b)[0];
    const count = (labels, wanted) => labels.filter((label) => label === wanted).length;
    const windows = [0, 12, 24, 36, 48, 60].map((start) => pairs.slice(start, start + 12).filter(([label]) => label >= 0));
    near(await page.figure("segment-kappa"), kappaOf(windows.map((inside) => [0, 1].map((side) => most(inside.map((p) => p[side]))))));
  });

  test("a cell of the confusion matrix leads to each of its frames", async () => {
    await page.hook("confusion").locator("summary").click();
    const frames = THEIRS.flatMap((label, frame) => (label === 5 && OURS[frame] === 1 ? [frame] : []));
    assert.equal(await page.text("cell-5-1"), String(frames.length));
    const walked = [];
    for (const _ of frames) {
      await page.hook("cell-5-1").click();
      walked.push(Number((await page.text("cell-said")).match(/Frame (\d+)/)[1]));
    }
    assert.deepEqual(walked, frames);
    assert.ok(await page.hook("cell-7-7").isDisabled());
  });

  test("any two lanes, and the classes one by one", async () => {
    await page.compare(SMOOTHED, "Frame");
    await page.until("metrics", /72 frames: Frame against Smoothed/);
    assert.equal(await page.figure("kappa"), 1);
    await page.hook("by-class").locator("summary").click();
    const happiness = await page.hook("by-class").locator("tr", { hasText: "Happiness" }).locator("td").allTextContents();
    assert.deepEqual(happiness, ["1.000", "1.000", "1.000", "33"]);
  });

  test("ELAN files, change points and our own files mean the same", async () => {
    const spans = [[0, 1250, "Neutral"], [1250, 2000, "happy"], [2000, 2375, "Anger"], [2375, 3000, "Happiness"]];
    await labels("t.eaf", elanOf({ gaze: [[0, 900, "left"]], coder: spans }), /72 frames.*t\.eaf/);
    assert.equal(await page.figure("kappa"), 1);
    await page.untilNoticed(/tiers without expressions were left out: gaze/);
    await labels("points.txt", "0 Neutral\n1.25 4\n2 Anger\n0:02.375 Happiness\n", /72 frames.*points\.txt/);
    assert.equal(await page.figure("kappa"), 1);
    await labels("own.csv", (await page.save("export-csv")).text, /72 frames.*own\.csv/);
    assert.equal(await page.figure("kappa"), 1);
  });

  test("labels of another length are asked about, with both numbers", async () => {
    const before = await page.text("metrics");
    await page.openLabels(await scratch.write("long.txt", annotationOf([...OURS, 0, 0, 0])));
    assert.match(await page.answer(false), /long\.txt labels 75 frames, the video has 72: 3 too many at the end/);
    assert.equal(await page.text("metrics"), before);
    await page.openLabels(await scratch.write("long.txt", annotationOf([...OURS, 0, 0, 0])));
    await page.answer(true);
    await page.until("metrics", /72 frames.*long\.txt/);
    await page.openLabels(await scratch.write("short.txt", annotationOf(OURS.slice(0, 60))));
    assert.match(await page.answer(true), /labels 60 frames, the video has 72: 12 are missing/);
    await page.until("metrics", /60 frames.*short\.txt/);
  });

  test("files that cannot be taken say why, and the project stays as it is", async () => {
    const before = await page.project();
    const csv = (await page.save("export-csv")).text;
    const segment = (start, end) => ({ track: 0, start, end, label: "fear", confirmed: true });
    const overlapping = projectOf(OURS, { reviewed: [segment(2, 9), segment(5, 12)] });
    for (const [name, text, ...patterns] of [
      ["tiers.eaf", elanOf({ "Face 1": [[0, 500, "sad"]], "coder B": [[0, 500, "happy"]] }), /coder B/, /Face 1/],
      ["notes.eaf", elanOf({ notes: [[0, 500, "hello"]] }), /no tier holds expression classes/, /notes/],
      ["overlap.eaf", elanOf({ "Face 1": [[0, 500, "sad"], [400, 800, "fear"]] }), /overlap at 0\.400 s/],
      ["columns.csv", csv.replace("p_fear", "q").replace("smoothed", "s"), /no column `p_fear`, `smoothed`/],
      ["new.json", JSON.stringify({ ...projectOf(OURS), version: 99 }), /version 99 is newer/],
      ["overlap.json", JSON.stringify(overlapping), /two reviewed segments of face 1 overlap: frames 2 to 9 and 5 to 12/],
      ["letter.txt", "Dear reader,\nhow are you?\n", /none of the known formats/],
      ["empty.txt", annotationOf([-1, -1]), /no frame is labelled/],
    ]) {
      await page.openLabels(await scratch.write(name, text));
      await page.untilNoticed(new RegExp(name.replace(".", "\\.")), ...patterns);
      if (!name.endsWith(".json")) continue;
      await page.choose(await scratch.write(name, text));
      await page.untilNoticed(...patterns);
    }
    await page.hook("open-predictions").setInputFiles(await scratch.write("columns.csv", csv.replace("p_fear", "q")));
    await page.untilNoticed(/columns\.csv/, /no column `p_fear`/);
    assert.deepEqual(await page.project(), before);
  });

  test("200,000 segments are taken", async () => {
    const points = Array.from({ length: 200_000 }, (_, i) => `${(i * 0.000015).toFixed(6)} ${i % 8}`).join("\n");
    await labels("many.txt", points, /72 frames.*many\.txt/);
    const reviewed = Array.from({ length: 200_000 }, (_, i) => ({ track: 0, start: i, end: i + 1, label: "fear", confirmed: i % 2 === 0 }));
    const file = await scratch.write("many.mien.json", JSON.stringify(projectOf(OURS, { reviewed })));
    await page.openPredictions(file, 72);
    // What was open before has 72 frames too: the new file is there when its labels are.
    const patience = Date.now() + 30_000;
    let rows = await page.rows();
    while (rows[0].reviewed === null && Date.now() < patience) rows = await page.rows();
    assert.deepEqual(rows.map((row) => row.reviewed), rows.map((row) => (row.frame % 2 === 0 ? 3 : null)));
  });
}
