// What is kept: results while they come, labels, whole projects; and whose video it is.

import assert from "node:assert/strict";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";
import { gateAnswers, holdAnswersAt } from "../support/held_answers.mjs";
import { projectOf } from "../support/project_file.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let context;
  let page;
  afterAll(() => browser?.close());

  for (const name of ["face-keys.mp4", "face-keys.webm"]) {
    test(`reading goes on where a killed page left it, and ends with the same rows (${name})`, async () => {
      browser ??= await launchBrowser();
      const video = await scratch.file(name);
      const undisturbed = await WorkspacePage.open(await browser.newContext(), url);
      const whole = await undisturbed.analyse(video);
      await undisturbed.page.context().close();
      const own = await browser.newContext();
      await gateAnswers(own);
      let killed = await WorkspacePage.open(own, url);
      await killed.untilReady();
      await holdAnswersAt(killed.page, /^analyzing [6-9]\d%$/);
      await killed.untilStatusAfter(() => killed.choose(video), /^analyzing [6-9]\d%$/);
      await killed.until("review-kept", /Kept/);
      await killed.crash();
      killed = await WorkspacePage.open(own, url);
      await killed.choose(video);
      const said = await killed.untilNoticed(/\d+ frames read before the page was closed came back/);
      const back = Number(said.match(/(\d+) frames read before/)[1]);
      await killed.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done", null, { timeout: 120_000 });
      const percents = (await killed.statusHistory()).map((status) => Number(status.match(/^analyzing (\d+)%/)?.[1] ?? 0));
      // 0 while it waits for the engine; from there on with the frames that came back.
      const least = Math.floor((back / frameCount(whole)) * 100) - 1;
      assert.deepEqual(percents.filter((percent) => percent > 0 && percent < least), [], `${back} frames came back`);
      assert.deepEqual(await killed.rows(), whole);
      await own.close();
    });
  }

  test("a page killed in the middle of an analysis loses nothing but the frames in flight", async () => {
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    await gateAnswers(context);
    page = await WorkspacePage.open(context, url);
    await page.untilReady();
    await holdAnswersAt(page.page, /^analyzing [2-9]\d%$/);
    const video = await scratch.file("face-long.mp4");
    await page.untilStatusAfter(() => page.choose(video), /^analyzing [2-9]\d%$/);
    const shown = frameCount(await page.rows());
    await page.until("review-kept", /Kept/);
    // No farewell: the renderer dies as in a crash.
    await page.crash();
    page = await WorkspacePage.open(context, url);
    await page.choose(video);
    const said = await page.untilNoticed(/\d+ frames read before the page was closed came back/);
    const back = Number(said.match(/(\d+) frames read before/)[1]);
    assert.ok(back >= shown - 64, `${back} frames came back, ${shown} were shown`);
    await page.page.waitForFunction(() => globalThis.statusHistory.at(-1) === "done", null, { timeout: 120_000 });
    assert.equal(frameCount(await page.rows()), 288);
  });

  test("a video that was read comes back whole and is not read again", async () => {
    const rows = await page.rows();
    await page.until("review-kept", /Kept/);
    await page.page.close();
    page = await WorkspacePage.open(context, url);
    assert.deepEqual(await page.analyse(await scratch.file("face-long.mp4")), rows);
    const history = await page.statusHistory();
    assert.ok(history.every((status) => !/^analyzing \d?\d%$/.test(status)), history.join(", "));
  });

  test("the list opens, exports and deletes; an export can be imported", async () => {
    const [line] = await page.projects();
    assert.match(line, /face-long\.mp4.*288 frames, 0 segments reviewed, \d+ kB/s);
    const exported = await page.saveBytes("project-export");
    assert.match(exported.name, /face-long\.mien\.json$/);
    const file = await scratch.write(exported.name, exported.bytes);
    assert.equal(JSON.parse(exported.bytes).timeline.frames.length, 288);
    // What is open cannot be deleted under one's hands.
    await page.hook("project-delete").click();
    await page.answer(true);
    await page.untilNoticed(/It is open in this or another tab/);
    await page.page.close();
    page = await WorkspacePage.open(context, url);
    await page.projects();
    await page.hook("project-delete").click();
    assert.match(await page.answer(true), /Delete what is kept of face-long\.mp4/);
    await page.page.getByText("Nothing is kept yet.").waitFor({ state: "visible" });
    await page.hook("import-project").setInputFiles(file);
    await page.hook("project").waitFor({ state: "visible" });
    await page.hook("project-open").click();
    await page.untilFrames(288);
  });

  test("the video is asked for again, and another file is not taken silently", async () => {
    const attach = page.hook("attach-video");
    await attach.setInputFiles(await scratch.file("face.mp4"));
    assert.match(await page.answer(false), /face\.mp4 is not the file that this project was made with \(face-long\.mp4\)/);
    assert.equal(await page.page.evaluate(() => document.querySelector("video").readyState), 0);
    await attach.setInputFiles(await scratch.file("face-long.mp4"));
    await page.page.waitForFunction(() => document.querySelector("video")?.readyState > 0);
    assert.ok(await page.hook("question").isHidden());
  });

  test("a second tab cannot change the same project", async () => {
    const other = await WorkspacePage.open(context, url);
    await other.choose(await scratch.file("face-long.mp4"));
    await other.untilNoticed(/Another tab reviews this video/);
    await other.page.close();
  });

  test("a full storage says so and shows the way out", async () => {
    browser ??= await launchBrowser();
    const full = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const cdp = await full.newCDPSession(await full.newPage());
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 1 });
    page = await WorkspacePage.open(full, url);
    const video = await scratch.file("face.mp4");
    const many = Array.from({ length: 4000 }, (_, frame) => frame % 8);
    await page.openPredictions(await scratch.write("p.mien.json", JSON.stringify(projectOf(many))), 4000);
    await page.hook("attach-video").setInputFiles(video);
    await page.untilNoticed(/storage is full/, /delete projects/);
    assert.equal(frameCount(await page.rows()), 4000);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 500_000_000 });
    await page.page.getByRole("button", { name: "Show the projects" }).click();
    await page.hook("project-list").waitFor({ state: "visible" });
    await page.page.keyboard.press("Escape");
    await page.hook("project-list").waitFor({ state: "hidden" });
    await page.page.evaluate(() => document.activeElement.blur());
    // With room again the next change is kept, and with it all that was not.
    await page.page.keyboard.press("Enter");
    await page.until("review-kept", /Kept/);
    assert.match((await page.projects())[0], /4000 frames, 1 segments reviewed/);
    await full.close();
  });
}
