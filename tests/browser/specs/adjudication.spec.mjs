// Two annotators' files laid together: what both say is taken, the rest is decided segment by segment into a third.

import assert from "node:assert/strict";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { annotationOf, kappaOf, projectOf } from "../support/project_file.mjs";

const FRAMES = 72;
const ONE = [...Array(30).fill(0), ...Array(42).fill(4)];
const OTHER = [...Array(24).fill(0), ...Array(30).fill(4), ...Array(18).fill(6)];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  const segments = async () => (await page.project()).reviewed.map(({ start, end, label, confirmed }) => [start, end, label, confirmed]);

  test("adjudication: two files give kappa for each pair, and who said what", async () => {
    browser = await launchBrowser();
    page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1440, height: 900 } }), url);
    await page.openPredictions(await scratch.write("p.mien.json", JSON.stringify(projectOf(Array(FRAMES).fill(7)))), FRAMES);
    assert.ok(!(await page.hook("lay-together").isVisible()));
    await page.openLabels(await scratch.write("ada.txt", annotationOf(ONE)));
    await page.until("metrics", /ada\.txt/);
    await page.openLabels(await scratch.write("bob.txt", annotationOf(OTHER)));
    await page.until("metrics", /bob\.txt/);
    assert.ok(await page.hook("lay-together").isDisabled(), "one of the lanes is none of the files");
    await page.compare("ada.txt", "bob.txt");
    await page.until("who-said", /ada\.txtNeutral.*bob\.txtNeutral/);
    await page.hook("each-two").locator("summary").click();
    await page.hook("each-two").locator("tbody td").first().waitFor();
    const shown = await page.figure("kappa");
    const cells = await page.hook("each-two").locator("tbody tr").nth(0).locator("td").allTextContents();
    assert.equal(Number(cells[1]), shown);
    const byDefinition = kappaOf(ONE.map((label, frame) => [label, OTHER[frame]]));
    assert.ok(Math.abs(shown - byDefinition) <= 0.0005 + 1e-9, `${shown}, expected ${byDefinition}`);
  });

  test("adjudication: each open file has a lane of its own, with its name", async () => {
    const marks = page.hook("lane-help");
    await page.page.waitForFunction(() => document.querySelector(".timeline canvas").width > 0);
    // The lanes of files stand below the page's own: the timeline is scrolled to its end.
    await page.page.evaluate(() => document.querySelector(".timeline").scrollTo(0, 10_000));
    await page.page.waitForFunction(() => [...document.querySelectorAll('[data-testid="lane-help"]')].some((mark) => /^bob/.test(mark.title)));
    const named = await marks.evaluateAll((all) => all.map((mark) => mark.getAttribute("aria-label").split(":")[0]));
    assert.deepEqual(named.slice(-2), ["ada.txt", "bob.txt"]);
    await page.page.waitForTimeout(300);
    const drawn = (name, frame) =>
      page.page.evaluate(({ name, part }) => {
        const mark = [...document.querySelectorAll('[data-testid="lane-help"]')].find((mark) => mark.title.startsWith(name));
        const canvas = document.querySelector(".timeline canvas");
        const ratio = canvas.width / canvas.getBoundingClientRect().width;
        const x = 92 + part * (canvas.getBoundingClientRect().width - 92);
        const y = parseFloat(mark.style.top) + 1;
        return [...canvas.getContext("2d").getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data].join();
      }, { name, part: (frame + 0.5) / FRAMES });
    assert.equal(await drawn("ada", 12), await drawn("bob", 12), "both say the same");
    assert.notEqual(await drawn("ada", 27), await drawn("bob", 27), "Neutral and Happiness");
    assert.notEqual(await drawn("ada", 63), await drawn("bob", 63), "Happiness and Surprise");
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.file-lanes.png` });
  });

  test("adjudication: what both say counts as reviewed, the rest waits and is decided", async () => {
    await page.hook("lay-together").click();
    await page.until("review-said", /^Both say the same in 48 of 72 frames\. 2 segments are left to decide\.$/);
    assert.deepEqual(await segments(), [
      [0, 24, "neutral", true],
      [24, 30, "neutral", false],
      [30, 54, "happiness", true],
      [54, 72, "happiness", false],
    ]);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.adjudication.png` });
    const open = await page.hook("queue").locator("button").count();
    assert.equal(open, 2);
    // The first stays as Ada said, the second becomes what Bob said.
    for (let left = open; left > 0; left -= 1) {
      const line = page.hook("queue").locator("button").first();
      const name = (await line.locator(".visually-hidden").textContent()).split(",")[0];
      await line.click();
      await page.until("review-current", new RegExp(`^${name}, .*not reviewed`));
      await page.page.keyboard.press(name === "Neutral" ? "Enter" : "6");
      await page.page.waitForFunction((left) => document.querySelectorAll('[data-testid="queue"] button').length === left - 1, left);
    }
    const third = ONE.map((label, frame) => (frame >= 54 ? 6 : label));
    assert.equal((await page.save("export-affwild2")).text, annotationOf(third));
  });

  test("adjudication: what was decided stays when it is done again, and it is one step that is taken back", async () => {
    const decided = await segments();
    await page.hook("lay-together").click();
    await page.until("review-said", /72 frames were reviewed before, and stay/);
    assert.deepEqual(await segments(), decided);
    for (let step = 0; step < 3; step += 1) await page.hook("undo").click();
    assert.deepEqual(await segments(), []);
    await page.hook("redo").click();
    assert.equal((await segments()).length, 4);
  });
}
