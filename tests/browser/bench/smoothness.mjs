// How long the page keeps a person waiting: tasks on its main thread during an analysis, frames while panning.

import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { note } from "./figures.mjs";

/** Prints long tasks during an analysis with seeking, and the time of animation frames while the timeline moves. */
export async function measureSmoothness(browser, url, scratch) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) globalThis.longTasks.push({ startTime, duration });
    }).observe({ type: "longtask", buffered: true });
  });
  const page = await AnalysisPage.open(context, url);
  await page.untilReady();
  report("before the engine is ready", await takeLongTasks(page));
  await page.choose(await scratch.file("face-long.mp4"));
  await page.page.waitForFunction(() => /^analyzing/.test(globalThis.statusHistory.at(-1)));
  while (/^analyzing/.test(await page.status())) {
    await page.page.keyboard.press("ArrowRight");
    await page.page.waitForTimeout(250);
  }
  report("while it analyses and seeks", await takeLongTasks(page));
  const frames = await framesWhilePanning(page);
  frames.sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(share * frames.length))].toFixed(1);
  console.log(
    `timeline while zooming and panning: ${frames.length} frames, ` +
      `median ${at(0.5)} ms, 95% within ${at(0.95)} ms, longest ${at(1)} ms`,
  );
  report("while zooming and panning", await takeLongTasks(page));
  await context.close();
}

function takeLongTasks(page) {
  return page.page.evaluate(() => globalThis.longTasks.splice(0));
}

function report(when, tasks) {
  const longest = Math.max(0, ...tasks.map(({ duration }) => duration));
  note({ what: `page, longest task of its main thread ${when}`, unit: "ms", ours: [longest] });
  console.log(`tasks over 50 ms on the page's main thread ${when}: ${tasks.length}, the longest ${longest.toFixed(0)} ms`);
}

async function framesWhilePanning(page) {
  const box = await page.hook("timeline").boundingBox();
  await page.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.page.evaluate(() => {
    globalThis.frameTimes = [];
    let before = performance.now();
    const next = (now) => {
      globalThis.frameTimes.push(now - before);
      before = now;
      globalThis.frameLoop = requestAnimationFrame(next);
    };
    globalThis.frameLoop = requestAnimationFrame(next);
  });
  for (let step = 0; step < 60; step += 1) {
    if (step < 12) await page.page.mouse.wheel(0, -120);
    else await page.page.mouse.wheel(step % 20 < 10 ? 80 : -80, 0);
  }
  return page.page.evaluate(() => {
    cancelAnimationFrame(globalThis.frameLoop);
    // The first gap began before the first wheel turn.
    return globalThis.frameTimes.slice(1);
  });
}
