// The annotator's workspace: a saved project with its video, keys, timeline, queue and people.

import { readFile } from "node:fs/promises";
import { AnalysisPage } from "./analysis_page.mjs";

export class AnnotatorPage extends AnalysisPage {
  static async open(context, url) {
    const { page } = await AnalysisPage.open(context, url);
    return new AnnotatorPage(page);
  }

  /** Opens a project, then its video beside it. */
  async openProject(scratch, project, video) {
    await this.choose(await scratch.write("workspace.json", JSON.stringify(project)));
    await this.page.locator(".stage-note").waitFor({ state: "visible" });
    await this.page.getByTestId("attach-video").setInputFiles(video);
    await this.page.waitForFunction(() => document.querySelector("video")?.readyState >= 2, null, { timeout: 30_000 });
    await this.until("review-kept", /Kept/);
  }

  /** Waits until what `hook` says matches. */
  async until(hook, pattern) {
    await this.page.waitForFunction(
      ({ hook, source }) => new RegExp(source).test(document.querySelector(`[data-testid="${hook}"]`)?.textContent ?? ""),
      { hook, source: pattern.source },
      { timeout: 15_000 },
    );
    return this.text(hook);
  }

  async text(hook) {
    return (await this.hook(hook).first().textContent()).trim();
  }

  /** Presses a key of the page, whatever had the focus. */
  async key(name) {
    await this.page.evaluate(() => document.activeElement?.blur());
    await this.page.keyboard.press(name);
  }

  /** Reviewed segments of the project that would be saved now. */
  async segments() {
    return (await this.project()).reviewed;
  }

  async project() {
    const [saved] = await Promise.all([
      this.page.waitForEvent("download", { timeout: 30_000 }),
      this.hook("export-project").click(),
    ]);
    return JSON.parse(await readFile(await saved.path(), "utf8"));
  }

  /** Goes to the middle of a frame, as the page's own stepping does. */
  async toFrame(frame) {
    await this.key("Home");
    for (let step = 0; step < frame; step += 1) await this.page.keyboard.press(".");
    await this.page.waitForFunction(
      (frame) => document.querySelector(".clock-frame").textContent.startsWith(`frame ${frame} `),
      frame,
    );
  }

  /** Frame that the clock names. */
  async frame() {
    return Number((await this.page.locator(".clock-frame").textContent()).match(/\d+/)[0]);
  }

  /** Lines of the queue as they are read out. */
  queue() {
    return this.hook("queue").locator("button > .visually-hidden").allTextContents();
  }

  /** Where the timeline's plot lies: its names take a part of the left. */
  async plot() {
    const box = await this.hook("timeline").boundingBox();
    const gutter = box.width < 560 ? 34 : 92;
    return { left: box.x + gutter, width: box.width - gutter, top: box.y, height: box.height };
  }

  /** Left edge and width of the part in sight, as shares of the whole. */
  sight() {
    return this.page.evaluate(() => {
      const { left, width } = document.querySelector('[data-testid="overview-window"]').style;
      return { left: parseFloat(left) / 100, width: parseFloat(width) / 100 };
    });
  }
}
