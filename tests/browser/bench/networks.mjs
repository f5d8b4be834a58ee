// A full ResNet-50 at 224 on the CPU: Mien's engine against onnxruntime-web, in turns, in one Chromium.

import { copyFile, mkdir, readdir, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";
import { note } from "./figures.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Serves the page's files, onnxruntime-web and the two measuring pages from one origin. */
export async function serveBoth(scratch, onnxFile) {
  const root = await scratch.folderFor("bench");
  for (const name of await readdir(DIST)) await symlink(path.join(DIST, name), path.join(root, name));
  await symlink(path.join(here, "../node_modules/onnxruntime-web/dist"), path.join(root, "ort"));
  await symlink(onnxFile, path.join(root, "resnet50.onnx"));
  await mkdir(path.join(root, "pages"));
  for (const name of ["engine_page.html", "onnxruntime_page.html"]) {
    await copyFile(path.join(here, name), path.join(root, "pages", name));
  }
  return StaticServer.start(root);
}

const onCpu = (count) => ({
  name: `CPU, ${count} worker(s) against ${count} thread(s)`,
  passes: 10,
  rounds: 3,
  ours: { backend: "cpu", workers: count },
  theirs: { provider: "wasm", threads: count },
});

const CASES = [onCpu(1), onCpu(2)];

/** Prints milliseconds a picture of both, round by round and their medians. */
export async function compareNetworks(browser, server) {
  for (const { name, passes, rounds, ours, theirs } of CASES) {
    const found = { mien: [], onnxruntime: [] };
    let device = "";
    for (let round = 0; round < rounds; round += 1) {
      const own = await measure(browser, `${server.url}/pages/engine_page.html`, { ...ours, passes });
      device = own.device;
      found.mien.push(own.ms);
      const other = await measure(browser, `${server.url}/pages/onnxruntime_page.html`, { ...theirs, passes });
      found.onnxruntime.push(other.ms);
    }
    note({ what: `page, ResNet-50 at 224, ${name}`, unit: "ms", ours: found.mien, peer: "onnxruntime-web, wasm", theirs: found.onnxruntime });
    const [a, b] = [median(found.mien), median(found.onnxruntime)];
    console.log(`ResNet-50 224, ${name}: Mien ${shown(found.mien)}, onnxruntime-web ${shown(found.onnxruntime)} ms a picture`);
    console.log(`  medians ${a.toFixed(0)} and ${b.toFixed(0)} ms: Mien is ${(b / a).toFixed(2)} times as fast (${device})`);
  }
}

async function measure(browser, url, choice) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => globalThis.measure);
    return await page.evaluate((choice) => globalThis.measure(choice), choice);
  } finally {
    await context.close();
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function shown(values) {
  return values.map((value) => value.toFixed(0)).join(", ");
}
