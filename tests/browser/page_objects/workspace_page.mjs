// The annotator's workspace: label files, agreement, projects, exports, lists of videos.

import { readFile } from "node:fs/promises";
import { AnalysisPage } from "./analysis_page.mjs";

export class WorkspacePage extends AnalysisPage {
  /** Opens a project or csv without analysing, and waits until its frames are there. */
  async openPredictions(file, frames) {
    await this.hook("open-predictions").setInputFiles(file);
    await this.untilFrames(frames);
  }

  /** Waits until the clock knows so many frames; it is out of sight while there is no video. */
  untilFrames(frames) {
    return this.page.getByText(new RegExp(`frame \\d+ of ${frames}$`)).first().waitFor({ state: "attached", timeout: 30_000 });
  }

  /** Gives a label file to the page without waiting. */
  openLabels(file) {
    return this.hook("open-labels").setInputFiles(file);
  }

  /** Waits until what `hook` says matches; returns it. */
  async until(hook, pattern) {
    await this.page.waitForFunction(
      ({ hook, source }) => new RegExp(source).test(document.querySelector(`[data-testid="${hook}"]`)?.textContent ?? ""),
      { hook, source: pattern.source },
      { timeout: 30_000 },
    );
    return this.text(hook);
  }

  /** What `hook` says now. */
  async text(hook) {
    return (await this.hook(hook).textContent()).trim();
  }

  /** A figure of the comparison. */
  async figure(hook) {
    return Number(await this.text(hook));
  }

  /** Answers the page's question; returns what it was. */
  async answer(yes) {
    await this.hook("question").waitFor({ state: "visible", timeout: 15_000 });
    const asked = await this.hook("question").locator("p").textContent();
    await this.hook(yes ? "question-yes" : "question-no").click();
    return asked;
  }

  /** Chooses the lanes to compare, by what they are called. */
  async compare(truth, other) {
    await this.hook("compare-truth").selectOption({ label: truth });
    await this.hook("compare-other").selectOption({ label: other });
  }

  /** Uses an export button; returns the file's name and bytes. */
  async saveBytes(hook) {
    const [saved] = await Promise.all([this.page.waitForEvent("download", { timeout: 60_000 }), this.hook(hook).click()]);
    return { name: saved.suggestedFilename(), bytes: await readFile(await saved.path()) };
  }

  /** The project as the page would write it, to see whether anything has changed. */
  async project() {
    return JSON.parse((await this.save("export-project")).text);
  }

  /** Opens the list of kept projects; returns what each line says. */
  async projects() {
    await this.hook("projects").click();
    await this.hook("project-list").waitFor({ state: "visible" });
    return this.hook("project").allTextContents();
  }
}
