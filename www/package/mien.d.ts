/** One of the eight classes. */
export type Label = "Neutral" | "Anger" | "Disgust" | "Fear" | "Happiness" | "Sadness" | "Surprise" | "Other";
export const CLASSES: readonly Label[];

/** A label and what it was chosen by: probabilities that add up to 1. */
export interface Labelled {
  label: Label;
  probabilities: Record<Label, number>;
}

/** A face in a frame; `track` is the same number for one person from frame to frame. */
export interface Face extends Labelled {
  track: number;
  /** In pixels of the picture as it is shown. */
  box: { x: number; y: number; width: number; height: number };
}

/** A frame was looked at; labels are the per-frame head's, of a camera those of the latest clip. */
export interface Seen {
  type: "seen";
  frame: number;
  /** Seconds from the first frame. */
  time: number;
  faces: Face[];
}

/** The temporal encoder has made up its mind about a face that was seen before. */
export interface Refined extends Labelled {
  type: "refined";
  frame: number;
  track: number;
}

export interface OpenOptions {
  /** Where the page's files are; without it the folder above this module. It must be of the page's own origin. */
  base?: URL | string;
  /** From `base` on. */
  model?: string;
  backend?: "auto" | "webgpu" | "cpu";
  onLoading?: (step: string) => void;
  /** What is worth knowing: a file that was cut short, a device that is not the one asked for. */
  onNotice?: (notice: string) => void;
}

export interface AnalyzeOptions {
  signal?: AbortSignal;
  onProgress?: (progress: { fraction: number; framesPerSecond: number }) => void;
}

export class Mien {
  static open(options?: OpenOptions): Promise<Mien>;
  readonly device: string;
  readonly model: { name: string; note: string; window: number };
  analyze(file: File | Blob, options?: AnalyzeOptions): AsyncGenerator<Seen | Refined, void, void>;
  live(stream: MediaStream, options?: { signal?: AbortSignal }): AsyncGenerator<Seen | Refined, void, void>;
  close(): void;
}
