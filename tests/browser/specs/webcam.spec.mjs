// The camera, played by a file.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

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
}
