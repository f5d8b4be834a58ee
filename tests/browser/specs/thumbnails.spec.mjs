// Small pictures of the film over its timeline: those of the frames in sight.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

const run = promisify(execFile);
const GUTTER = 92;

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  /** Mean brightness of the strip at these parts of its plot, `null` where nothing is drawn. */
  const strip = (parts) =>
    page.page.evaluate(({ parts, gutter }) => {
      const canvas = document.querySelector('[data-testid="thumbnails"] canvas');
      if (!canvas.width || !canvas.height) return parts.map(() => null);
      const ratio = canvas.width / canvas.getBoundingClientRect().width;
      const left = gutter * ratio;
      return parts.map((part) => {
        const x = Math.round(left + part * (canvas.width - left)) - 4;
        const { data } = canvas.getContext("2d").getImageData(x, 4, 8, canvas.height - 8);
        let [sum, count] = [0, 0];
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] < 255) return null;
          sum += (data[at] + data[at + 1] + data[at + 2]) / 3;
          count += 1;
        }
        return sum / count;
      });
    }, { parts, gutter: GUTTER });

  async function until(parts, holds) {
    let found;
    for (let turn = 0; turn < 150; turn += 1) {
      found = await strip(parts);
      if (holds(found)) return found;
      await page.page.waitForTimeout(100);
    }
    throw new Error(`the strip has ${found}`);
  }

  test("thumbnails: they show the film where it is, and nothing moves when they come", async () => {
    browser = await launchBrowser();
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 1000 } }), url);
    // Dark, then light: two seconds each.
    const film = await scratch.write("dark-then-light.mp4", Buffer.alloc(0));
    const halves = ["color=#202020:size=320x240:rate=24:duration=2", "color=#d0d0d0:size=320x240:rate=24:duration=2"];
    const inputs = halves.flatMap((half) => ["-f", "lavfi", "-i", half]);
    const made = ["-y", "-v", "error", ...inputs, "-filter_complex", "concat=n=2:v=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", film];
    await run("ffmpeg", made);
    await page.page.evaluate(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) globalThis.shifts += shift.hadRecentInput ? 0 : shift.value;
      }).observe({ type: "layout-shift" });
    });
    await page.analyse(film);
    const [first, , , last] = await until([0.1, 0.3, 0.7, 0.9], (found) => found.every((value) => value !== null));
    assert.ok(Math.abs(first - 0x20) < 12 && Math.abs(last - 0xd0) < 12, `${first}, ${last}`);
    assert.ok((await page.page.evaluate(() => globalThis.shifts)) < 0.02);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.thumbnails.png` });
  });

  test("thumbnails: they follow the part in sight, a click goes there, and they can be put away", async () => {
    // The second half alone.
    await page.key("End");
    await page.page.waitForFunction(() => document.querySelector(".clock-frame").textContent.startsWith("frame 95 "));
    for (let step = 0; step < 4; step += 1) await page.key("+");
    await until([0.1, 0.5, 0.9], (found) => found.every((value) => value !== null && Math.abs(value - 0xd0) < 12));
    await page.key("f");
    await until([0.1, 0.9], ([first, last]) => first !== null && last !== null && first < 0x40 && last > 0xb0);
    const { x, y, width } = await page.hook("thumbnails").boundingBox();
    await page.page.mouse.click(x + GUTTER + 0.5 * (width - GUTTER), y + 20);
    await page.page.waitForFunction(() => /^frame 4[78] /.test(document.querySelector(".clock-frame").textContent));
    await page.hook("pictures").click();
    await page.hook("thumbnails").waitFor({ state: "hidden" });
    await page.page.reload();
    await page.hook("continue").waitFor({ state: "visible", timeout: 30_000 });
    await page.analyse(await scratch.file("face-short.mp4"));
    assert.ok(await page.hook("thumbnails").isHidden(), "that is kept");
    await page.hook("pictures").click();
    await until([0.1, 0.9], (found) => found.every((value) => value !== null));
  });

  test("thumbnails: a low window has no room for them until they are asked for", async () => {
    const low = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 800 } }), url);
    await low.analyse(await scratch.file("face-short.mp4"));
    assert.ok(await low.hook("thumbnails").isHidden());
    assert.equal(await low.hook("pictures").getAttribute("aria-pressed"), "false");
  });
}
