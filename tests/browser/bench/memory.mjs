// Memory of the page's process for a short and a ten times longer video.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { TALKING_FACE } from "../support/settings.mjs";
import { note } from "./figures.mjs";

const run = promisify(execFile);
const FRAMES_A_SECOND = 4;
const HOUR_MS = 3_600_000;

/** Prints the page's resident memory after a 3-minute and a 30-minute video, and what the results take. */
export async function compareMemory(launch, url, scratch) {
  const found = [];
  for (const minutes of [3, 30]) {
    const browser = await launch();
    const page = await AnalysisPage.open(await browser.newContext(), url);
    await page.untilReady();
    const idle = await residentMb(browser);
    const video = await makeVideo(scratch, minutes);
    const started = Date.now();
    await page.choose(video);
    await page.page.waitForFunction(() => /^(done|error)/.test(globalThis.statusHistory.at(-1)), null, { timeout: HOUR_MS });
    const seconds = (Date.now() - started) / 1000;
    const { now, peak } = await residentMb(browser);
    const rows = await page.rows();
    const megabytes = (value) => `${value.toFixed(0)} MB`;
    console.log(
      `${minutes} minutes (${rows.length} rows in ${seconds.toFixed(0)} s, ${await page.status()}): ` +
        `${megabytes(idle.now)} before, ${megabytes(now)} after, ${megabytes(peak)} at most`,
    );
    found.push({ peak, rows: rows.length });
    await browser.close();
  }
  const [short, long] = found;
  const more = long.peak - short.peak;
  note({ what: "page, memory that a 30-minute video takes more than a 3-minute one", unit: "MB", ours: [more] });
  const each = Math.max(0, (more * 1024 * 1024) / (long.rows - short.rows));
  console.log(`ten times the length: ${more.toFixed(0)} MB more at most, ${each.toFixed(0)} bytes for each row more`);
}

async function makeVideo(scratch, minutes) {
  const file = path.join(scratch.folder, `${minutes}-minutes.mp4`);
  const input = ["-stream_loop", "-1", "-i", TALKING_FACE, "-t", minutes * 60];
  const output = ["-an", "-vf", `fps=${FRAMES_A_SECOND},scale=180:144`, "-c:v", "libx264", "-preset", "ultrafast"];
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...input, ...output, file].map(String));
  return file;
}

/** Resident memory in MB, now and at most, of all processes that run pages (workers and wasm live in them). */
async function residentMb(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sum = { now: 0, peak: 0 };
  for (const { id, type } of processInfo) {
    if (type !== "renderer") continue;
    const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
    const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
    sum.now += field("VmRSS");
    sum.peak += field("VmHWM");
  }
  return sum;
}
