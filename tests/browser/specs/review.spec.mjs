// The annotator's way through a video: confirm, correct, take back, leave, come back, take away.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let context;
  let page;
  afterAll(() => browser?.close());

  const reviewed = async () => (await page.rows()).map((row) => row.reviewed);
  const frames = (labels) => labels.filter((label) => label !== null).length;
  const said = (hook) => page.hook(hook).textContent();

  /** Waits until what `hook` says matches. */
  async function until(hook, pattern) {
    await page.page.waitForFunction(
      ({ hook, source }) => new RegExp(source).test(document.querySelector(`[data-testid="${hook}"]`).textContent),
      { hook, source: pattern.source },
      { timeout: 15_000 },
    );
  }

  test("keys label the doubtful segments, one step each, and undo gives each back", async () => {
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await AnalysisPage.open(context, url);
    await page.analyse(await scratch.file("face.mp4"));
    await until("review-kept", /Kept/);
    // The clip has one long segment: two cuts make three, which are the person's word.
    await page.page.evaluate(() => document.activeElement.blur());
    for (let cut = 0; cut < 2; cut += 1) {
      for (let step = 0; step < 10; step += 1) await page.page.keyboard.press(".");
      await page.page.keyboard.press("s");
    }
    await until("review-progress", /^3 of 3 reviewed/);
    const states = [await reviewed()];
    assert.equal(frames(states[0]), 72);
    // Two of them lose their label: they are what is left to look at.
    for (const back of ["", "["]) {
      if (back) await page.page.keyboard.press(back);
      await page.page.keyboard.press("Delete");
      states.push(await reviewed());
      assert.ok(frames(states.at(-1)) < frames(states.at(-2)), "Delete takes a label away");
    }
    // What was cut there is one again.
    await until("review-progress", /^1 of 2 reviewed/);
    await page.hook("review-next").click();
    await page.page.keyboard.press("Enter");
    states.push(await reviewed());
    assert.equal(frames(states.at(-1)), 72, "Enter confirms");
    for (const [key, label] of [["3", 3], ["5", 5]]) {
      await page.page.keyboard.press(key);
      states.push(await reviewed());
      assert.ok(states.at(-1).includes(label), `${key} gives a label`);
      await page.page.keyboard.press("[");
    }
    await until("review-progress", /^2 of 2 reviewed/);
    for (const state of states.slice(0, -1).reverse()) {
      await page.hook("undo").click();
      assert.deepEqual(await reviewed(), state);
    }
    for (let cut = 0; cut < 2; cut += 1) await page.hook("undo").click();
    assert.ok(await page.hook("undo").isDisabled());
    for (let cut = 0; cut < 2; cut += 1) await page.hook("redo").click();
    for (const state of states.slice(1)) {
      await page.hook("redo").click();
      assert.deepEqual(await reviewed(), state);
    }
  });

  test("reviewed frames outlive smoothing and a new analysis", async () => {
    const before = await reviewed();
    await page.smooth("block", 12);
    assert.deepEqual(await reviewed(), before);
    await page.untilStatusAfter(() => page.hook("analyze").click(), /^done/);
    assert.deepEqual(await reviewed(), before);
  });

  test("exports carry reviewed labels", async () => {
    const rows = await page.rows();
    const expected = rows.map((row) => row.reviewed ?? row.smoothed);
    const annotation = (await page.save("export-affwild2")).text.trimEnd().split("\n").slice(1).map(Number);
    assert.deepEqual(annotation, expected);
    const { name, text } = await page.save("export-eaf");
    assert.match(name, /\.eaf$/);
    const runs = expected.filter((label, i) => i === 0 || label !== expected[i - 1]).length;
    const tier = (id) => text.match(new RegExp(`TIER_ID="${id}">([^]*?)</TIER>`))[1].match(/<ANNOTATION_VALUE>/g).length;
    assert.equal(tier("Face 1"), runs);
    const reviewed = rows.filter((row, i) => row.reviewed !== null && row.reviewed !== rows[i - 1]?.reviewed).length;
    assert.equal(tier("Face 1 reviewed"), reviewed, "what is confirmed stands on a tier of its own");
    for (const lane of ["frame", "temporal", "smoothed"]) assert.ok(tier(`Face 1 ${lane}`) > 0);
    const project = JSON.parse((await page.save("export-project")).text);
    assert.equal(project.version, 2);
    assert.equal(project.reviewed.filter((segment) => segment.confirmed).length, 2);
  });

  test("a second tab cannot change what the first one reviews", async () => {
    const other = await AnalysisPage.open(context, url);
    await other.choose(await scratch.file("face.mp4"));
    await other.untilNoticed(/Another tab reviews this video/);
    await other.page.close();
  });

  test("a killed tab loses nothing", async () => {
    const before = await reviewed();
    await until("review-kept", /Kept/);
    await page.page.close();
    page = await AnalysisPage.open(context, url);
    await page.analyse(await scratch.file("face.mp4"));
    await page.untilNoticed(/2 reviewed segments of this video came back/);
    assert.deepEqual(await reviewed(), before);
  });

  test("what was done before the page was left can be taken back after it, and done again", async () => {
    const before = await reviewed();
    await page.page.evaluate(() => document.activeElement.blur());
    await page.page.keyboard.press("Control+z");
    await until("review-said", /^Undone: /);
    assert.notDeepEqual(await reviewed(), before);
    await until("review-kept", /Kept/);
    await page.page.close();
    page = await AnalysisPage.open(context, url);
    await page.analyse(await scratch.file("face.mp4"));
    // It can be pressed once the labels are back.
    await page.hook("redo").click();
    await until("review-said", /^Done again: /);
    assert.deepEqual(await reviewed(), before);
    await until("review-kept", /Kept/);
  });

  test("cut, join and clear change what they name only", async () => {
    await page.page.evaluate(() => document.activeElement.blur());
    await page.page.keyboard.press("u");
    const total = async () => Number((await said("review-progress")).match(/of (\d+)/)[1]);
    const before = await total();
    await page.page.keyboard.press(".");
    await page.page.keyboard.press("s");
    await until("review-said", /^Cut in two/);
    assert.equal(await total(), before + 1);
    await page.page.keyboard.press("Control+z");
    await until("review-said", /^Undone: Cut in two/);
    assert.equal(await total(), before);
  });

  test("the help lists the keys", async () => {
    await page.page.keyboard.press("?");
    await page.hook("help-dialog").waitFor({ state: "visible" });
    assert.match(await said("help-dialog"), /Next doubtful segment/);
    await page.page.keyboard.press("Escape");
    await page.hook("help-dialog").waitFor({ state: "hidden" });
  });
}
