// Several videos: one after the other, each once, results in one zip.

import assert from "node:assert/strict";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount, readFrameTable } from "../support/frame_table.mjs";
import { annotationOf } from "../support/project_file.mjs";
import { textsOf, unzip } from "../support/unzip.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  test("videos are read in turn, one that is none does not stop the rest, and all results come as a zip", async () => {
    browser = await launchBrowser();
    const page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    const names = ["face-short.mp4", "letter.mp4", "four-frames.mp4"];
    await page.choose(await Promise.all(names.map((name) => scratch.file(name))));
    await page.until("batch-2", /four-frames\.mp4.*done/);
    assert.match(await page.text("batch-0"), /face-short\.mp4 done/);
    assert.match(await page.text("batch-1"), /letter\.mp4 not read/);
    const files = textsOf(unzip((await page.saveBytes("export-zip")).bytes));
    const expected = ["face-short", "four-frames"].flatMap((stem) => ["csv", "txt", "vtt", "eaf", "html", "svg", "mien.json"].map((ending) => `${stem}.${ending}`));
    assert.deepEqual([...files.keys()].sort(), [...expected, "abaw-submission.txt", "shares.csv", "shares.svg"].sort());
    const frames = (name) => frameCount(readFrameTable(files.get(name)));
    assert.deepEqual([frames("face-short.csv"), frames("four-frames.csv")], [12, 4]);
    assert.equal(files.get("abaw-submission.txt").trimEnd().split("\n").length, 17);
    // What the browser draws is the group's figure.
    const drawn = await page.page.evaluate(async (text) => {
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
      await image.decode();
      return image.naturalWidth;
    }, files.get("shares.svg"));
    assert.equal(drawn, 900);
    const [, ...shares] = files.get("shares.csv").trimEnd().split("\n").map((line) => line.split(","));
    for (const video of ["face-short.mp4", "four-frames.mp4"]) {
      const own = shares.filter(([name]) => name === video);
      assert.equal(own.length, 8, "a line for each class");
      assert.ok(Math.abs(own.reduce((sum, [, , , , share]) => sum + Number(share), 0) - 1) < 1e-4);
    }
    // A video of the list comes back as it was left.
    await page.untilStatusAfter(() => page.hook("batch-0").click(), /^done/);
    assert.deepEqual((await page.rows()).map((row) => row.frame), readFrameTable(files.get("face-short.csv")).map((row) => row.frame));
  });

  test("a finished video is reviewed while the others are read behind it", async () => {
    browser ??= await launchBrowser();
    const page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
    const names = ["face-short.mp4", "face-long.mp4", "four-frames.mp4"];
    await page.choose(await Promise.all(names.map((name) => scratch.file(name))));
    await page.until("batch-0", /done/);
    await page.until("batch-1", /being read/);
    await page.page.waitForFunction(() => /^analyzing [1-9]\d?%$/.test(globalThis.statusHistory.at(-1)));
    await page.hook("batch-0").click();
    await page.page.waitForFunction(() => document.querySelector(".file-name").textContent === "face-short.mp4");
    const short = await page.rows();
    assert.deepEqual([frameCount(short), short[0].video], [12, "face-short.mp4"]);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.batch.png` });
    // Labels are given meanwhile.
    await page.until("review-kept", /Kept/);
    await page.page.evaluate(() => document.activeElement.blur());
    await page.page.keyboard.press("3");
    await page.until("review-progress", /^1 of \d+ reviewed/);
    await page.page.waitForFunction(() => /done/.test(document.querySelector('[data-testid="batch-2"]').textContent), null, { timeout: 120_000 });
    assert.match(await page.text("batch-1"), /done/);
    assert.equal(await page.page.locator(".file-name").textContent(), "face-short.mp4", "the review is not disturbed");
    assert.ok((await page.rows()).some((row) => row.reviewed === 3));
    await page.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done");
    // What was read behind is whole, as if it had been on the stage.
    await page.untilStatusAfter(() => page.hook("batch-1").click(), /^done/);
    const long = await page.rows();
    assert.deepEqual([frameCount(long), long[0].video], [288, "face-long.mp4"]);
    await page.untilStatusAfter(() => page.hook("batch-0").click(), /^done/);
    assert.ok((await page.rows()).some((row) => row.reviewed === 3), "labels are still there");
    const files = textsOf(unzip((await page.saveBytes("export-zip")).bytes));
    const rowsOf = (name) => frameCount(readFrameTable(files.get(name)));
    assert.deepEqual(["face-short.csv", "face-long.csv", "four-frames.csv"].map(rowsOf), [12, 288, 4]);
    await page.page.context().close();
  });

  test("what is read behind can be brought to the front", async () => {
    browser ??= await launchBrowser();
    const page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
    await page.choose(await Promise.all(["four-frames.mp4", "face-long.mp4"].map((name) => scratch.file(name))));
    await page.until("batch-0", /done/);
    await page.page.waitForFunction(() => /^analyzing [1-9]\d?%$/.test(globalThis.statusHistory.at(-1)));
    // Labels that are laid beside a video go behind the stage with it.
    const labels = annotationOf(Array.from({ length: 288 }, (_, frame) => (frame < 100 ? 4 : 1)));
    await page.hook("open-labels").setInputFiles(await scratch.write("beside.txt", labels));
    await page.hook("batch-0").click();
    await page.page.waitForFunction(() => document.querySelector(".file-name").textContent === "four-frames.mp4");
    await page.hook("batch-1").click();
    await page.page.waitForFunction(() => document.querySelector(".file-name").textContent === "face-long.mp4");
    await page.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done", null, { timeout: 120_000 });
    assert.equal(frameCount(await page.rows()), 288);
    await page.until("batch-1", /done/);
    await page.until("metrics", /beside\.txt/);
    await page.page.context().close();
  });

  test("labels that are read slowly lie beside the video they were opened for", async () => {
    browser ??= await launchBrowser();
    const page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
    await page.page.evaluate(() => {
      const read = Blob.prototype.arrayBuffer;
      Blob.prototype.arrayBuffer = async function () {
        if (/\.txt$/.test(this.name ?? "")) await new Promise((done) => (globalThis.letGo = done));
        return read.call(this);
      };
    });
    const letGo = async () => {
      await page.page.waitForFunction(() => globalThis.letGo);
      await page.page.evaluate(() => globalThis.letGo());
    };
    const labelsOf = (frames, name) => scratch.write(name, annotationOf(Array.from({ length: frames }, (_, frame) => (frame % 2 ? 4 : 1))));
    await page.choose(await Promise.all(["four-frames.mp4", "face-long.mp4"].map((name) => scratch.file(name))));
    await page.until("batch-0", /done/);
    await page.page.waitForFunction(() => /^analyzing [1-9]\d?%$/.test(globalThis.statusHistory.at(-1)));
    await page.openLabels(await labelsOf(288, "slow.txt"));
    // The video goes behind the stage before its labels are read.
    await page.hook("batch-0").click();
    await page.page.waitForFunction(() => document.querySelector(".file-name").textContent === "four-frames.mp4");
    await letGo();
    await page.hook("batch-1").click();
    await page.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done", null, { timeout: 120_000 });
    await page.until("metrics", /slow\.txt/);
    // Labels that come with a video are read before the video is open.
    await page.page.evaluate(() => (globalThis.letGo = undefined));
    const both = [await scratch.file("face-short.mp4"), await labelsOf(12, "quick.txt")];
    await page.untilStatusAfter(() => page.choose(both), /^done/);
    await letGo();
    await page.until("metrics", /quick\.txt/);
    await page.page.context().close();
  });
}
