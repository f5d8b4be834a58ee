// Measures and prints; nothing here passes or fails. `node bench/run.mjs [cpu] [film] [page] [timeline] [memory] [visit]`; for WebGPU see webgpu/run.mjs.
//
// MIEN_ONNX: the file that `resnet50_onnx.py` wrote. MIEN_DIST, MIEN_CHROMIUM: as in ../run.mjs.
// MIEN_URL: the server that `visit` looks at, in place of one that packs nothing.

import { launchBrowser } from "../support/browser.mjs";
import { Scratch } from "../support/scratch.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";
import { compareFilm } from "./film.mjs";
import { compareMemory } from "./memory.mjs";
import { compareNetworks, serveBoth } from "./networks.mjs";
import { measureSmoothness } from "./smoothness.mjs";
import { measureTimeline } from "./timeline.mjs";
import { measureVisit } from "./visit.mjs";

const parts = process.argv.length > 2 ? process.argv.slice(2) : ["cpu", "film", "page", "timeline", "memory", "visit"];
const scratch = await Scratch.make();
const pageServer = await StaticServer.start(DIST);
if (parts.includes("cpu")) {
  const server = await serveBoth(scratch, process.env.MIEN_ONNX);
  const browser = await launchBrowser();
  console.log(`Chromium ${browser.version()}`);
  await compareNetworks(browser, server);
  await browser.close();
  await server.stop();
}
if (parts.includes("film")) await compareFilm(launchBrowser, scratch);
if (parts.includes("page")) {
  const browser = await launchBrowser();
  await measureSmoothness(browser, pageServer.url, scratch);
  await browser.close();
}
if (parts.includes("timeline")) {
  const browser = await launchBrowser();
  await measureTimeline(browser, pageServer.url, scratch);
  await browser.close();
}
if (parts.includes("memory")) await compareMemory(launchBrowser, pageServer.url, scratch);
if (parts.includes("visit")) await measureVisit(launchBrowser, process.env.MIEN_URL ?? pageServer.url);
await pageServer.stop();
await scratch.remove();
