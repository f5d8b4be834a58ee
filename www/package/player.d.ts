/** `<mien-player src="film.mp4" project="film.mien.json">`. */
export class MienPlayer extends HTMLElement {
  /** What the page and `mien analyze --format json` write, parsed. */
  set project(project: unknown);
  set film(film: File | Blob | string);
}

declare global {
  interface HTMLElementTagNameMap {
    "mien-player": MienPlayer;
  }
}
