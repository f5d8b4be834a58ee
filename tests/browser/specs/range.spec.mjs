// A range of frames that gets one label, and the line over the timeline that says where one is.

import assert from "node:assert/strict";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { makeProject } from "../support/project.mjs";

const FACE = [{ track: 0, from: 0, to: 72, box: [120, 60, 110, 130] }];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  const said = (segment) => ({ track: segment.track, start: segment.start, end: segment.end, label: segment.label, confirmed: segment.confirmed });

  test("a range is begun with a key, goes to the playhead, and gets one label", async () => {
    browser = await launchBrowser();
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1440, height: 900 } }), url);
    const project = makeProject({ video: "face.mp4", frames: 72, rate: 24, people: FACE, stretch: 12 });
    await page.openProject(scratch, project, await scratch.file("face.mp4"));
    await page.toFrame(10);
    await page.key("x");
    await page.until("review-said", /^Range from 0:00\.42/);
    await page.until("review-current", /^Range of 1 frame, /);
    for (let step = 0; step < 5; step += 1) await page.key(".");
    await page.until("review-current", /^Range of 6 frames, 0:00\.42 to 0:00\.67$/);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.range.png` });
    await page.key("3");
    await page.until("review-said", /^Painted Fear/);
    assert.deepEqual((await page.segments()).map(said), [{ track: 0, start: 10, end: 16, label: "fear", confirmed: true }]);
    await page.key("z");
    assert.deepEqual(await page.segments(), []);
    // Backwards too, and by the buttons.
    await page.toFrame(20);
    await page.key("x");
    for (let step = 0; step < 2; step += 1) await page.key(",");
    await page.until("review-current", /^Range of 3 frames/);
    await page.page.locator(".class-button.class-5").click();
    await page.until("review-said", /^Painted Sadness/);
    assert.deepEqual((await page.segments()).map(said), [{ track: 0, start: 18, end: 21, label: "sadness", confirmed: true }]);
    await page.key("z");
  });

  test("a range that is dropped, or left, labels nothing", async () => {
    await page.toFrame(5);
    await page.key("x");
    await page.key("Escape");
    await page.until("review-said", /^Range dropped/);
    assert.match(await page.text("review-current"), /not reviewed$/);
    await page.key("x");
    await page.key("x");
    await page.until("review-said", /^Range dropped/);
    assert.deepEqual(await page.segments(), []);
    // Whoever goes elsewhere meanwhile did not mean what lies between.
    await page.key("x");
    await page.hook("review-next").click();
    assert.doesNotMatch(await page.text("review-current"), /^Range/);
  });

  test("a range is drawn with control and the pointer", async () => {
    const { left, width, top, height } = await page.plot();
    const x = (frame) => left + ((frame + 0.5) / 72) * width;
    const y = top + height / 2;
    await page.page.mouse.move(x(20), y);
    await page.page.keyboard.down("Control");
    await page.page.mouse.down();
    await page.page.mouse.move(x(25), y, { steps: 3 });
    await page.page.mouse.move(x(31), y, { steps: 3 });
    await page.page.mouse.up();
    await page.page.keyboard.up("Control");
    await page.until("review-current", /^Range of 12 frames/);
    await page.key("1");
    await page.until("review-said", /^Painted Anger/);
    assert.deepEqual((await page.segments()).map(said), [{ track: 0, start: 20, end: 32, label: "anger", confirmed: true }]);
    await page.key("z");
  });

  test("the line over the timeline confirms and goes on, and follows where that is asked for", async () => {
    await page.key("Home");
    assert.equal((await page.sight()).width, 1);
    await page.hook("follow").click();
    await page.hook("review-next").click();
    await page.page.waitForFunction(() => parseFloat(document.querySelector('[data-testid="overview-window"]').style.width) < 50);
    await page.hook("review-confirm").click();
    await page.until("review-progress", /^1 of \d+ reviewed/);
    assert.equal((await page.segments()).length, 1);
    await page.hook("follow").click();
    assert.equal(await page.hook("follow").getAttribute("aria-pressed"), "false");
    const box = await page.page.locator(".review-bar").boundingBox();
    const timeline = await page.hook("timeline").boundingBox();
    assert.ok(box.y < timeline.y && box.height < 60, "it lies over the timeline in one line");
  });
}
