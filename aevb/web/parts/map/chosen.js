// The digit or drawing that is shown, and what the model makes of it.

import { ownChoice } from "../../kit/choices.js";
import { follow } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { whenSubject } from "../../kit/notice.js";
import { picture } from "../../kit/pictures.js";
import { style } from "../../engine/explore.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

export class Chosen {
  /**
   * @param {Model} model
   * @param {HTMLElement} place where it says that it waits
   * @param {() => void} changed is called once another subject is there
   */
  constructor(model, place, changed) {
    this.original = picture();
    this.decoded = picture();
    this.element = h("div.chosen", {}, this.original.element, this.decoded.element);
    /** @type {import("../../kit/controls.js").Subject | null} */
    this.subject = null;
    /** @type {any} */
    this.engine = null;
    this.changed = changed;
    this.ends = [
      follow(model, ["digit", "strokes"], () => this.dim(true)),
      whenSubject(place, model, (subject) => {
        this.subject = subject;
        this.draw();
      }),
    ];
  }

  end() {
    for (const end of this.ends) end();
  }

  /** @param {boolean} stale */
  dim(stale) {
    this.original.dim(stale);
    this.decoded.dim(stale);
  }

  /** @param {any} engine */
  learn(engine) {
    this.engine = engine;
    this.draw();
  }

  draw() {
    const { subject, engine } = this;
    if (!subject) return;
    this.original.show(subject.pixels, subject.title);
    this.original.dim(false);
    if (engine) {
      const { z, y } = this.encode();
      this.decoded.show(engine.decode(z, y), "decoded");
      this.decoded.dim(false);
    }
    this.changed();
  }

  /** The posterior mean under the label or cluster that is its own, and that place in its prior. */
  encode() {
    const { subject, engine } = this, x = engine.observe(subject?.pixels);
    const y = ownChoice(engine, x, subject?.label ?? null), z = engine.encode(x, y).loc;
    return { z, y, epsilon: style(engine, z, y) };
  }
}
