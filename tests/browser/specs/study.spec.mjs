// A review that can be reported: blind, and with an audit of what the queue leaves out.

import assert from "node:assert/strict";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { makeProject } from "../support/project.mjs";

const FACE = [{ track: 0, from: 0, to: 72, box: [120, 60, 110, 130] }];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let context;
  let page;
  afterAll(() => browser?.close());

  async function workspace() {
    browser ??= await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const opened = await AnnotatorPage.open(context, url);
    const project = makeProject({ video: "face.mp4", frames: 72, rate: 24, people: FACE, stretch: 6 });
    await opened.openProject(scratch, project, await scratch.file("face.mp4"));
    await opened.hook("review-modes").locator("summary").click();
    return opened;
  }

  /** Colours of classes that are drawn on the page's canvases, by the palette of the page itself. */
  const drawnClasses = () =>
    page.page.evaluate(() => {
      const hexes = [...document.querySelectorAll(".class-button")].map((button) => getComputedStyle(button).borderLeftColor);
      const wanted = new Set(hexes.map((text) => text.match(/\d+/g).slice(0, 3).join()));
      const found = new Set();
      for (const canvas of document.querySelectorAll(".timeline canvas, [data-testid=overview] canvas, .stage canvas")) {
        if (!canvas.width || !canvas.height) continue;
        // Beside the plot the names of the classes have their colours all the time.
        const from = canvas.closest(".timeline") ? 92 * devicePixelRatio : 0;
        const { data } = canvas.getContext("2d").getImageData(from, 0, canvas.width - from, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
          const colour = data.slice(at, at + 3).join();
          if (data[at + 3] === 255 && wanted.has(colour)) found.add(colour);
        }
      }
      return found.size;
    });

  test("blind: nothing that a network says is seen before the person has decided", async () => {
    page = await workspace();
    await page.toFrame(3);
    const before = await page.text("review-current");
    assert.doesNotMatch(before, /^Hidden/);
    await page.page.waitForFunction(() => document.querySelectorAll('.class-button[aria-pressed="true"]').length === 1);
    assert.ok((await drawnClasses()) > 1, "colours of classes are drawn at first");
    await page.hook("blind").check();
    assert.match(await page.until("review-current", /^Hidden, /), /not reviewed$/);
    assert.equal(await page.page.locator(".moment-label").textContent(), "Hidden");
    assert.ok((await page.page.locator(".bar-share").allTextContents()).every((share) => share === "-"));
    assert.equal(await page.page.locator('.class-button[aria-pressed="true"]').count(), 0);
    assert.ok((await page.queue()).every((line) => line.startsWith("Hidden, ")));
    await page.page.waitForTimeout(300);
    assert.equal(await drawnClasses(), 0, "no class is drawn on the timeline");
    await page.page.waitForFunction(() => /Hidden/.test(document.querySelector('[data-testid="timeline"]').getAttribute("aria-valuetext")));
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.blind.png` });
    await page.key("Enter");
    await page.until("review-said", /a label of your own first/);
    for (const key of ["s", "m", "i", "o"]) await page.key(key);
    assert.deepEqual(await page.segments(), [], "and nothing is confirmed unseen");
    await page.key("3");
    await page.until("review-said", /^(Labelled Fear|Fear confirmed)/);
    assert.equal((await page.segments()).length, 1);
    await page.toFrame(3);
    assert.match(await page.until("review-current", /^Fear, /), /, reviewed$/);
    await page.page.waitForFunction(() => document.querySelector(".moment-label").textContent === "Fear");
    await page.key("z");
    await page.hook("blind").uncheck();
    await page.toFrame(3);
    assert.equal(await page.text("review-current"), before);
  });

  test("an audit draws segments that the queue leaves out, and the report tells its error rate", async () => {
    const all = await page.queue();
    const doubts = all.map((line) => Number(line.match(/doubt (\d+)%/)[1]));
    const least = Math.max(...doubts);
    await page.hook("audit-share").selectOption("50");
    assert.match(await page.until("audit", /leaves no segment out/), /^Audit/);
    await page.hook("least-doubt").fill(String(Math.min(100, least + 1)));
    const drawn = await page.queue();
    assert.ok(drawn.length > 0 && drawn.length < all.length, `${drawn.length} of ${all.length}`);
    assert.ok(drawn.every((line) => line.endsWith("drawn for the audit")));
    await page.until("audit", new RegExp(`0 of ${drawn.length} drawn segments decided`));
    // The first is labelled anew, the others are confirmed.
    const first = await page.hook("queue").locator("button").first();
    const name = drawn[0].split(",")[0];
    await first.click();
    await page.key(name === "Fear" ? "5" : "3");
    await page.until("audit", /Wrong of these: 1, an error rate of 100 %/);
    for (let left = drawn.length - 1; left > 0; left -= 1) {
      await page.hook("queue").locator("button").first().click();
      await page.key("Enter");
      await page.page.waitForFunction((left) => document.querySelectorAll('[data-testid="queue"] button').length === left - 1, left);
    }
    const said = await page.until("audit", new RegExp(`${drawn.length} of ${drawn.length} drawn segments decided`));
    const rate = Math.round(100 / drawn.length);
    assert.match(said, new RegExp(`error rate of ${rate} % \\(\\d+ to \\d+ %, 95 % interval\\)`));
    const { text } = await page.save("export-report");
    assert.ok(text.includes(said), "the report says the same");
    // One label was given blind, in the test before, and taken back: it was a decision all the same.
    const decisions = drawn.length + 1;
    assert.ok(text.includes(`Partly blind: predictions were hidden at 1 of ${decisions} decisions.`), text.match(/<h2>Review<.*?<\/p>/s)?.[0]);
    assert.deepEqual((await page.project()).decisions, { blind: 1, seeing: drawn.length });
    await page.until("review-kept", /^Kept/);
  });

  test("the playhead goes to a frame or a time that is typed", async () => {
    const goTo = page.hook("go-to");
    await page.key("g");
    await page.page.keyboard.type("50");
    await page.page.keyboard.press("Enter");
    await page.page.waitForFunction(() => document.querySelector(".clock-frame").textContent.startsWith("frame 50 "));
    await goTo.fill("0:01.25");
    await goTo.press("Enter");
    await page.page.waitForFunction(() => document.querySelector(".clock-frame").textContent.startsWith("frame 30 "));
    await goTo.fill("9999");
    await goTo.press("Enter");
    await page.page.waitForFunction(() => document.querySelector(".clock-frame").textContent.startsWith("frame 71 "));
    await goTo.fill("soon");
    await goTo.press("Enter");
    assert.equal(await goTo.getAttribute("aria-invalid"), "true");
    assert.equal(await page.frame(), 71, "what is no place leads nowhere");
    // It is corrected where it stands: no digit of it is taken for a label.
    const before = await page.segments();
    await goTo.focus();
    await page.page.keyboard.type("later");
    await page.page.keyboard.press("Enter");
    await page.page.keyboard.type("3");
    assert.equal(await goTo.inputValue(), "3");
    await page.page.keyboard.press("Escape");
    assert.deepEqual([await goTo.inputValue(), await goTo.getAttribute("aria-invalid")], ["", "false"]);
    assert.deepEqual(await page.segments(), before);
    // What was typed and left is not gone to.
    await goTo.fill("60");
    await page.page.keyboard.press("Tab");
    assert.equal(await page.frame(), 71);
    await goTo.fill("3");
    await goTo.press("Enter");
    assert.equal(await goTo.getAttribute("aria-invalid"), "false");
  });

  test("each lane says what it is, and which one exports take", async () => {
    const marks = page.hook("lane-help");
    const said = await marks.evaluateAll((all) => all.map((mark) => mark.getAttribute("aria-label")));
    assert.deepEqual(said.map((text) => text.split(":")[0]), ["Frame", "Temporal", "Smoothed", "Reviewed"]);
    assert.equal(said.filter((text) => text.includes("Exports take it")).length, 2);
    await marks.nth(2).click();
    await page.page.locator(".lane-said.is-on").waitFor({ state: "visible" });
    assert.equal(await page.page.locator(".lane-said.is-on").textContent(), said[2]);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.lanes.png` });
    await marks.nth(2).click();
    assert.equal(await page.page.locator(".lane-said.is-on").count(), 0);
  });

  test("after a reload the landing goes on with what was worked on last", async () => {
    const progress = (await page.text("review-progress")).match(/^\d+ of \d+ reviewed/)[0];
    const said = await page.segments();
    await page.page.reload();
    const button = page.hook("continue");
    await button.waitFor({ state: "visible", timeout: 30_000 });
    assert.equal((await button.textContent()).trim(), `Continue face.mp4 (${progress})`);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.continue.png` });
    await button.click();
    await page.until("review-progress", new RegExp(`^${progress}`));
    assert.deepEqual(await page.segments(), said);
    assert.equal((await page.project()).decisions.blind, 1, "how it was decided is kept as well");
    await page.hook("review-modes").locator("summary").click();
    assert.equal(await page.hook("audit-share").inputValue(), "50", "the share stays from visit to visit");
  });
}
