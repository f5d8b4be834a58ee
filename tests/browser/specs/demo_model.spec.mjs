// The model that the page opens with: what the page says of a real face is what the program says, and doubt is said.

import assert from "node:assert/strict";
import path from "node:path";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { checkFrameTable, compareFrameTables } from "../support/frame_table.mjs";
import { withMetadata } from "../support/model_file.mjs";
import { analyzeNatively } from "../support/native.mjs";
import { CLIPS, DEMO_MODEL } from "../support/settings.mjs";

const LIMITS = { time: 1e-3, box: 1, probability: 1e-3 };
const CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  afterAll(() => browser?.close());

  /** A page as a visitor finds it, but on the CPU: no model is asked for. */
  async function openPage() {
    browser ??= await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    return AnalysisPage.open(context, url, { backend: "cpu" });
  }

  for (const name of ["1001_DFA_HAP_XX.mp4", "1001_DFA_SAD_XX.mp4"]) {
    test(`${name}: the page's labels are those of mien analyze`, async () => {
      const page = await openPage();
      const video = path.join(CLIPS, name);
      const [found, expected] = await Promise.all([
        page.analyse(video),
        analyzeNatively(scratch, video, "--model", DEMO_MODEL),
      ]);
      checkFrameTable(found);
      assert.ok(found.every((row) => row.box), "the face is found in every frame");
      console.log(`        largest differences: ${JSON.stringify(compareFrameTables(found, expected, LIMITS))}`);
      for (const label of ["temporal", "smoothed"]) {
        const labels = (rows) => rows.map((row) => row[label]);
        assert.deepEqual(labels(found), labels(expected), label);
      }
      if (name.includes("HAP")) {
        const happy = found.filter((row) => row.smoothed === CLASSES.indexOf("Happiness")).length;
        assert.ok(happy > found.length / 2, `${happy} of ${found.length} frames of a smile are Happiness`);
      }
      await page.page.context().close();
    });
  }

  test("another model says its size and its speed here before it is taken", async () => {
    const page = await openPage();
    await page.untilReady();
    const line = () => page.page.locator(".shipped li").filter({ has: page.hook("take-tiny") });
    assert.match(await line().textContent(), /1\.4 MB, faster than the model in use/);
    await page.analyse(path.join(CLIPS, "1001_DFA_HAP_XX.mp4"));
    assert.match(await line().textContent(), /1\.4 MB, at least [\d.]+ frames\/s here/);
    await page.untilStatusAfter(() => page.hook("take-tiny").click(), /^(ready|done)$/);
    assert.equal(await page.page.locator(".model-name").textContent(), "tiny.safetensors");
    assert.match(await page.page.locator(".shipped li").filter({ has: page.hook("take-demo") }).textContent(), /3\.0 MB/);
    await page.page.context().close();
  });

  test("below the model's threshold the page says that it is not sure", async () => {
    const said = async (threshold) => {
      // A visit of its own: results of another model are kept, and are not of this one's sureness.
      const page = await openPage();
      const bytes = await withMetadata(DEMO_MODEL, { not_sure_below: String(threshold) });
      const model = await scratch.write(`not-sure-below-${threshold}.safetensors`, bytes);
      await page.untilReady();
      await page.untilStatusAfter(() => page.hook("open-model").setInputFiles(model), /^(ready|done)$/);
      const rows = await page.analyse(path.join(CLIPS, "1001_DFA_SAD_XX.mp4"));
      // The film stands at its first frame.
      await page.page.waitForFunction(() => document.querySelector(".moment-label").textContent !== "Not read yet.");
      const [text, why] = await Promise.all([".moment-label", ".moment-why"].map((part) => page.page.locator(part).textContent()));
      await page.page.context().close();
      return { row: rows[0], text, why };
    };
    const always = await said(0);
    assert.equal(always.text, CLASSES[always.row.smoothed]);
    const never = await said(1);
    assert.equal(never.text, "Not sure");
    assert.match(never.why, new RegExp(`^Nearest, over the window: ${CLASSES[never.row.smoothed]}\\.`));
    assert.equal(never.row.smoothed, always.row.smoothed, "files keep the label");
  });
}
