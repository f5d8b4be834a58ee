// A model that learns from corrections: figures on videos that it has not seen, a file that the program takes, and its use in the page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { compareFrameTables } from "../support/frame_table.mjs";
import { analyzeNatively } from "../support/native.mjs";

const VIDEOS = ["face.mp4", "face-short.mp4"];
const LIMITS = { time: 1e-3, box: 1, probability: 1e-3 };
// A class that the model never says of these films.
const DISGUST = 2;

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  let model;
  afterAll(() => browser?.close());

  /** Every frame of the video on the stage gets this label. */
  async function labelAll(key, name) {
    await page.key("Home");
    await page.key("x");
    await page.key("End");
    await page.until("review-current", /^Range of /);
    await page.key(key);
    await page.until("review-said", new RegExp(`^Painted ${name}`));
  }

  test("learning: there is nothing to learn from until something is reviewed", async () => {
    browser = await launchBrowser();
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.choose(await Promise.all(VIDEOS.map((name) => scratch.file(name))));
    await page.until("batch-1", /done/);
    assert.match(await page.text("learning-material"), /^Nothing is reviewed/);
    assert.ok(await page.hook("learn").isDisabled());
    await labelAll("2", "Disgust");
    await page.until("learning-material", /^\d+ reviewed frames, 1 person in 1 video\.$/);
    await page.hook("learn").click();
    await page.until("learned", /^Not measured: all reviewed frames are of one person in one video/);
    assert.equal(await page.hook("learned-figures").count(), 0);
  });

  test("learning: what was said of one video is found in the other, and the figures say so", async () => {
    await page.untilStatusAfter(() => page.hook("batch-0").click(), /^done/);
    await page.until("review-kept", /^Kept/);
    const before = await page.rows();
    assert.ok(before.filter((row) => row.smoothed === DISGUST).length < before.length / 4, "the model says something else");
    await labelAll("2", "Disgust");
    await page.until("learning-material", /^\d+ reviewed frames, 2 people in 2 videos\.$/);
    await page.hook("learn").click();
    await page.until("learned", /in 2 videos/);
    const figures = await page.hook("learned-figures").locator("tbody td").allTextContents();
    const [accuracy, , learned] = figures.map(Number);
    assert.ok(accuracy < 0.25 && learned > 0.95, `${figures}`);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.learning.png`, fullPage: true });
    const saved = await Promise.all([page.page.waitForEvent("download", { timeout: 30_000 }), page.hook("learned-save").click()]);
    assert.equal(saved[0].suggestedFilename(), "tiny-corrected.safetensors");
    model = await saved[0].path();
  });

  test("learning: page and program read with the new model, and say the same", async () => {
    await page.untilStatusAfter(() => page.hook("learned-use").click(), /^(ready|done)$/);
    await page.page.waitForFunction(() => document.querySelector(".model-name").textContent === "tiny-corrected.safetensors");
    assert.match(await page.page.locator(".model-note").textContent(), /^Its heads have learned from \d+ reviewed frames of 2 videos\. /);
    const video = await scratch.file("four-frames.mp4");
    const found = await page.analyse(video);
    compareFrameTables(found, await analyzeNatively(scratch, video, "--model", model), LIMITS);
    assert.ok(found.every((row) => row.smoothed === DISGUST), "a third film gets the label too");
  });

  test("learning: what another model has read is learned from too, and each learning has a name of its own", async () => {
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.choose(await Promise.all(["double-speed.mp4", "face-short.mp4"].map((name) => scratch.file(name))));
    await page.until("batch-1", /done/);
    await labelAll("2", "Disgust");
    await page.untilStatusAfter(() => page.hook("batch-0").click(), /^done/);
    await page.until("review-kept", /^Kept/);
    await labelAll("2", "Disgust");
    const corrected = { name: "tiny-corrected.safetensors", mimeType: "", buffer: await readFile(model) };
    await page.untilStatusAfter(() => page.hook("open-model").setInputFiles(corrected), /^(ready|done)$/);
    await page.page.waitForFunction(() => document.querySelector(".model-name").textContent === "tiny-corrected.safetensors");
    await page.until("learning-material", /^\d+ reviewed frames, 2 people in 2 videos\.$/);
    await page.hook("learn").click();
    await page.until("learned", /^Not measured: this model has learned from corrections before/);
    await page.untilNoticed(/Not learned from: double-speed\.mp4/);
    const [saved] = await Promise.all([page.page.waitForEvent("download", { timeout: 30_000 }), page.hook("learned-save").click()]);
    assert.equal(saved.suggestedFilename(), "tiny-corrected-2.safetensors");
  });

  test("learning: it can be given up, and the model in force stays", async () => {
    await page.analyse(await scratch.file("face-long.mp4"));
    await page.key("3");
    await page.until("learning-material", /reviewed frames/);
    await page.hook("learn").click();
    await page.hook("learning-progress").waitFor({ state: "visible" });
    await page.hook("learning-cancel").click();
    await page.hook("learning-progress").waitFor({ state: "hidden" });
    assert.ok(await page.hook("learned").isHidden());
    await page.page.waitForFunction(() => !document.querySelector('[data-testid="learn"]').disabled);
    assert.equal(await page.page.locator(".model-name").textContent(), "tiny-corrected.safetensors");
    assert.equal(await page.status(), "done");
  });
}
