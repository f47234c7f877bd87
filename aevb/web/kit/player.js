// Playing through frames.

const PLAY = "M7 4v16l13-8z";
const PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

/**
 * A play button: from where one is to the last frame, in so many seconds. It stops where somebody else goes to another
 * frame meanwhile: a slider, a chart, the link.
 */
export class Player {
  /**
   * @param {{ seconds: number, frame: () => number, last: () => number, go: (frame: number) => void,
   *   stopped?: () => void }} settings `frame` and `last` say where one is and where it ends; `go` goes to a frame;
   *   `stopped` is called when the visitor has paused it or the last frame is reached
   */
  constructor({ seconds, frame, last, go, stopped = () => {} }) {
    this.seconds = seconds;
    this.frame = frame;
    this.last = last;
    this.go = go;
    this.stopped = stopped;
    this.playing = false;
    this.ticking = 0;
    this.button = document.createElement("button");
    Object.assign(this.button, { type: "button", className: "play" });
    this.button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path /></svg>';
    this.button.onclick = () => (this.playing ? this.stop(true) : this.start());
    this.label();
  }

  start() {
    cancelAnimationFrame(this.ticking);
    if (this.frame() >= this.last()) this.go(0);
    this.playing = true;
    this.label();
    let mine = this.frame(); // the frame that the player itself went to last
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let before = performance.now(), exact = mine, gone = mine;
    const tick = (/** @type {number} */ now) => {
      if (this.frame() !== mine) return this.stop();
      const interval = still ? 800 : 0; // without motion: a dozen still pictures
      if (now - before >= interval) {
        exact += (Math.max(now - before, 1) / 1000 / this.seconds) * this.last();
        before = now;
        const next = Math.min(this.last(), Math.round(exact));
        if (next !== gone) this.go(gone = next);
        mine = this.frame();
      }
      if (this.frame() >= this.last()) this.stop(true);
      else this.ticking = requestAnimationFrame(tick);
    };
    this.ticking = requestAnimationFrame(tick);
  }

  stop(tell = false) {
    if (this.playing && tell) this.stopped();
    this.playing = false;
    cancelAnimationFrame(this.ticking);
    this.label();
  }

  label() {
    this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.button.querySelector("path")?.setAttribute("d", this.playing ? PAUSE : PLAY);
  }
}
