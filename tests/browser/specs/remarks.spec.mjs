// Notes, segments that the person is not sure of, and events: written, listed, kept, exported.

import assert from "node:assert/strict";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { makeProject } from "../support/project.mjs";

const FACES = [
  { track: 0, from: 0, to: 72, box: [120, 60, 110, 130] },
  { track: 1, from: 24, to: 72, box: [20, 60, 60, 70] },
];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  const listed = () => page.hook("remark").locator(".remark-go").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  const untilListed = (count) =>
    page.page.waitForFunction((count) => document.querySelectorAll('[data-testid="remark"]').length === count, count);

  test("remarks: a segment gets a note and a doubt by keys, a moment an event, each an undo of its own", async () => {
    browser = await launchBrowser();
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1440, height: 900 } }), url);
    const project = makeProject({ video: "face.mp4", frames: 72, rate: 24, people: FACES, stretch: 12 });
    await page.openProject(scratch, project, await scratch.file("face.mp4"));
    await page.toFrame(3);
    await page.key("t");
    // Keys of the review are letters here.
    await page.page.keyboard.type("Fear, \"0\" <hand>");
    await page.page.keyboard.press("Enter");
    await page.until("review-said", /^Note changed, 0:00\.00 to 0:00\.50$/);
    await page.key("q");
    await page.until("review-said", /^Marked as unsure/);
    assert.match(await page.text("review-current"), /not reviewed, not sure$/);
    assert.ok(await page.hook("unsure").isChecked());
    await page.toFrame(30);
    assert.equal(await page.hook("note").inputValue(), "", "the note is of its segment alone");
    assert.ok(!(await page.hook("unsure").isChecked()));
    await page.hook("event-name").fill("bell");
    await page.hook("event-name").press("Enter");
    await page.until("review-said", /^Event marked/);
    await page.toFrame(60);
    await page.key("b");
    await untilListed(4);
    assert.deepEqual(await listed(), [
      '0:00.00, Face 1: Fear, "0" <hand>',
      "0:00.00, Face 1: not sure",
      "0:01.25, bell",
      "0:02.50, bell",
    ]);
    assert.deepEqual((await page.project()).reviewed, [], "no key was taken for a label");
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.remarks.png` });
    await page.key("z");
    await untilListed(3);
    await page.until("review-said", /^Undone: Event marked/);
    await page.key("y");
    await untilListed(4);
    assert.equal(await page.frame(), 60, "and goes to where it was");
    await page.hook("remark").locator(".remark-go").nth(2).click();
    await page.page.waitForFunction(() => document.querySelector(".clock-frame").textContent.startsWith("frame 30 "));
  });

  test("remarks: what is typed stays with its segment, wherever one clicks then, and Escape drops it", async () => {
    await page.toFrame(15);
    await page.key("t");
    await page.page.keyboard.type("of the second");
    const { left, width, top, height } = await page.plot();
    await page.page.mouse.click(left + width * 0.95, top + height / 2);
    await page.until("review-said", /^Note changed, 0:00\.50 to 0:01\.00$/);
    await page.page.waitForFunction(() => document.querySelector('[data-testid="note"]').value === "");
    assert.ok((await listed()).includes("0:00.50, Face 1: of the second"));
    await page.toFrame(15);
    await page.key("t");
    await page.page.keyboard.type(" and more");
    assert.equal(await page.hook("note").inputValue(), "of the second and more", "the caret stands behind what was there");
    await page.page.keyboard.press("Escape");
    assert.ok((await listed()).includes("0:00.50, Face 1: of the second"));
    await page.key("z");
    await untilListed(4);
  });

  test("remarks: tables, ELAN, chapters and the report have them", async () => {
    const table = (await page.save("export-remarks")).text.trim().split("\n");
    assert.deepEqual(table, [
      "video,kind,face,first_frame,last_frame,start_s,end_s,text",
      'face.mp4,note,0,0,11,0.000000,0.500000,"Fear, ""0"" <hand>"',
      "face.mp4,unsure,0,0,11,0.000000,0.500000,",
      "face.mp4,event,,30,30,1.250000,1.291667,bell",
      "face.mp4,event,,60,60,2.500000,2.541667,bell",
    ]);
    const chapters = (await page.save("export-chapters")).text;
    // The browser's own reader of chapters.
    const cues = await page.page.evaluate(async (text) => {
      const video = document.createElement("video");
      const track = document.createElement("track");
      track.kind = "chapters";
      track.src = URL.createObjectURL(new Blob([text], { type: "text/vtt" }));
      track.default = true;
      video.append(track);
      track.track.mode = "hidden";
      await new Promise((resolve, reject) => Object.assign(track, { onload: resolve, onerror: () => reject(new Error("no track")) }));
      return [...track.track.cues].map((cue) => [cue.startTime, cue.endTime, cue.text]);
    }, chapters);
    assert.deepEqual(cues, [[1.25, 2.5, "bell"], [2.5, 3, "bell"]]);
    const { text: elan } = await page.save("export-eaf");
    const tiers = await page.page.evaluate((text) => {
      const file = new DOMParser().parseFromString(text, "text/xml");
      const own = [...file.querySelectorAll('TIER[LINGUISTIC_TYPE_REF="remark"]')];
      return own.map((tier) => [tier.getAttribute("TIER_ID"), ...[...tier.querySelectorAll("ANNOTATION_VALUE")].map((value) => value.textContent)]);
    }, elan);
    assert.deepEqual(tiers, [["Face 1 notes", 'Fear, "0" <hand>'], ["Face 1 unsure", "unsure"], ["Events", "bell", "bell"]]);
    const { text: report } = await page.save("export-report");
    assert.match(report, /Notes and events[\s\S]*&lt;hand&gt;[\s\S]*event: bell/);
  });

  test("remarks: they are kept, and a project file carries them", async () => {
    await page.until("review-kept", /^Kept/);
    const before = await listed();
    const project = await page.project();
    assert.equal(project.remarks.length, 4);
    await page.page.reload();
    await page.hook("continue").click();
    await untilListed(4);
    assert.deepEqual(await listed(), before);
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const other = await AnnotatorPage.open(context, url);
    await other.openProject(scratch, project, await scratch.file("face.mp4"));
    assert.deepEqual((await other.project()).remarks, project.remarks);
    await context.close();
    await page.hook("remark-away").first().click();
    await untilListed(3);
    assert.deepEqual(await listed(), before.slice(1));
  });

  test("remarks: labels of one's own go to a segment or a range, lie over each other, and have a tier", async () => {
    await page.hook("new-label").fill("speaks");
    await page.hook("new-label").press("Enter");
    await page.hook("new-label").fill("laughs out loud");
    await page.hook("add-label").click();
    const label = (name) => page.hook("own-label").filter({ hasText: name });
    await page.toFrame(3);
    const before = await page.hook("remark").count();
    await label("speaks").click();
    await untilListed(before + 1);
    await page.toFrame(6);
    await page.key("x");
    for (let step = 0; step < 3; step += 1) await page.key(".");
    await label("laughs").click();
    await untilListed(before + 2);
    const labels = (await page.project()).remarks.filter((remark) => remark.kind === "label");
    assert.deepEqual(labels, [
      { start: 0, end: 12, kind: "label", track: 0, text: "speaks" },
      { start: 6, end: 10, kind: "label", track: 0, text: "laughs out loud" },
    ]);
    const { text: elan } = await page.save("export-eaf");
    assert.match(elan, /TIER_ID="Face 1 labels"[\s\S]*speaks[\s\S]*laughs out loud/);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.labels.png` });
    await page.page.reload();
    await page.hook("continue").click();
    await untilListed(before + 2);
    assert.equal(await page.hook("own-label").count(), 2, "the set stays from visit to visit");
    await page.toFrame(3);
    await label("speaks").click();
    await untilListed(before + 1);
  });

  test("remarks: without any there is no file of them, and that is said", async () => {
    while ((await page.hook("remark").count()) > 0) {
      const left = await page.hook("remark").count();
      await page.hook("remark-away").first().click();
      await untilListed(left - 1);
    }
    await page.hook("export-chapters").click();
    await page.page.getByText("No event was marked").first().waitFor();
    await page.hook("export-remarks").click();
    await page.page.getByText("Nothing was noted").first().waitFor();
  });
}
