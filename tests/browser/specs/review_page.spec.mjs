// The review beside the pointer: keys after clicks, people in sight, notices that make no room for themselves, ways on.

import assert from "node:assert/strict";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { frameCount } from "../support/frame_table.mjs";
import { makeProject } from "../support/project.mjs";
import { annotationOf, projectOf } from "../support/project_file.mjs";

const FRAMES = 72;
const RATE = 24;
const SIZE = { viewport: { width: 1280, height: 800 } };
const ONE = [{ track: 0, from: 0, to: FRAMES, box: [120, 60, 110, 130] }];
const TWO = [...ONE, { track: 1, from: 0, to: FRAMES, box: [10, 20, 60, 70] }];

export function declare({ test, afterAll }, { url, scratch }) {
  const browsers = [];
  afterAll(() => Promise.all(browsers.map((browser) => browser.close())));

  async function contextOf(choice) {
    const browser = await launchBrowser(choice);
    browsers.push(browser);
    return browser.newContext(SIZE);
  }

  async function workspace(people) {
    const page = await AnnotatorPage.open(await contextOf(), url);
    const project = makeProject({ video: "face.mp4", frames: FRAMES, rate: RATE, people });
    await page.openProject(scratch, project, await scratch.file("face.mp4"));
    return page;
  }

  const said = (page, pattern) => page.until("review-said", pattern);
  const confirmed = async (page) => (await page.segments()).filter((segment) => segment.confirmed);

  test("after a click on a class, Enter confirms the next segment as it is", async () => {
    const page = await workspace(ONE);
    await page.toFrame(0);
    await page.page.locator(".class-button.class-3").click();
    await said(page, /^(Labelled Fear|Fear confirmed)/);
    const next = await page.text("review-current");
    assert.doesNotMatch(next, /^Fear/);
    await page.page.keyboard.press("Enter");
    await said(page, new RegExp(`^${next.split(",")[0]} confirmed`));
    // A click on a line of the queue, too.
    await page.hook("queue").locator("button").nth(1).click();
    const chosen = await page.text("review-current");
    await page.page.keyboard.press("Enter");
    await said(page, new RegExp(`^${chosen.split(",")[0]} confirmed`));
    assert.equal((await confirmed(page)).length, 3);
    await page.page.context().close();
  });

  test("after lists, sliders, numbers and file buttons the keys are the review's again", async () => {
    const page = await workspace(ONE);
    await page.toFrame(0);
    const smoothing = () => page.hook("smoothing").inputValue();
    const before = await smoothing();
    await page.hook("smoothing").click();
    await page.page.keyboard.press("Escape");
    const first = await page.frame();
    await page.page.keyboard.press("n");
    await page.page.waitForFunction((first) => !document.querySelector(".clock-frame").textContent.startsWith(`frame ${first} `), first);
    assert.equal(await smoothing(), before, "n chooses no smoothing");
    const slider = page.page.getByLabel("Window, in frames");
    await slider.click({ position: { x: 12, y: 8 } });
    const window = await page.hook("window").inputValue();
    await page.page.keyboard.press("6");
    await said(page, /Surprise/);
    await page.hook("window").click();
    await page.page.keyboard.press("Control+a");
    await page.page.keyboard.type("15");
    await page.page.keyboard.press("Enter");
    assert.equal(await page.hook("window").inputValue(), "15");
    await page.page.keyboard.press("1");
    await said(page, /Anger/);
    assert.equal(await page.hook("window").inputValue(), "15");
    assert.notEqual(window, "");
    // Letters are no number: they go on to the review even while the field has the focus.
    await page.hook("window").click();
    await page.page.keyboard.press("z");
    await said(page, /^Undone: .*Anger/);
    // A name is text: every key is typed.
    await page.hook("person-name").first().click();
    await page.page.keyboard.press("Control+a");
    await page.page.keyboard.type("Ann 3");
    await page.page.keyboard.press("Enter");
    await said(page, /renamed/);
    await page.page.keyboard.press("2");
    await said(page, /Disgust/);
    await page.page.context().close();
  });

  test("who comes to a button with the keyboard still presses it", async () => {
    const page = await workspace(ONE);
    await page.toFrame(0);
    const total = async () => (await confirmed(page)).length;
    await page.page.keyboard.press("Shift");
    await page.page.locator(".class-button.class-3").focus();
    await page.page.keyboard.press("Enter");
    await said(page, /Fear/);
    await page.page.keyboard.press("Space");
    await page.page.waitForTimeout(200);
    assert.equal(await total(), 2);
    assert.ok((await confirmed(page)).every((segment) => segment.label === "fear"));
    await page.page.context().close();
  });

  test("keys do nothing behind an open list of projects", async () => {
    const page = await workspace(ONE);
    await page.toFrame(0);
    await page.hook("projects").click();
    await page.hook("project-list").waitFor({ state: "visible" });
    await page.page.keyboard.press("3");
    await page.page.keyboard.press("Escape");
    await page.hook("project-list").waitFor({ state: "hidden" });
    assert.deepEqual(await page.segments(), []);
    await page.page.context().close();
  });

  test("an edge that was dragged, a cut and a join are confirmed, and are in the files", async () => {
    const page = await workspace(ONE);
    await page.toFrame(30);
    await page.key("s");
    await said(page, /^Cut in two and confirmed, 0:01\.00 to 0:01\.50/);
    assert.deepEqual((await confirmed(page)).map(({ start, end }) => [start, end]), [[24, 30], [30, 36]]);
    await page.key("z");
    assert.deepEqual(await page.segments(), []);
    await page.key("m");
    await said(page, /^Joined as .* and confirmed/);
    const [joined] = await confirmed(page);
    assert.deepEqual([joined.start, joined.end], [24, 48]);
    const rows = await page.rows();
    assert.equal(rows.filter((row) => row.reviewed !== null).length, 24, "the csv holds what was joined");
    const annotation = (await page.save("export-affwild2")).text.trimEnd().split("\n").slice(1).map(Number);
    assert.deepEqual(annotation, rows.map((row) => row.reviewed ?? row.smoothed));
    await page.key("z");
    await page.toFrame(30);
    await page.key("i");
    await said(page, /^Edge moved, both sides confirmed/);
    assert.equal((await confirmed(page)).length, 2);
    await page.key("z");
    assert.deepEqual(await page.segments(), [], "one step back");
    await page.page.context().close();
  });

  test("of two people the chosen one is in sight, the other is folded", async () => {
    const page = await workspace(TWO);
    const sight = () =>
      page.page.evaluate(() => {
        const { scrollTop, clientHeight, scrollHeight } = document.querySelector('[data-testid="timeline"]');
        return { scrollTop, clientHeight, scrollHeight };
      });
    const untilSight = async (holds, what) => {
      const end = Date.now() + 20_000;
      for (;;) {
        const seen = await sight();
        if (holds(seen)) return;
        assert.ok(Date.now() < end, `${what}: ${JSON.stringify(seen)}`);
        await page.page.waitForTimeout(20);
      }
    };
    const chosen = (person) => page.page.waitForFunction((value) => document.querySelector(".face-select select").value === value, person);
    await page.key("p");
    await chosen("0");
    // Two groups with all their rows are 530 high.
    await untilSight(({ scrollTop, scrollHeight }) => scrollHeight < 360 && scrollTop < 4, "folded, the first one's rows in sight");
    await page.key("p");
    await chosen("1");
    await untilSight(({ scrollTop, clientHeight, scrollHeight }) => scrollTop > 4 && scrollTop + clientHeight >= scrollHeight - 4, "the second one's rows in sight");
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.people.png` });
    // A click on a folded one chooses it, also in the moment of the scrolling, before the browser tells of it.
    const plot = await page.plot();
    await page.page.evaluate(
      ({ clientX, clientY }) => {
        const timeline = document.querySelector('[data-testid="timeline"]');
        timeline.scrollTop = 0;
        const at = { bubbles: true, button: 0, isPrimary: true, pointerId: 1, clientX, clientY };
        timeline.dispatchEvent(new PointerEvent("pointerdown", { ...at, buttons: 1 }));
        timeline.dispatchEvent(new PointerEvent("pointerup", { ...at, buttons: 0 }));
      },
      { clientX: plot.left + 40, clientY: plot.top + 34 },
    );
    await chosen("0");
    // And so does a person's own click.
    await page.key("p");
    await chosen("1");
    await untilSight(({ scrollTop }) => scrollTop > 4, "the second one's rows again");
    await page.page.evaluate(() => (document.querySelector('[data-testid="timeline"]').scrollTop = 0));
    await page.page.mouse.click(plot.left + 40, plot.top + 34);
    await chosen("0");
    await page.page.context().close();
  });

  test("notices take no room, go by themselves and are listed; errors stay", async () => {
    const page = await workspace(ONE);
    const height = () => page.page.evaluate(() => document.querySelector(".stage").getBoundingClientRect().height);
    const shown = () => page.page.locator(".notices .notice");
    const before = await height();
    for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]) {
      await page.hook("open-labels").setInputFiles(await scratch.write(name, "Dear reader,\n"));
      await page.untilNoticed(new RegExp(name));
    }
    assert.equal(await height(), before);
    await page.choose(await scratch.file("letter.mp4"));
    await page.untilNoticed(/letter\.mp4/);
    assert.equal(await height(), before);
    assert.ok((await shown().count()) <= 3, "few at a time");
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.notices.png` });
    await page.hook("notices").click();
    const listed = await page.hook("notice-list").locator("li").allTextContents();
    for (const name of ["a.txt", "e.txt", "letter.mp4"]) assert.ok(listed.some((text) => text.includes(name)), `${name} in ${listed}`);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.notice-list.png` });
    await page.hook("notices").click();
    // What is worth knowing goes by itself; it stays in the list.
    const csv = (await page.save("export-csv")).text.replaceAll("face.mp4", "other.mp4");
    await page.hook("open-labels").setInputFiles(await scratch.write("other.csv", csv));
    await page.untilNoticed(/other\.csv says that it labels other\.mp4/);
    await page.page.waitForFunction(() => document.querySelectorAll(".notices .notice").length === 0, null, { timeout: 40_000 });
    await page.hook("notices").click();
    assert.match(await page.hook("notice-list").textContent(), /other\.csv says that it labels other\.mp4/);
    await page.page.context().close();
  });

  test("an error is shown once: the status has its word, the notice its cause", async () => {
    const page = await workspace(ONE);
    await page.choose(await scratch.file("letter.mp4"));
    await page.untilNoticed(/^error: letter\.mp4: \S+/);
    const visible = await page.page.evaluate(() => {
      const status = document.querySelector('[data-testid="status"]');
      return [...status.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join("");
    });
    assert.equal(visible.trim(), "error");
    await page.page.context().close();
  });

  test("what the frame alone says is the per-frame head's word, not the clip's", async () => {
    const page = await AnnotatorPage.open(await contextOf(), url);
    const project = projectOf(Array(FRAMES).fill(0));
    const scores = (best) => Array.from({ length: 8 }, (_, label) => (label === best ? 0.65 : 0.05));
    project.timeline.frames.forEach(({ faces: [face] }, frame) => {
      face.raw = scores(frame === 36 ? 3 : 0);
      face.temporal = scores(frame === 36 ? 5 : 0);
    });
    await page.openProject(scratch, project, await scratch.file("face.mp4"));
    await page.smooth("sliding", 9);
    await page.toFrame(36);
    await page.page.waitForFunction(() => document.querySelector(".moment-why").textContent === "8 of 9 frames; this frame alone: Fear.");
    await page.page.context().close();
  });

  test("WebGPU that is not there: one click to the CPU, and the video that waits is read", async () => {
    const page = await AnalysisPage.open(await contextOf({ webgpu: false }), url, { backend: "webgpu", model: "tiny" });
    await page.untilNoticed(/^error: /, /WebGPU/);
    assert.equal(await page.backend(), "no device");
    await page.choose(await scratch.file("four-frames.mp4"));
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.no-gpu.png` });
    await page.untilStatusAfter(() => page.page.locator(".notices").getByTestId("use-cpu").click(), /^done/);
    assert.match(await page.backend(), /^CPU/);
    assert.equal(frameCount(await page.rows()), 4);
    await page.page.context().close();
  });

  test("a model that is not there: one click to the demo model", async () => {
    const page = await AnalysisPage.open(await contextOf(), url, { backend: "cpu", model: "foo" });
    const said = await page.untilNoticed(/^error: /, /foo/);
    console.log(`        ${said.slice(0, 200)}`);
    await page.untilStatusAfter(() => page.page.locator(".notices").getByTestId("use-demo-model").click(), /^ready/);
    assert.match(await page.backend(), /^CPU/);
    await page.page.context().close();
  });

  test("a second video in the middle of another: the first one's reading stops, and the page says so", async () => {
    const page = await AnalysisPage.open(await contextOf(), url);
    await page.untilReady();
    await page.untilStatusAfter(async () => page.choose(await scratch.file("face-long.mp4")), /^analyzing [1-9]\d*%$/);
    const rows = await page.analyse(await scratch.file("four-frames.mp4"));
    assert.ok(rows.every((row) => row.video === "four-frames.mp4"));
    await page.untilNoticed(/face-long\.mp4: reading stopped at \d+ %, kept; open it again to go on/);
    await page.page.context().close();
  });

  test("what was said of one video is not said of the next, and one without a face says so", async () => {
    const page = await workspace(ONE);
    await page.toFrame(30);
    await page.key("s");
    await said(page, /^Cut in two/);
    await page.analyse(await scratch.file("no-face.mp4"));
    assert.equal(await page.text("review-said"), "");
    assert.equal((await page.page.locator(".timeline-empty").textContent()).trim(), "No face was found.");
    await page.page.context().close();
  });

  test("a second tab shows what the first one has read, and reads nothing again", async () => {
    const context = await contextOf();
    const first = await AnnotatorPage.open(context, url);
    const rows = await first.analyse(await scratch.file("face.mp4"));
    await first.until("review-kept", /Kept/);
    const second = await AnnotatorPage.open(context, url);
    assert.deepEqual(await second.analyse(await scratch.file("face.mp4")), rows);
    const history = await second.statusHistory();
    assert.ok(history.every((status) => !/^analyzing [1-9]\d?%$/.test(status)), history.join(", "));
    await second.untilNoticed(/Another tab reviews this video/);
    await context.close();
  });

  test("no lane is compared with itself unasked, and macro F1 says which classes the truth has not", async () => {
    const page = await workspace(ONE);
    const chosen = (hook) => page.hook(hook).evaluate((select) => select.selectedOptions[0].textContent);
    assert.notEqual(await chosen("compare-truth"), await chosen("compare-other"));
    const labels = Array.from({ length: FRAMES }, (_, frame) => (frame < 36 ? 0 : 4));
    await page.hook("open-labels").setInputFiles(await scratch.write("two.txt", annotationOf(labels)));
    await page.until("macro-f1-note", /The truth has 2 of them; Anger, Disgust, Fear, Sadness, Surprise, Other count as 0/);
    await page.page.context().close();
  });

  test("the keys are in whole groups, and can be closed from the top", async () => {
    const page = await workspace(ONE);
    await page.key("?");
    await page.hook("help-dialog").waitFor({ state: "visible" });
    const broken = await page.page.evaluate(() => {
      const columns = (element) => new Set([...element.querySelectorAll("dl > div")].map((line) => Math.round(line.getBoundingClientRect().left)));
      return [...document.querySelectorAll(".help-groups section")].filter((section) => columns(section).size > 1).length;
    });
    assert.equal(broken, 0, "groups are whole");
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.keys.png` });
    await page.hook("help-close").click();
    await page.hook("help-dialog").waitFor({ state: "hidden" });
    await page.page.context().close();
  });
}
