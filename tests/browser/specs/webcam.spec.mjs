// The camera, played by a file.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

const CLASS = /Neutral|Anger|Disgust|Fear|Happiness|Sadness|Surprise|Other/;

export function declare({ test }, { url, scratch }) {
  test("a face before the camera gets a label while it goes on", async () => {
    const film = await scratch.file("camera.mjpeg");
    const flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${film}`];
    const browser = await launchBrowser({ flags });
    const page = await AnalysisPage.open(await browser.newContext(), url);
    await page.untilReady();
    await page.hook("webcam").click();
    const live = page.page.getByText(CLASS);
    await page.page.waitForFunction(
      (source) => [...document.querySelectorAll("[aria-live], [role=status], output")].some((e) => new RegExp(source).test(e.textContent)),
      CLASS.source,
      { timeout: 30_000 },
    );
    assert.ok((await live.count()) > 0);
    await browser.close();
  });

  test("a camera that is denied is said, and the page works on", async () => {
    const browser = await launchBrowser({ flags: ["--use-fake-device-for-media-stream", "--deny-permission-prompts"] });
    const page = await AnalysisPage.open(await browser.newContext(), url);
    await page.untilReady();
    await page.hook("webcam").click();
    await page.untilNoticed(/camera|webcam/i);
    assert.equal((await page.analyse(await scratch.file("four-frames.mp4"))).length, 4);
    await browser.close();
  });
}
