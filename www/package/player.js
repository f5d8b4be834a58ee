// <mien-player src="film.mp4" project="film.mien.json">: a film with a timeline of its labels, read before and kept in a project.

import { CLASSES } from "./mien.js";

/** As the page draws them (Okabe and Ito, so that they differ for colour-blind eyes as well). */
const COLOURS = ["#9aa3ab", "#d55e00", "#009e73", "#cc79a7", "#f0c419", "#0072b2", "#56b4e9", "#8c6d5a"];

const STYLE = `
  :host { display: block; max-width: 40rem; font: 0.875rem/1.4 system-ui, sans-serif; }
  video { width: 100%; background: #000; display: block; }
  canvas { width: 100%; height: 2.5rem; display: block; cursor: pointer; }
  p { margin: 0.25rem 0; }`;

export class MienPlayer extends HTMLElement {
  static observedAttributes = ["src", "project"];
  #labels = [];
  #video;
  #canvas;
  #said;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#video = Object.assign(document.createElement("video"), { controls: true, playsInline: true });
    this.#canvas = Object.assign(document.createElement("canvas"), { width: 960, height: 40, role: "img" });
    this.#said = document.createElement("p");
    this.#said.setAttribute("role", "status");
    root.append(this.#video, this.#canvas, this.#said);
    this.#video.addEventListener("timeupdate", () => this.#say());
    this.#canvas.addEventListener("click", ({ offsetX }) => {
      this.#video.currentTime = (offsetX / this.#canvas.clientWidth) * this.#end();
    });
  }

  /**
   * Shows a project, as the page and `mien analyze --format json` write it: the labels of its first face as a person reviewed them, else the temporal
   * encoder's, else the head's. They are not steadied over a window: export the csv for that.
   */
  set project(project) {
    const frames = project.timeline.frames;
    // Tracks that a person said are one.
    const personOf = (track) => project.people?.assigned?.[track] ?? track;
    const first = frames.flatMap((frame) => frame.faces).at(0)?.track;
    const person = personOf(first);
    // The player counts from the start of the media, which may be before the first frame.
    const start = project.start_s ?? 0;
    this.#labels = frames.map((frame) => {
      const face = frame.faces.find((one) => personOf(one.track) === person);
      const values = face?.temporal ?? face?.raw;
      return { time: start + frame.time_s, label: values ? values.indexOf(Math.max(...values)) : null };
    });
    for (const segment of project.reviewed ?? []) {
      if (!segment.confirmed || segment.track !== person) continue;
      for (const shown of this.#labels.slice(segment.start, segment.end)) shown.label = CLASSES.findIndex((name) => name.toLowerCase() === segment.label);
    }
    this.#draw();
    this.#say();
  }

  /** Shows a film: a `File`, a `Blob` or an address. */
  set film(film) {
    this.#video.src = typeof film === "string" ? film : URL.createObjectURL(film);
  }

  attributeChangedCallback(name, _before, value) {
    if (value === null) return;
    if (name === "src") this.film = new URL(value, document.baseURI).href;
    else this.#load(value).catch((error) => (this.#said.textContent = `${value} cannot be shown: ${error.message}`));
  }

  async #load(address) {
    const response = await fetch(address);
    if (!response.ok) throw new Error(String(response.status));
    const project = await response.json();
    // Another one may have been named meanwhile.
    if (this.getAttribute("project") !== address) return;
    this.project = project;
    this.dispatchEvent(new Event("load"));
  }

  #end() {
    const step = this.#labels.length > 1 ? this.#labels[1].time - this.#labels[0].time : 1;
    return this.#labels.length ? this.#labels.at(-1).time + step : 1;
  }

  #draw() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    this.#labels.forEach(({ time, label }, place) => {
      if (label === null) return;
      const next = this.#labels[place + 1]?.time ?? this.#end();
      context.fillStyle = COLOURS[label];
      context.fillRect((time / this.#end()) * width, 0, Math.max(1, ((next - time) / this.#end()) * width + 0.5), height);
    });
    const shares = CLASSES.map((name, label) => [name, this.#labels.filter((one) => one.label === label).length]);
    const seen = shares.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${Math.round((100 * count) / this.#labels.length)} %`);
    this.#canvas.setAttribute("aria-label", `Timeline: ${seen.join(", ")}`);
  }

  #say() {
    const now = this.#video.currentTime;
    const shown = this.#labels.findLast(({ time }) => time <= now + 0.002) ?? this.#labels[0];
    this.#said.textContent = shown ? (shown.label === null ? "No face" : CLASSES[shown.label]) : "";
  }
}

customElements.define("mien-player", MienPlayer);
