// How smoothly the timeline moves over an hour of four faces, at several zooms.

import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { makeProject } from "../support/project.mjs";
import { note } from "./figures.mjs";

const RATE = 25;
const FRAMES = 60 * 60 * RATE;
const MOVES = 120;

/** Prints the time of an animation frame, and of the page's own work in it, while the timeline is panned. */
export async function measureTimeline(browser, url, scratch) {
  const people = [0, 1, 2, 3].map((track) => ({ track, from: 0, to: FRAMES, box: [10 + 80 * track, 20, 60, 70] }));
  const project = makeProject({ video: "hour.mp4", frames: FRAMES, rate: RATE, people, stretch: 40 });
  const file = await scratch.write("hour.json", JSON.stringify(project));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await AnalysisPage.open(context, url);
  await page.choose(file);
  const people4 = () => document.querySelectorAll('[data-testid="person"]').length === 4;
  await page.page.waitForFunction(people4, null, { timeout: 120_000 });
  const cdp = await context.newCDPSession(page.page);
  await cdp.send("Performance.enable");
  for (const share of [1, 0.1, 0.01, 0.0005]) {
    await zoomTo(page, share);
    const before = await workedMs(cdp);
    const frames = await page.page.evaluate(panned, MOVES);
    const worked = (await workedMs(cdp)) - before;
    frames.sort((a, b) => a - b);
    const at = (part) => frames[Math.min(frames.length - 1, Math.floor(part * frames.length))].toFixed(1);
    const shown = `${(share * 100).toPrecision(1)}% in sight`;
    note({ what: `page, timeline of 60 minutes and 4 faces, ${shown}, panned: frames`, unit: "ms", ours: frames });
    console.log(
      `timeline of 60 minutes and 4 faces, ${shown}, panned: median frame ${at(0.5)} ms, ` +
        `95% within ${at(0.95)} ms; the page's own work ${(worked / frames.length).toFixed(1)} ms a frame`,
    );
  }
  await context.close();
}

async function zoomTo(page, share) {
  await page.page.keyboard.press("f");
  const { width } = await page.page.evaluate(() => {
    const timeline = document.querySelector('[data-testid="timeline"]');
    const box = timeline.getBoundingClientRect();
    const deltaY = (share) => Math.log(share) / 0.0016;
    globalThis.zoomBy = (share) =>
      timeline.dispatchEvent(
        new WheelEvent("wheel", { deltaY: deltaY(share), clientX: box.x + box.width / 2, clientY: box.y + 40, cancelable: true }),
      );
    return { width: box.width };
  });
  if (width > 0 && share < 1) await page.page.evaluate((share) => globalThis.zoomBy(share), share);
}

async function workedMs(cdp) {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
}

// In the page: one step a frame, there and back; the times between frames.
function panned(moves) {
  const timeline = document.querySelector('[data-testid="timeline"]');
  const box = timeline.getBoundingClientRect();
  const at = { clientX: box.x + box.width / 2, clientY: box.y + 40, cancelable: true };
  return new Promise((resolve) => {
    const times = [];
    let before = performance.now();
    const next = (now) => {
      times.push(now - before);
      before = now;
      if (times.length > moves) return resolve(times.slice(1));
      timeline.dispatchEvent(new WheelEvent("wheel", { deltaX: times.length % 60 < 30 ? 40 : -40, ...at }));
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
}
