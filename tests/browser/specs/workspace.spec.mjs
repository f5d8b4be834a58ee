// The annotator's tools on a real video: timeline, painting, loop, queue, people, keys.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { makeProject } from "../support/project.mjs";
import { annotationOf, projectOf } from "../support/project_file.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FRAMES = 72;
const RATE = 24;

/** A face that was lost and found again at frame 36, and another one beside it. */
const PEOPLE = [
  { track: 0, from: 0, to: 36, box: [120, 60, 110, 130] },
  { track: 1, from: 6, to: 72, box: [10, 20, 60, 70] },
  { track: 2, from: 36, to: 72, box: [120, 60, 110, 130] },
];

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  async function workspace(options = {}, people = PEOPLE) {
    browser ??= await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const opened = await AnnotatorPage.open(context, url);
    const project = makeProject({ video: "face.mp4", frames: FRAMES, rate: RATE, people });
    await opened.openProject(scratch, project, await scratch.file("face.mp4"));
    return opened;
  }

  const labelled = (segments, track) =>
    segments
      .filter((segment) => segment.track === track && segment.confirmed)
      .flatMap(({ start, end, label }) => Array.from({ length: end - start }, (_, i) => [start + i, label]));

  test("the wheel, keys and the overview zoom and move, down to single frames", async () => {
    page = await workspace();
    assert.ok(Math.abs((await page.sight()).width - 1) < 1e-3, "all is in sight at first");
    const plot = await page.plot();
    await page.page.mouse.move(plot.left + plot.width * 0.5, plot.top + 60);
    for (let notch = 0; notch < 30; notch += 1) await page.page.mouse.wheel(0, -240);
    await page.page.waitForFunction(() => parseFloat(document.querySelector('[data-testid="overview-window"]').style.width) < 20);
    const close = await page.sight();
    assert.ok(close.width * FRAMES <= 12.5, `${close.width * FRAMES} frames fill the width`);
    await page.key("Shift+ArrowRight");
    assert.ok((await page.sight()).left > close.left, "it moves on by a key");
    const strip = await page.hook("overview").boundingBox();
    await page.page.mouse.click(strip.x + 12, strip.y + 10);
    assert.ok((await page.sight()).left < 0.02, "a click in the overview goes there");
    await page.key("f");
    assert.ok((await page.sight()).width > 0.999);
  });

  test("keys go to changes, segments and open places, on and back", async () => {
    await page.toFrame(0);
    await page.key("c");
    assert.equal(await page.frame(), 12);
    await page.key("]");
    assert.equal(await page.frame(), 24);
    await page.key("Shift+c");
    assert.equal(await page.frame(), 12);
    await page.key("[");
    assert.equal(await page.frame(), 0);
    await page.key("n");
    const first = await page.frame();
    await page.key("n");
    assert.notEqual(await page.frame(), first, "the next doubtful one is another");
    await page.key("Shift+n");
    assert.equal(await page.frame(), first);
    await page.key("u");
    await page.key("Shift+u");
    assert.match(await page.text("review-progress"), /^0 of 12 reviewed/);
  });

  test("the label at the playhead says when it is not the frame's own", async () => {
    browser ??= await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const own = await AnnotatorPage.open(context, url);
    const labels = Array.from({ length: FRAMES }, (_, frame) => (frame === 36 ? 4 : 0));
    await own.openProject(scratch, projectOf(labels), await scratch.file("face.mp4"));
    const said = (label, why) =>
      own.page.waitForFunction(
        (expected) => [".moment-label", ".moment-why"].every((part, i) => document.querySelector(part).textContent === expected[i]),
        [label, why],
      );
    await own.smooth("sliding", 9);
    await own.toFrame(36);
    await said("Neutral", "8 of 9 frames; this frame alone: Happiness.");
    await own.smooth("none", 9);
    await said("Happiness", "");
    await own.page.evaluate(() => document.activeElement.blur());
    await own.key("6");
    await own.toFrame(36);
    await said("Surprise", "As you reviewed it.");
    await context.close();
  });

  test("the queue lists the most doubtful first, its filters hide nothing else", async () => {
    const lines = await page.queue();
    assert.equal(lines.length, 12);
    const doubts = lines.map((line) => Number(line.match(/doubt (\d+)%/)[1]));
    assert.deepEqual(doubts, [...doubts].sort((a, b) => b - a));
    await page.hook("least-doubt").fill("30");
    const few = await page.hook("queue").locator("button").count();
    assert.equal(few, doubts.filter((doubt) => doubt >= 30).length);
    await page.hook("class-filter").getByRole("button", { name: "Happiness" }).click();
    const names = await page.queue();
    assert.ok(names.every((name) => !name.includes("Happiness")));
    assert.match(await page.text("review-progress"), /of 12 reviewed/, "segments stay as they are");
    await page.hook("class-filter").getByRole("button", { name: "Happiness" }).click();
    await page.hook("least-doubt").fill("0");
    // By time the same lines stand in the order of the video, and "next" follows it.
    const ofLines = (lines) => lines.map((line) => line.match(/\d+:\d+\.\d+/)[0]);
    await page.hook("queue-order").selectOption("time");
    const byTime = ofLines(await page.queue());
    assert.deepEqual(byTime, [...byTime].sort());
    assert.deepEqual([...byTime], [...ofLines(lines)].sort());
    await page.hook("queue-order").selectOption("doubt");
    assert.deepEqual(await page.queue(), lines);
    // Where one is stands out in the list.
    await page.key("n");
    const here = (await page.hook("review-current").textContent()).match(/\d+:\d+\.\d+/)[0];
    await page.page.waitForFunction((here) => {
      const current = [...document.querySelectorAll('.queue-line[aria-current="true"]')];
      return current.length === 1 && current[0].textContent.includes(here);
    }, here);
  });

  test("an edge is dragged with the video following, as one step", async () => {
    await page.page.locator(".face-select select").selectOption("0");
    await page.toFrame(14);
    await page.key("s");
    await page.until("review-said", /^Cut in two/);
    const before = await page.segments();
    const y = await reviewedLane(page);
    const plot = await page.plot();
    const x = (frame) => plot.left + (frame / FRAMES) * plot.width;
    await page.page.mouse.move(x(14), y);
    await page.page.mouse.down();
    await page.page.mouse.move(x(17), y, { steps: 4 });
    await page.page.waitForFunction(() => /^frame 17 /.test(document.querySelector(".clock-frame").textContent));
    // A little before the edge the picture is still the first one behind it, and so is what is said of it.
    await page.page.mouse.move(x(16.7), y, { steps: 2 });
    await page.page.waitForFunction(() => /·  17/.test(document.querySelector(".tip-heading").textContent));
    assert.match(await page.text("review-said"), /^Cut in two/, "nothing is changed before the release");
    await page.page.mouse.move(x(18), y, { steps: 2 });
    await page.page.mouse.up();
    await page.until("review-said", /^Edge moved/);
    const moved = labelled(await page.segments(), 0).map(([frame]) => frame);
    assert.deepEqual([moved[0], moved.at(-1)], [12, 23], "both sides are confirmed");
    assert.ok((await page.segments()).some(({ start, end }) => start === 12 && end === 18));
    const rows = (await page.rows()).filter((row) => row.track === "0" && row.reviewed !== null);
    assert.deepEqual(rows.map((row) => row.frame), moved, "and so in the csv");
    await page.key("z");
    assert.deepEqual(await page.segments(), before);
    await page.key("z");
    assert.deepEqual(await page.segments(), []);
  });

  test("a held key paints while the video plays, and reaction time is taken back", async () => {
    const painted = {};
    for (const reaction of [0, 500]) {
      await page.hook("reaction").fill(String(reaction));
      await page.hook("reaction").press("Tab");
      await page.hook("speed").selectOption("0.25");
      await page.toFrame(20);
      await page.key("k");
      await untilTime(page, 24 / RATE);
      await page.page.keyboard.down("3");
      const pressed = (await page.playback()).time;
      await untilTime(page, 30 / RATE);
      await page.page.keyboard.up("3");
      const released = (await page.playback()).time;
      await page.key("k");
      await page.until("review-said", /^Painted Fear/);
      const frames = labelled(await page.segments(), 0);
      assert.ok(frames.length > 0 && frames.every(([, label]) => label === "fear"));
      painted[reaction] = { first: frames[0][0], last: frames.at(-1)[0] };
      const shift = (reaction / 1000) * 0.25;
      assert.ok(Math.abs(frames[0][0] - (pressed - shift) * RATE) < 4, `${frames[0][0]} begins at ${pressed * RATE}`);
      assert.ok(Math.abs(frames.at(-1)[0] - (released - shift) * RATE) < 4, `${frames.at(-1)[0]} ends at ${released * RATE}`);
      await page.key("z");
      assert.deepEqual(await page.segments(), [], "one step back");
    }
    await page.hook("reaction").fill("0");
    await page.hook("reaction").press("Tab");
    await page.hook("speed").selectOption("1");
  });

  test("a looped segment is played over and over", async () => {
    await page.toFrame(13);
    await page.key("l");
    const times = [];
    for (let look = 0; look < 60; look += 1) {
      await page.page.waitForTimeout(60);
      times.push((await page.playback()).time * RATE);
    }
    await page.key("l");
    await page.page.evaluate(() => document.querySelector("video").pause());
    const returns = times.filter((time, i) => i > 0 && time < times[i - 1]).length;
    assert.ok(returns >= 2, `it came back ${returns} times: ${times.map(Math.round)}`);
    // How late a seek comes is the machine's; without one the video would run to its end.
    assert.ok(Math.min(...times) >= 11.5 && Math.max(...times) < 2 * 24, `within the segment: ${times.map(Math.round)}`);
  });

  test("speed goes from a tenth to four times", async () => {
    const rate = () => page.page.evaluate(() => document.querySelector("video").playbackRate);
    for (let press = 0; press < 10; press += 1) await page.key("<");
    assert.equal(await rate(), 0.1);
    for (let press = 0; press < 10; press += 1) await page.key(">");
    assert.equal(await rate(), 4);
    await page.hook("speed").selectOption("1");
  });

  test("people are named, made one, parted, left out, and each step comes back", async () => {
    const person = (place) => page.hook("person").nth(place);
    const count = () => page.hook("person").count();
    assert.equal(await count(), 3);
    const rows = await page.rows();
    await person(0).getByTestId("person-name").fill("Ada");
    await person(0).getByTestId("person-name").press("Tab");
    await page.until("review-said", /renamed/);
    // Seen together: refused, and told where.
    await person(1).getByTestId("person-same-as").selectOption("0");
    await page.until("review-said", /seen together in 30 frames, first at 0:00\.25/);
    await person(1).evaluate((element) => element.scrollIntoView({ block: "center" }));
    await person(2).dragTo(person(0), { sourcePosition: { x: 4, y: 4 } });
    await page.page.waitForFunction(() => document.querySelectorAll('[data-testid="person"]').length === 2);
    const merged = await page.rows();
    assert.ok(merged.every((row) => row.track !== "2"));
    assert.equal(merged.filter((row) => row.track === "0").length, 72);
    await page.page.locator(".face-select select").selectOption("0");
    await page.toFrame(50);
    await person(0).getByTestId("person-part").click();
    await page.page.waitForFunction(() => document.querySelectorAll('[data-testid="person"]').length === 3);
    assert.equal((await page.rows()).filter((row) => row.track === "0").length, 50);
    await person(1).getByTestId("person-leave-out").click();
    await page.hook("left-out").waitFor();
    assert.ok((await page.rows()).every((row) => row.track !== "1"));
    await page.hook("bring-back").click();
    await page.page.waitForFunction(() => document.querySelectorAll('[data-testid="person"]').length === 3);
    for (let back = 0; back < 5; back += 1) await page.hook("undo").click();
    await page.page.waitForFunction(() => document.querySelector('[data-testid="person-name"]').value === "Face 1");
    await page.page.waitForFunction(() => document.querySelectorAll('[data-testid="person"]').length === 3);
    assert.deepEqual(await page.rows(), rows);
  });

  test("each person has pictures taken from the video", async () => {
    await page.page.waitForFunction(
      () => {
        const strips = [...document.querySelectorAll('[data-testid="portraits"]')];
        return strips.length === 3 && strips.every((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, 72, 72);
          const shades = new Set(data.filter((_, i) => i % 4 < 3));
          return shades.size > 30;
        });
      },
      null,
      { timeout: 30_000 },
    );
  });

  test("keys can be changed, conflicts are told, and they are kept", async () => {
    await page.key("?");
    await page.hook("help-dialog").waitFor({ state: "visible" });
    await page.hook("change-loop").click();
    await page.page.keyboard.press("n");
    await page.until("key-message", /n is taken: Next doubtful segment/);
    await page.page.keyboard.press("j");
    await page.until("key-message", /^A label's key labels the segment/);
    await page.hook("change-split").click();
    await page.page.keyboard.press("m");
    await page.hook("take-key").click();
    await page.page.keyboard.press("Escape");
    await page.hook("help-dialog").waitFor({ state: "hidden" });
    await page.page.reload();
    await page.page.waitForFunction(() => document.querySelector('[data-testid="status"]'));
    const keys = () => page.page.evaluate(() => Object.fromEntries(
      [...document.querySelectorAll(".help dl > div")].map((line) => [
        line.querySelector("button").dataset.testid,
        [...line.querySelectorAll("kbd")].map((key) => key.textContent),
      ]),
    ));
    const found = await keys();
    assert.deepEqual([found["change-loop"], found["change-split"], found["change-merge"]], [["j"], ["m"], []]);
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing serious, ${colorScheme}`, async () => {
      const checked = await workspace({ colorScheme });
      await checked.hook("person").first().waitFor();
      // Not as an element of the page: its policy allows no foreign script.
      await checked.page.evaluate(await readFile(AXE, "utf8"));
      const found = await violations(checked.page);
      await checked.key("?");
      await checked.hook("help-dialog").waitFor({ state: "visible" });
      found.push(...(await violations(checked.page)));
      await checked.page.keyboard.press("Escape");
      await checked.hook("help-dialog").waitFor({ state: "hidden" });
      await checked.hook("projects").click();
      await checked.hook("project").first().waitFor({ state: "visible" });
      found.push(...(await violations(checked.page)));
      await checked.hook("project-delete").click();
      await checked.hook("question").waitFor({ state: "visible" });
      found.push(...(await violations(checked.page)));
      await checked.hook("question-no").click();
      await checked.page.keyboard.press("Escape");
      await checked.hook("project-list").waitFor({ state: "hidden" });
      // The comparison with its tables open, labels of a file in the timeline, and a notice in sight.
      const labels = annotationOf(Array.from({ length: FRAMES }, (_, frame) => (frame < 40 ? 4 : 1)));
      await checked.hook("open-labels").setInputFiles(await scratch.write("beside.txt", labels));
      await checked.until("metrics", /beside\.txt/);
      await checked.hook("confusion").locator("summary").click();
      await checked.hook("by-class").locator("summary").click();
      found.push(...(await violations(checked.page)));
      await checked.hook("open-labels").setInputFiles(await scratch.write("letter.txt", "Dear reader,\n"));
      await checked.untilNoticed(/letter\.txt/);
      found.push(...(await violations(checked.page)));
      // A question over a page that is in use.
      await checked.hook("open-labels").setInputFiles(await scratch.write("long.txt", annotationOf(Array(80).fill(0))));
      await checked.hook("question").waitFor({ state: "visible" });
      found.push(...(await violations(checked.page)));
      await checked.hook("question-no").click();
      // An export under way.
      await checked.key("3");
      await checked.page.evaluate(() => document.querySelector('[data-testid="export-training"]').click());
      await checked.hook("export-progress").waitFor({ state: "attached" });
      found.push(...(await violations(checked.page)));
      assert.deepEqual(found, []);
      if (process.env.MIEN_SCREENSHOT) await checked.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.${colorScheme}.png` });
      await checked.page.context().close();
    });
  }

  test("two fingers zoom the timeline and the overview", async () => {
    const touched = await workspace({ hasTouch: true });
    const cdp = await touched.page.context().newCDPSession(touched.page);
    const touch = (type, points) => cdp.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
    const pinch = async (y, from, to) => {
      await touch("touchStart", [[from[0], y]]);
      await touch("touchStart", [[from[0], y], [from[1], y]]);
      for (let step = 1; step <= 5; step += 1) {
        const at = from.map((x, finger) => x + ((to[finger] - x) * step) / 5);
        await touch("touchMove", [[at[0], y], [at[1], y]]);
      }
      await touch("touchEnd", []);
    };
    const plot = await touched.plot();
    const middle = plot.left + plot.width / 2;
    await pinch(plot.top + 70, [middle - 60, middle + 60], [middle - 240, middle + 240]);
    const close = await touched.sight();
    assert.ok(Math.abs(close.width - 0.25) < 0.03, `four times as close: ${close.width}`);
    assert.ok(Math.abs(close.left + close.width / 2 - 0.5) < 0.03, "the middle stays where it is");
    await pinch(plot.top + 70, [middle - 240, middle + 240], [middle - 60, middle + 60]);
    assert.ok((await touched.sight()).width > 0.9, "and back");
    const strip = await touched.hook("overview").boundingBox();
    const center = strip.x + strip.width / 2;
    await pinch(strip.y + strip.height / 2, [center - 50, center + 50], [center - 100, center + 100]);
    const half = await touched.sight();
    assert.ok(Math.abs(half.width - 0.5) < 0.05, `twice as close: ${half.width}`);
    await pinch(strip.y + strip.height / 2, [center - 100, center + 100], [center - 40, center + 40]);
    assert.ok((await touched.sight()).width > 0.9, "and back");
    await touched.page.context().close();
  });

  test("labels differ by their motif where all colours are one", async () => {
    const grey = await workspace();
    // Every class in the same colour, as an eye without colours may see them.
    await grey.page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      const rules = Array.from({ length: 8 }, (_, c) => `--class-${c}: #808080 !important; --on-class-${c}: #000 !important;`);
      sheet.replaceSync(`:root { ${rules.join(" ")} }`);
      document.adoptedStyleSheets = [sheet];
    });
    await grey.page.emulateMedia({ colorScheme: "dark" });
    await grey.page.emulateMedia({ colorScheme: "light" });
    await grey.page.getByRole("button", { name: "Stacked" }).click();
    await grey.page.waitForTimeout(300);
    const plot = await grey.plot();
    const picture = await grey.page.screenshot({ clip: { x: plot.left, y: plot.top + 50, width: plot.width, height: 60 } });
    const shades = await grey.page.evaluate(async (numbers) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(numbers)]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const count = new Map();
      for (let at = 0; at < data.length; at += 4) count.set(data[at], (count.get(data[at]) ?? 0) + 1);
      return { plain: (count.get(128) ?? 0) / (data.length / 4), shades: count.size };
    }, [...picture]);
    assert.ok(shades.plain < 0.9 && shades.shades > 4, JSON.stringify(shades));
    await grey.page.context().close();
  });
}

/** What axe holds for serious or critical, in words. */
function violations(page) {
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`.slice(0, 600));
  });
}

/** The middle of the first person's reviewed lane on the screen: heading, eight rows, confidence, three lanes. */
async function reviewedLane(page) {
  const { top } = await page.plot();
  await page.page.evaluate(() => (document.querySelector('[data-testid="timeline"]').scrollTop = 0));
  const above = 24 + 3 + 20 + 8 * 16 + 3 + 19 + 16 + 16 + 23;
  await page.page.evaluate((y) => (document.querySelector('[data-testid="timeline"]').scrollTop = y), above - 120);
  const scrolled = await page.page.evaluate(() => document.querySelector('[data-testid="timeline"]').scrollTop);
  return top + above + 10 - scrolled;
}

/** Waits until the playing video has come to `time` seconds. */
async function untilTime(page, time) {
  await page.page.waitForFunction((time) => document.querySelector("video").currentTime >= time, time, { polling: 20 });
}
