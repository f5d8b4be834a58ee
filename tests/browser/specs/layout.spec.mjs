// Wide and narrow, light and dark.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

const HOOKS = ["open-video", "open-model", "analyze", "cancel", "status", "backend", "smoothing", "window", "webcam"];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  for (const [name, viewport] of [["a phone", { width: 390, height: 844 }], ["a laptop", { width: 1280, height: 800 }]]) {
    test(`nothing needs sideways scrolling on ${name}, before and after an analysis`, async () => {
      browser ??= await launchBrowser();
      const page = await AnalysisPage.open(await browser.newContext({ viewport }), url);
      assert.equal(await page.scrollsSideways(), false, "empty page");
      await page.analyse(await scratch.file("four-frames.mp4"));
      assert.equal(await page.scrollsSideways(), false, "analysed page");
      assert.ok(await page.hook("timeline").isVisible(), "the timeline shows");
      await page.page.context().close();
    });
  }

  for (const [name, viewport] of [["a phone", { width: 390, height: 844 }], ["a laptop's page at 200 %", { width: 640, height: 400 }]]) {
    test(`on ${name} what can be pressed says what it is, and stands in lines`, async () => {
      browser ??= await launchBrowser();
      const page = await AnalysisPage.open(await browser.newContext({ viewport, hasTouch: true }), url);
      await page.analyse(await scratch.file("four-frames.mp4"));
      for (const word of ["Projects", "Open video", "Webcam", "Runs on"]) {
        assert.ok(await page.page.locator(".header").getByText(word, { exact: true }).isVisible(), `${word} is written out`);
      }
      // It counts from when the page is kept for use without a network.
      await page.hook("requests").waitFor();
      // However much stands beside it.
      await page.page.evaluate(() => { document.querySelector('[data-testid="status"]').style.minWidth = "130px"; });
      const right = await page.hook("requests").evaluate((text) => text.getBoundingClientRect().right);
      assert.ok(right <= viewport.width, `the count of requests ends within the page: ${right}`);
      const row = async (...places) => {
        const boxes = await Promise.all(places.map((place) => page.page.locator(place).boundingBox()));
        return new Set(boxes.map((box) => Math.round((box.y + box.height / 2) / 4))).size;
      };
      assert.equal(await row(".transport .play", ".transport button:last-child"), 1, "the player's buttons are one line");
      assert.equal(await row(".segments", ".zoom"), 1, "so are the zoom and what it zooms");
      assert.equal(await row('[data-testid="review-confirm"]', '[data-testid="review-next"]'), 1, "so are the review's two");
      const marks = page.page.getByTestId("lane-help");
      assert.equal(await marks.count(), 4, "each lane of labels has its sentence");
      // WCAG 2.2, 2.5.8.
      const reached = await marks.first().evaluate((mark) => {
        mark.scrollIntoView({ block: "center" });
        const { left, top, width, height } = mark.getBoundingClientRect();
        const [x, y] = [left + width / 2, top + height / 2];
        return [[-11, 0], [11, 0], [0, -11], [0, 11]].every(([right, down]) => document.elementFromPoint(x + right, y + down) === mark);
      });
      assert.ok(reached, "24 pixels reach a question mark");
      await page.page.context().close();
    });
  }

  test("a notice on a phone leaves the file's name, the face and the tools free", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await AnalysisPage.open(context, url);
    await page.untilReady();
    await page.hook("open-sample").click();
    await page.page.locator(".notices .notice").first().waitFor();
    assert.equal(await page.page.evaluate(() => scrollY), 0, "the page begins at its top");
    const notice = await page.page.locator(".notices").boundingBox();
    for (const place of [".file-name", ".stage", ".transport", ".timeline-tools"]) {
      const box = await page.page.locator(place).boundingBox();
      assert.ok(box.y + box.height <= notice.y, `${place} is not covered`);
    }
    await context.close();
  });

  test("the controls are there from the start, before the engine is", async () => {
    browser ??= await launchBrowser();
    const context = await browser.newContext();
    await context.route(/engine/, () => {});
    const page = await AnalysisPage.open(context, url);
    for (const hook of HOOKS) await page.hook(hook).waitFor({ state: "attached", timeout: 10_000 });
    assert.equal(await page.status(), "loading");
    await page.choose(await scratch.file("face-short.mp4"));
    await page.page.waitForFunction(() => document.querySelector("video")?.readyState >= 2, null, { timeout: 15_000 });
    await context.close();
  });

  test("light and dark differ and both can be read", async () => {
    const found = {};
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ colorScheme });
      const page = await AnalysisPage.open(context, url);
      await page.hook("status").waitFor({ state: "attached" });
      found[colorScheme] = await page.page.evaluate(contrastOfBody);
      await context.close();
    }
    assert.notDeepEqual(found.light, found.dark);
    for (const [scheme, { contrast }] of Object.entries(found)) {
      assert.ok(contrast >= 7, `${scheme}: text stands out by ${contrast}`);
    }
  });
}

// In the page: WCAG's contrast of the body's text against its background.
function contrastOfBody() {
  const channels = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.body);
  const isTransparent = style.backgroundColor === "rgba(0, 0, 0, 0)";
  const background = isTransparent ? getComputedStyle(document.documentElement).backgroundColor : style.backgroundColor;
  const [low, high] = [luminance(style.color), luminance(background)].sort((a, b) => a - b);
  return { background, color: style.color, contrast: (high + 0.05) / (low + 0.05) };
}
