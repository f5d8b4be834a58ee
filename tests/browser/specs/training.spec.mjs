// The loop closes: what is corrected in the page trains the native program.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { readFrameTable } from "../support/frame_table.mjs";
import { MIEN, TINY_MODEL } from "../support/settings.mjs";
import { unzip } from "../support/unzip.mjs";

const run = promisify(execFile);
// A network and a run that take seconds.
const SMALL = `
[model]
input_size = 32
blocks = [1, 1, 1, 1]
width = 4

[training]
batch = 4
steps = 4
steps_an_epoch = 2

[refine]
layers = 1
heads = 2
d_model = 16
d_ff = 16
batch = 2
steps = 4
steps_an_evaluation = 2
`;

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let folder;
  let rows;
  afterAll(() => browser?.close());

  const mien = (...command) => run(MIEN, command, { cwd: folder });

  /** Analyses a video, labels parts of it by keys, and unpacks its export into the folder; returns the names in the zip. */
  async function exported(video, keys) {
    const page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.analyse(await scratch.file(video));
    await page.until("review-kept", /Kept/);
    for (const [frame, key] of keys) {
      await page.toFrame(frame);
      if (frame > 0) await page.key("s");
      await page.key(key);
    }
    const found = await page.rows();
    const [saved] = await Promise.all([page.page.waitForEvent("download", { timeout: 60_000 }), page.hook("export-training").click()]);
    const files = unzip(await readFile(await saved.path()));
    for (const [name, bytes] of files) {
      await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
      await writeFile(path.join(folder, name), bytes);
    }
    await page.page.context().close();
    return { rows: found, names: [...files.keys()] };
  }

  test("the export holds a face for every reviewed frame, and no other", async () => {
    browser = await launchBrowser();
    folder = await scratch.folderFor("loop");
    const first = await exported("face.mp4", [[0, "3"], [40, "4"], [60, "Backspace"]]);
    rows = first.rows;
    const reviewed = rows.filter((row) => row.reviewed !== null && row.box);
    assert.ok(reviewed.length > 20 && reviewed.length < 72, `${reviewed.length} of 72 frames are reviewed`);
    assert.ok(reviewed.some((row) => row.reviewed === 3) && reviewed.some((row) => row.reviewed === 4));
    const crops = reviewed.map((row) => `cropped_aligned/face/${String(row.frame + 1).padStart(5, "0")}.jpg`);
    assert.deepEqual(first.names.filter((name) => name.endsWith(".jpg")), crops);
    const labels = (await readFile(path.join(folder, "annotations/face.txt"), "utf8")).trimEnd().split("\n").slice(1);
    assert.deepEqual(labels.map(Number), rows.map((row) => row.reviewed ?? -1));
  });

  test("the faces are framed as the recogniser frames them", async () => {
    // The native program takes each picture as the face; it must see what the page saw in the video.
    await mien("analyze", "cropped_aligned/face", "--whole-frame", "--model", TINY_MODEL, "--device", "cpu", "--out", "seen");
    const [table] = (await readdir(path.join(folder, "seen"))).filter((name) => name.endsWith(".csv"));
    const seen = readFrameTable(await readFile(path.join(folder, "seen", table), "utf8"));
    const inVideo = rows.filter((row) => row.reviewed !== null && row.box);
    assert.equal(seen.length, inVideo.length);
    const same = seen.filter((row, place) => row.raw === inVideo[place].raw).length;
    console.log(`        ${same} of ${seen.length} faces get the label that the page gave them`);
    assert.ok(same >= 0.9 * seen.length, `${same} of ${seen.length}`);
  });

  test("data, pretrain and refine run on what was unpacked", async () => {
    await exported("face-short.mp4", [[0, "3"], [6, "4"]]);
    await mkdir(path.join(folder, "validation"));
    await rename(path.join(folder, "annotations/face-short.txt"), path.join(folder, "validation/face-short.txt"));
    const config = await readFile(path.join(folder, "mien.toml"), "utf8");
    const looked = await mien("data", "--config", "mien.toml", "--json");
    const found = JSON.parse(looked.stdout);
    console.log(`        ${JSON.stringify(found).slice(0, 300)}`);
    await writeFile(path.join(folder, "small.toml"), config.replace(/\[refine\]\s*$/, SMALL));
    await mien("pretrain", "--config", "small.toml", "--device", "cpu");
    await access(path.join(folder, "run/student.safetensors"));
    await mien("refine", "--config", "small.toml", "--device", "cpu");
    const told = await mien("info", "run/model.safetensors", "--json");
    assert.match(told.stdout, /temporal/);
  });

  test("an export can be given up, and gives way to a new analysis", async () => {
    const page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.analyse(await scratch.file("face-long.mp4"));
    await page.until("review-kept", /Kept/);
    await page.toFrame(0);
    await page.key("3");
    const downloads = [];
    page.page.on("download", (download) => downloads.push(download));
    await page.page.evaluate(() => {
      document.querySelector('[data-testid="export-training"]').click();
      setTimeout(() => document.querySelector('[data-testid="export-cancel"]').click());
    });
    await page.hook("export-progress").waitFor({ state: "hidden" });
    await page.page.evaluate(() => {
      document.querySelector('[data-testid="export-training"]').click();
      setTimeout(() => document.querySelector('[data-testid="analyze"]').click());
    });
    await page.untilNoticed(/training\.zip was not finished/);
    await page.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done", null, { timeout: 120_000 });
    assert.deepEqual(downloads, []);
    await page.page.context().close();
  });
}
