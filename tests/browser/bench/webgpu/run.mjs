// Mien's engine on WebGPU beside onnxruntime-web's, on the same networks, and both against PyTorch's values.
//
// node run.mjs --chromium PATH [--adapter auto|real|swiftshader] [--out DIR] [--minutes N]
//
// `auto` takes a real adapter, and Chromium's software adapter where there is none. Runs from a copied folder: it needs
// node and Chromium alone. Exit status 0 only when all values are right.

import { readFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { StaticServer } from "../../support/static_server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"];
const FLAGS = {
  real: [
    "--enable-unsafe-webgpu",
    "--ignore-gpu-blocklist",
    "--enable-features=Vulkan",
    "--use-vulkan=native",
    "--use-angle=vulkan",
    "--disable-vulkan-surface",
  ],
  swiftshader: [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--enable-features=Vulkan",
  ],
};
/** Largest difference from PyTorch's logits, as a share of the largest of them (at least 1). */
const TOLERANCE = 1e-3;
const LAUNCH_MS = 60_000;
/** A driver that does not work may never answer. */
const ADAPTER_MS = 45_000;

const { values: options } = parseArgs({
  options: {
    chromium: { type: "string" },
    adapter: { type: "string", default: "auto" },
    // Served as one folder: the page, the networks, onnxruntime-web and the measuring pages.
    root: { type: "string", default: path.resolve(here, "../../root") },
    out: { type: "string", default: "webgpu-results" },
    minutes: { type: "string", default: "8" },
  },
});
if (!options.chromium || !["auto", "real", "swiftshader"].includes(options.adapter)) {
  console.error("usage: node run.mjs --chromium PATH [--adapter auto|real|swiftshader] [--out DIR] [--minutes N]");
  process.exit(2);
}
const deadline = Date.now() + 60_000 * Number(options.minutes);

/** Rejects when a step's time, or the time for all of it, is over. */
function inTime(promise, mostMs = Infinity) {
  let timer;
  const over = new Promise((_, reject) => {
    const left = Math.max(0, deadline - Date.now());
    const reason = mostMs < left ? `no answer for ${mostMs / 1000} s` : `${options.minutes} minutes were over (--minutes gives more)`;
    timer = setTimeout(() => reject(new Error(reason)), Math.min(left, mostMs));
  });
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}

/** Closes what may hang as well. */
function closed(what) {
  return inTime(what.close(), 10_000).catch(() => {});
}

function launch(kind) {
  const args = [...QUIET, ...FLAGS[kind]];
  return chromium.launch({ executablePath: options.chromium, headless: true, args, timeout: LAUNCH_MS });
}

async function withPage(browser, url, work, mostMs) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await inTime(work(page), mostMs);
  } finally {
    await closed(context);
  }
}

/** What the browser says of its adapter; null without one. */
function adapterOf(browser, server) {
  const ask = (page) =>
    page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
      if (!adapter) return null;
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
      const name = [vendor, architecture, device, description].filter(Boolean).join(" ") || "unnamed adapter";
      const software = Boolean(isFallbackAdapter) || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
      const { maxBufferSize, maxComputeInvocationsPerWorkgroup } = adapter.limits;
      return { name, software, features: [...adapter.features].sort(), maxBufferSize, maxComputeInvocationsPerWorkgroup };
    });
  return withPage(browser, `${server.url}/pages/engine_worker_page.html`, ask, ADAPTER_MS);
}

/** A browser with the adapter that was asked for. */
async function open(server) {
  for (const kind of options.adapter === "auto" ? ["real", "swiftshader"] : [options.adapter]) {
    let browser;
    let reason = "no adapter";
    try {
      browser = await launch(kind);
      const adapter = await adapterOf(browser, server);
      if (adapter && (kind === "swiftshader" || !adapter.software)) return { browser, adapter };
      if (adapter) reason = `only a software adapter (${adapter.name})`;
    } catch (error) {
      reason = error.message.split("\n")[0];
    }
    if (browser) await closed(browser);
    console.log(`${kind}: ${reason}`);
  }
  throw new Error("Chromium offers no graphics adapter of this kind: look at chrome://gpu, or choose --adapter swiftshader");
}

/** How far logits are from PyTorch's, as a share of the largest; Infinity where they are no such numbers. */
function distance(found, right) {
  const largest = Math.max(1, ...right.map(Math.abs));
  const differences = right.map((value, i) => Math.abs(value - found[i]) / largest);
  return found.length === right.length && differences.every(Number.isFinite) ? Math.max(...differences) : Infinity;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const PROGRAMS = [
  { name: "Mien, CPU", page: "engine_worker_page.html", backend: "cpu" },
  { name: "Mien, WebGPU", page: "engine_worker_page.html", backend: "webgpu" },
  { name: "onnxruntime-web, CPU", page: "onnxruntime_page.html", backend: "cpu" },
  { name: "onnxruntime-web, WebGPU", page: "onnxruntime_page.html", backend: "webgpu" },
];

/** Values first, with one pass; then the times of those whose values are right, in turns. */
async function measureNetwork(browser, server, network, { passes, rounds }) {
  const once = ({ page, backend }, count) =>
    withPage(browser, `${server.url}/pages/${page}`, async (tab) => {
      await tab.waitForFunction(() => globalThis.measure);
      return tab.evaluate((choice) => globalThis.measure(choice), { ...network, logits: null, backend, passes: count });
    });
  const rows = [];
  for (const program of PROGRAMS) {
    const row = { network: network.name, size: network.size, program: program.name, ms: [], right: false };
    rows.push(row);
    try {
      const { device, logits } = await once(program, 1);
      row.device = device;
      row.distance = distance(logits, network.logits);
      row.right = row.distance <= TOLERANCE;
      if (!row.right) row.reason = `logits are off by ${row.distance} of the largest`;
    } catch (error) {
      row.reason = error.message.split("\n")[0];
    }
    console.log(`${network.name}: ${program.name}: ${row.right ? `right, off by ${row.distance.toExponential(1)}` : row.reason}`);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, program] of PROGRAMS.entries()) {
      if (rows[i].right) rows[i].ms.push((await once(program, passes)).ms);
    }
  }
  for (const row of rows) if (row.ms.length > 0) row.medianMs = median(row.ms);
  return rows;
}

function table(report) {
  const lines = [
    `# WebGPU: ${report.passed ? "all values are right" : "NOT all values are right"}`,
    "",
    `Chromium ${report.chromium}, adapter: ${report.adapter.name}${report.adapter.software ? " (software: correctness, not speed)" : ""}, ` +
      `${report.adapter.features.includes("shader-f16") ? "with" : "without"} shader-f16`,
    "",
    "| network | program | off by | ms a picture |",
    "|---|---|---|---|",
  ];
  for (const row of report.rows) {
    const off = row.right ? row.distance.toExponential(1) : `WRONG: ${row.reason}`;
    lines.push(`| ${row.network}, ${row.size} | ${row.program} | ${off} | ${row.medianMs?.toFixed(2) ?? ""} |`);
  }
  if (report.reason) lines.push("", `Not finished: ${report.reason}`);
  return `${lines.join("\n")}\n`;
}

/** Files of this program are replaced whenever there is more to say. */
async function write(report) {
  await mkdir(options.out, { recursive: true });
  await writeFile(path.join(options.out, "webgpu.json"), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(path.join(options.out, "webgpu.md"), table(report));
}

const networks = JSON.parse(await readFile(path.join(options.root, "networks/networks.json"), "utf8"));
const server = await StaticServer.start(options.root);
let browser;
let failed = true;
try {
  const opened = await open(server);
  browser = opened.browser;
  const { adapter } = opened;
  const report = { chromium: browser.version(), adapter, tolerance: TOLERANCE, passed: false, rows: [] };
  console.log(`Chromium ${report.chromium}, adapter: ${adapter.name}`);
  // A software adapter takes minutes for a full network.
  const choice = adapter.software ? { passes: 2, rounds: 1 } : { passes: 20, rounds: 3 };
  try {
    for (const network of networks.filter(({ small }) => small || !adapter.software)) {
      report.rows.push(...(await measureNetwork(browser, server, network, choice)));
      await write(report);
    }
    report.passed = report.rows.every(({ right }) => right);
  } catch (error) {
    report.reason = error.message.split("\n")[0];
  }
  await write(report);
  console.log(`\n${table(report)}\n${path.resolve(options.out, "webgpu.json")}`);
  failed = !report.passed;
} catch (error) {
  console.error(`error: ${error.message}`);
} finally {
  if (browser) await closed(browser);
  await server.stop();
}
process.exit(failed ? 1 : 0);
