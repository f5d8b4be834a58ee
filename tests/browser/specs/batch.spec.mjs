// Several videos: one after the other, each once, results in one zip.

import assert from "node:assert/strict";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount, readFrameTable } from "../support/frame_table.mjs";
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
    const expected = ["face-short", "four-frames"].flatMap((stem) => ["csv", "txt", "vtt", "eaf"].map((ending) => `${stem}.${ending}`));
    assert.deepEqual([...files.keys()].sort(), [...expected, "abaw-submission.txt"].sort());
    const frames = (name) => frameCount(readFrameTable(files.get(name)));
    assert.deepEqual([frames("face-short.csv"), frames("four-frames.csv")], [12, 4]);
    assert.equal(files.get("abaw-submission.txt").trimEnd().split("\n").length, 17);
    // A video of the list comes back as it was left.
    await page.untilStatusAfter(() => page.hook("batch-0").click(), /^done/);
    assert.deepEqual((await page.rows()).map((row) => row.frame), readFrameTable(files.get("face-short.csv")).map((row) => row.frame));
  });
}
