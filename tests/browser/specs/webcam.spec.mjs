// The camera, played by a file.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

const run = promisify(execFile);
const CLASS = /Neutral|Anger|Disgust|Fear|Happiness|Sadness|Surprise|Other/;
const FAKE_CAMERA = "--use-fake-device-for-media-stream";

export function declare({ test }, { url, scratch }) {
  test("a face before the camera gets a label while it goes on, until it is stopped", async () => {
    const film = await scratch.file("camera.mjpeg");
    const flags = [FAKE_CAMERA, "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${film}`];
    const browser = await launchBrowser({ flags });
    const page = await AnalysisPage.open(await browser.newContext(), url);
    await page.untilReady();
    await page.hook("webcam").click();
    // Spoken by screen readers as it changes.
    await page.page.locator('[aria-live="polite"]').filter({ hasText: CLASS }).first().waitFor({ timeout: 30_000 });
    await page.hook("webcam").click();
    await page.page.waitForFunction(() => !document.querySelector("video")?.srcObject?.active, null, { timeout: 10_000 });
    assert.equal((await page.analyse(await scratch.file("four-frames.mp4"))).length, 4);
    await browser.close();
  });

  test("a camera that is denied is said, and the page works on", async () => {
    const browser = await launchBrowser({ flags: [FAKE_CAMERA, "--deny-permission-prompts"] });
    const page = await AnalysisPage.open(await browser.newContext(), url);
    await page.untilReady();
    await page.hook("webcam").click();
    await page.untilNoticed(/webcam was not allowed/i);
    assert.equal((await page.analyse(await scratch.file("four-frames.mp4"))).length, 4);
    await browser.close();
  });

  test("what the webcam saw is asked about when it stops, and kept it is a film like others", async () => {
    const film = await scratch.file("camera.mjpeg");
    const flags = [FAKE_CAMERA, "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${film}`];
    const browser = await launchBrowser({ flags });
    const page = await AnalysisPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.untilReady();
    assert.ok(!(await page.hook("save-film").isVisible()));
    await page.hook("webcam").click();
    await page.page.waitForFunction(
      () => /^live, recorded in this page, \d+ frames\/s, labels after \d+ ms$/.test(document.querySelector('[data-testid="live"]').textContent),
      null,
      { timeout: 60_000 },
    );
    await page.page.waitForTimeout(1500);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.webcam.png` });
    await page.hook("webcam").click();
    await page.hook("question").waitFor({ state: "visible", timeout: 15_000 });
    assert.match(await page.hook("question").locator("p").textContent(), /recorded for 0:\d\d, in this page's memory alone/);
    const status = await page.untilStatusAfter(() => page.hook("question-yes").click(), /^(done|error)/);
    assert.equal(status, "done", await page.notices());
    const rows = await page.rows();
    assert.ok(rows.length > 5, `${rows.length} rows`);
    const frames = new Set(rows.map((row) => row.frame)).size;
    assert.match(rows[0].video, /^webcam \d{4}-\d\d-\d\d \d\d-\d\d\.webm$/);
    assert.ok(rows.every((row, place) => place === 0 || Number(row.time) >= Number(rows[place - 1].time)));
    // It has no length in its head, and is gone through all the same.
    await page.hook("go-to").fill(String(Math.floor(frames / 2)));
    await page.hook("go-to").press("Enter");
    const wanted = Number(rows.find((row) => Number(row.frame) === Math.floor(frames / 2)).time);
    await page.page.waitForFunction((wanted) => Math.abs(document.querySelector("video").currentTime - wanted) < 0.2, wanted, { timeout: 15_000 });
    await page.hook("go-to").fill("2");
    await page.hook("go-to").press("Enter");
    await page.page.waitForFunction((wanted) => document.querySelector("video").currentTime < wanted, wanted, { timeout: 15_000 });
    // The film is a file that others read.
    const [saved] = await Promise.all([page.page.waitForEvent("download"), page.hook("save-film").click()]);
    assert.equal(saved.suggestedFilename(), rows[0].video);
    const counted = ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", await saved.path()];
    assert.equal(frames, Number((await run("ffprobe", counted)).stdout.trim()), "the page has read each of its frames");
    await page.hook("save-film").waitFor({ state: "hidden" });
    await browser.close();
  });

  test("a film that is not wanted is gone, and of two cameras one is chosen", async () => {
    const flags = [`${FAKE_CAMERA}=device-count=2`, "--use-fake-ui-for-media-stream"];
    const browser = await launchBrowser({ flags });
    const page = await AnalysisPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.untilReady();
    await page.hook("webcam").click();
    await page.hook("camera").waitFor({ state: "visible", timeout: 30_000 });
    const inUse = () => page.page.evaluate(() => document.querySelector("video").srcObject?.getVideoTracks()[0].getSettings().deviceId);
    const first = await inUse();
    assert.equal(await page.hook("camera").inputValue(), first);
    const ids = await page.hook("camera").locator("option").evaluateAll((all) => all.map((one) => one.value));
    assert.equal(ids.length, 2);
    const other = ids.find((id) => id !== first);
    await page.page.waitForTimeout(1500);
    await page.hook("camera").selectOption(other);
    await page.page.waitForFunction(
      (other) => document.querySelector("video").srcObject?.getVideoTracks()[0].getSettings().deviceId === other,
      other,
    );
    await page.page.waitForTimeout(1500);
    await page.hook("webcam").click();
    // Each camera has made a film, and each is asked about.
    for (let film = 0; film < 2; film += 1) {
      await page.hook("question").waitFor({ state: "visible", timeout: 15_000 });
      await page.page.waitForTimeout(film === 0 ? 500 : 0);
      await page.hook("question-no").click();
    }
    await page.hook("question").waitFor({ state: "hidden" });
    assert.ok(!(await page.hook("save-film").isVisible()));
    assert.equal((await page.analyse(await scratch.file("four-frames.mp4"))).length, 4);
    await browser.close();
  });
}
