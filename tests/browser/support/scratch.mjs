// A temporary folder with the videos and pictures of the tests: made by ffmpeg when first asked for, then kept.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import {
  breakFrames,
  doubleSpeed,
  dropFragment,
  emptyChunkTable,
  renameBox,
  setEnabled,
  setPose,
  setShownSize,
  turnDisplay,
} from "./mp4.mjs";
import { TALKING_FACE } from "./settings.mjs";

const run = promisify(execFile);
const MP4 = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"];
const FACE = (start, seconds) => ["-ss", start, "-t", seconds, "-i", TALKING_FACE];
/** Nothing at the left, half at a strip beside it, the whole picture behind that. */
const TRANSPARENT =
  "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,W/4),0,if(lt(X,W/2),128,255))'";

/** ffmpeg's arguments for a file of RECIPES with a tone (or none), each beginning so many seconds late. */
const withSound = (video, codec, lateVideo, lateSound, ...options) => async (scratch) => [
  ...["-itsoffset", lateVideo, "-i", await scratch.file(video)],
  ...(codec ? ["-itsoffset", lateSound, "-f", "lavfi", "-i", "sine=duration=2", "-map", "0:v", "-map", "1:a", "-c:a", codec] : []),
  ...["-c:v", "copy", ...options],
];

/** Bytes of another file of RECIPES, changed. */
const changed = (name, change) => async (scratch) => change(await readFile(await scratch.file(name)));

/** A face in a picture of this size. */
const SIZED = (filter) => [...FACE(70, 0.3), "-vf", filter];
const SHOWN = [...SIZED("scale=352:288,setsar=1"), ...MP4];

/** How each file is made: ffmpeg's arguments, or a function of the scratch folder that gives them or the file's bytes. */
const RECIPES = {
  // Three consecutive B-frames: the order of decoding is not that of showing.
  "face.mp4": [...FACE(10, 3), ...MP4, "-bf", "3"],
  "face-short.mp4": [...FACE(20, 0.5), ...MP4],
  "face-long.mp4": [...FACE(30, 12), ...MP4],
  // A key frame each second, and frames that are shown in another order than they are decoded in.
  "face-keys.mp4": [...FACE(30, 12), ...MP4, "-g", 24, "-bf", 3],
  "face-keys.webm": [...FACE(50, 8), "-an", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8, "-g", 24],
  "four-frames.mp4": [...FACE(40, 1), ...MP4, "-frames:v", 4],
  "face.webm": [...FACE(50, 1), "-an", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8],
  // Frames stay between 1/24 and 4/24 s.
  "variable-rate.mp4": [...FACE(60, 2), "-vf", "select='not(mod(n,3))+eq(mod(n,7),1)'", "-fps_mode", "vfr", ...MP4],
  "rotated.mp4": async (scratch) => turnDisplay(await readFile(await scratch.file("sideways.mp4")), 90),
  // Lies on its side in the file; the display matrix sets it upright.
  "sideways.mp4": [...FACE(70, 0.7), "-vf", "transpose=2", ...MP4],
  "upright.mp4": [...FACE(70, 0.7), ...MP4],
  // The other files name no colour matrix.
  "bt601.mp4": [...FACE(90, 0.5), ...MP4, ...["colorspace", "color_primaries", "color_trc"].flatMap((what) => [`-${what}`, "smpte170m"])],
  "odd-size.webm": [...FACE(80, 0.4), "-vf", "scale=351:277", "-an", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8],
  "two-keys.mp4": [...FACE(30, 2.5), ...MP4, "-g", 24, "-bf", 3],
  // Its picture begins after its sound, which begins 0.3 s after its clock's 0.
  "late-picture.mp4": withSound("face-short.mp4", "aac", 1, 0.3),
  "late-picture.webm": withSound("face.webm", "libopus", 1, 0),
  "late-picture.mkv": withSound("face-short.mp4", "aac", 1, 0),
  "late-sound.mp4": withSound("face-short.mp4", "aac", 0, 0.5),
  "late-alone.mp4": withSound("face-short.mp4", null, 1, 0),
  "in-fragments.mp4": withSound("two-keys.mp4", "aac", 1, 0, "-movflags", "frag_keyframe+empty_moov+delay_moov"),
  "half-in-fragments.mp4": withSound("two-keys.mp4", "aac", 0, 0, "-movflags", "frag_keyframe"),
  "without-edits.mp4": withSound("two-keys.mp4", "aac", 0, 0, "-use_editlist", 0),
  "negative-offsets.mp4": withSound("two-keys.mp4", "aac", 1, 0, "-movflags", "negative_cts_offsets"),
  // Begins and ends between key frames, by its edit list alone.
  "trimmed.mp4": async (scratch) => ["-ss", 1.4, "-i", await scratch.file("two-keys.mp4"), "-t", 0.7, "-c", "copy"],
  "mirrored.mp4": changed("shown.mp4", (bytes) => turnDisplay(bytes, "mirrored")),
  "flipped.mp4": changed("shown.mp4", (bytes) => turnDisplay(bytes, "flipped")),
  "transposed.mp4": changed("shown.mp4", (bytes) => turnDisplay(bytes, "transposed")),
  "transversed.mp4": changed("shown.mp4", (bytes) => turnDisplay(bytes, "transversed")),
  "posed.mkv": changed("colours.mkv", (bytes) => setPose(bytes, -90)),
  "colours.mkv": [...SHOWN, ...["color_primaries", "color_trc", "colorspace"].flatMap((what) => [`-${what}`, "bt709"]), "-color_range", "tv", "-write_crc32", 0],
  "shown.mp4": SHOWN,
  "wide-pixels.mp4": [...SIZED("scale=176:288,setsar=2/1"), ...MP4],
  "high-pixels.mkv": [...SIZED("scale=352:144,setsar=1/2"), ...MP4],
  "wide-track.mp4": changed("shown.mp4", (bytes) => setShownSize(bytes, 704, 288)),
  // Neither track nor sample entry say it, the coded pictures do.
  "wide-by-codec.mp4": changed("wide-pixels.mp4", (bytes) => setShownSize(bytes, 176, 288)),
  "two-tracks.mp4": async (scratch) => [
    ...["-i", await scratch.file("shown.mp4"), "-i", await scratch.file("no-face.mp4")],
    ...["-map", "0:v", "-map", "1:v", "-c", "copy"],
  ],
  "first-track.mp4": changed("two-tracks.mp4", (bytes) => setEnabled(bytes, [true, false])),
  "second-track.mp4": changed("two-tracks.mp4", (bytes) => setEnabled(bytes, [false, true])),
  "hdr.mp4": [...SHOWN, "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"],
  "cmaf.mp4": [...FACE(30, 1.6), ...MP4, "-g", 12, "-bf", 2, "-movflags", "frag_keyframe+empty_moov+default_base_moof"],
  "fragment-missing.mp4": changed("cmaf.mp4", dropFragment),
  "without-type.mov": changed("face-short.mp4", (bytes) => renameBox(bytes, "ftyp", "wide")),
  "without-length.webm": async (scratch) => {
    const command = ["-loglevel", "error", "-i", await scratch.file("face.webm"), "-c", "copy", "-f", "webm", "pipe:1"];
    return (await run("ffmpeg", command, { encoding: "buffer", maxBuffer: 2 ** 26 })).stdout;
  },
  "10-bit.webm": [...FACE(50, 0.3), "-an", "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10le", "-deadline", "realtime", "-cpu-used", 8],
  "double-speed.mp4": changed("face-short.mp4", doubleSpeed),
  "keys.mp4": [...FACE(30, 1.6), ...MP4, "-g", 12, "-bf", 0, "-sc_threshold", 0],
  "first-lost.mp4": async (scratch) => {
    const file = await scratch.file("keys.mp4");
    const { stdout } = await run("ffprobe", ["-v", "error", "-show_entries", "packet=pos", "-of", "json", file]);
    const places = JSON.parse(stdout).packets.map((packet) => Number(packet.pos));
    return breakFrames(await readFile(file), places.slice(0, 12));
  },
  "no-face.mp4": ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=1", ...MP4],
  "audio-only.mp4": ["-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"],
  "hevc.mp4": [...FACE(10, 1), "-an", "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=error"],
  "cut-in-the-middle.mp4": async (scratch) => firstPart(await readFile(await scratch.file("face.mp4")), 0.6),
  // The index stands at the end of this one, so nothing is left of it.
  "index-last.mp4": [...FACE(10, 2), "-an", "-c:v", "libx264", "-preset", "veryfast"],
  "cut-before-the-index.mp4": async (scratch) => firstPart(await readFile(await scratch.file("index-last.mp4")), 0.5),
  "damaged-index.mp4": async (scratch) => emptyChunkTable(await readFile(await scratch.file("face-short.mp4"))),
  "letter.mp4": async () => Buffer.from("Dear reader,\nthis is a letter and no video.\n".repeat(50)),
  "empty.mp4": async () => Buffer.alloc(0),
  "zero-frames.mp4": [...FACE(10, 1), ...MP4, "-frames:v", 0],
  "face.jpg": [...FACE(12, 1), "-frames:v", 1, "-q:v", 2],
  "face.png": [...FACE(12, 1), "-frames:v", 1],
  "moving.gif": [...FACE(12, 1), "-vf", "fps=10"],
  "moving.png": [...FACE(12, 1), "-vf", "fps=10", "-f", "apng"],
  "moving.webp": async (scratch) => ["-i", await scratch.file("moving.png"), "-c:v", "libwebp_anim", "-pix_fmt", "bgra", "-lossless", 1],
  // As long as 1/100 s, which means 1/10 s.
  "fast.gif": [...FACE(12, 0.5), "-vf", "settb=1/100,setpts=N", "-r", 100, "-frames:v", 5],
  "transparent.png": [...FACE(12, 1), "-frames:v", 1, "-vf", TRANSPARENT],
  "transparent-grey.png": [...FACE(12, 1), "-frames:v", 1, "-vf", TRANSPARENT, "-pix_fmt", "ya8"],
  "transparent-16-bit.png": [...FACE(12, 1), "-frames:v", 1, "-vf", TRANSPARENT, "-pix_fmt", "rgba64be"],
  "transparent.webp": [...FACE(12, 1), "-frames:v", 1, "-vf", TRANSPARENT, "-c:v", "libwebp", "-pix_fmt", "bgra", "-lossless", 1],
  "moving-transparent.png": [...FACE(12, 1), "-vf", `fps=10,${TRANSPARENT}`, "-f", "apng"],
  "one-pixel.png": ["-f", "lavfi", "-i", "color=red:size=16x16", "-vf", "scale=1:1", "-frames:v", 1],
  "8k.jpg": ["-f", "lavfi", "-i", "testsrc=size=7680x4320", "-frames:v", 1],
  "letter.png": async () => Buffer.from("This is a letter and no picture.\n"),
  // A second of silence, then a second of a tone.
  "tone.mp4": [
    ...["-f", "lavfi", "-i", "color=gray:size=320x240:rate=24:duration=2"],
    ...["-f", "lavfi", "-i", "aevalsrc=exprs='0.8*sin(880*PI*t)*gte(t,1)':duration=2:sample_rate=44100"],
    ...["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"],
  ],
  // What the browser's fake camera sees.
  "camera.mjpeg": [...FACE(12, 3), "-an", "-c:v", "mjpeg", "-q:v", 3, "-f", "mjpeg"],
};

export class Scratch {
  #made = new Map();

  static async make() {
    const scratch = new Scratch();
    scratch.folder = await mkdtemp(path.join(os.tmpdir(), "mien-browser-"));
    return scratch;
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Path of one of the files above. */
  file(name) {
    if (!this.#made.has(name)) this.#made.set(name, this.#cook(name));
    return this.#made.get(name);
  }

  /** Writes a file of the test's own; returns its path. */
  async write(name, bytes) {
    const file = path.join(this.folder, name);
    await writeFile(file, bytes);
    return file;
  }

  /** A folder of its own. */
  folderFor(name) {
    return mkdtemp(path.join(this.folder, `${name}-`));
  }

  async #cook(name) {
    const recipe = RECIPES[name];
    if (!recipe) throw new Error(`no recipe makes ${name}`);
    const made = typeof recipe === "function" ? await recipe(this) : recipe;
    if (Buffer.isBuffer(made)) return this.write(name, made);
    const file = path.join(this.folder, name);
    await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...made.map(String), file]);
    return file;
  }
}

function firstPart(bytes, share) {
  return bytes.subarray(0, Math.floor(bytes.length * share));
}
