// The native program, as the other side of a comparison.

import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { readFrameTable } from "./frame_table.mjs";
import { MIEN, TINY_MODEL } from "./settings.mjs";

const run = promisify(execFile);

/** Rows that `mien analyze` writes for a video, on the CPU, with the tiny model unless `options` name another. */
export async function analyzeNatively(scratch, video, ...options) {
  const { rows, error } = await analyzed(scratch, video, options);
  if (error) throw error;
  return rows;
}

/** The same of a damaged video, of which the program keeps what it read and then fails. */
export async function analyzeDamagedNatively(scratch, video) {
  const { rows, error } = await analyzed(scratch, video, []);
  if (!error) throw new Error(`mien does not say that ${video} is damaged`);
  return rows;
}

async function analyzed(scratch, video, options) {
  const folder = await scratch.folderFor("native");
  const model = options.includes("--model") ? [] : ["--model", TINY_MODEL];
  const command = ["analyze", video, ...model, "--out", folder, "--device", "cpu", ...options];
  const error = await run(MIEN, command).then(() => null, (error) => error);
  const tables = (await readdir(folder)).filter((name) => name.endsWith(".csv"));
  if (tables.length !== 1) throw error ?? new Error(`mien ${command.join(" ")} wrote ${tables.length} csv files`);
  return { rows: readFrameTable(await readFile(path.join(folder, tables[0]), "utf8")), error };
}
