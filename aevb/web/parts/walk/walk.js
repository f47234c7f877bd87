// A walk from one digit to another through latent space: a slider along the way, and its steps in pictures.

import { digitChooser, follow, put, segments, slider, subjectOf } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenever, whenLoaded } from "../../kit/notice.js";
import { choice, number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { Player } from "../../kit/player.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { ownChoice } from "../../kit/choices.js";
import { style, walk, write } from "../../engine/explore.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../kit/controls.js").Subject} Subject */

const STEPS = 10; // pictures along the way, both ends included
const SECONDS = 4;

export const params = {
  to: number({ initial: 3, least: 0, most: 999_999_999 }),
  at: number({ initial: 0, least: 0, most: 1, digits: 2 }),
  way: choice({ initial: "arc", of: ["arc", "line"] }),
};

export default part((model, el) => new Walk(model, el));

class Walk {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    const from = digitChooser(model, { label: "From test digit" }),
      to = digitChooser(model, { label: "to test digit", key: "to" });
    const way = segments(model, "way", "The way", { arc: "along an arc", line: "straight" });
    this.here = picture("large");
    this.norm = h("p.norm");
    this.slider = slider({
      label: "along the way",
      sets: "at",
      least: 0,
      most: 1,
      step: 0.01,
      say: (at) => `${Math.round(100 * at)} %`,
      input: (at) => model.set("at", at),
      done: () => model.save_changes(),
    });
    this.player = new Player({
      seconds: SECONDS,
      frame: () => Math.round(100 * model.get("at")),
      last: () => 100,
      go: (frame) => model.set("at", frame / 100),
      stopped: () => model.save_changes(),
    });
    this.player.button.dataset.sets = "at";
    this.steps = Array.from({ length: STEPS }, (_, k) => {
      const step = picture();
      const go = h("button", {
        type: "button",
        "data-sets": "at",
        onclick: () => put(model, "at", Math.round((100 * k) / (STEPS - 1)) / 100),
      }, step.element);
      return { ...step, go };
    });
    el.append(
      h("div.controls.ends", {}, from.element, to.element),
      h(
        "div.middle",
        { "data-instrument": "" },
        this.here.element,
        h(
          "div.controls.along",
          { "data-control": "" },
          this.player.button,
          this.slider.element,
          way.element,
          this.norm,
        ),
      ),
      h("div.steps", {}, ...this.steps.map(({ go }) => go)),
    );
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {any} */
    this.engine = null;
    /** @type {Subject[] | null} */
    this.subjects = null;
    /** @type {(() => void)[]} */
    this.ends = [from.end, to.end, way.end];
    const last = digitsAt(model.get("digits")).count - 1;
    this.ends.push(follow(model, ["to"], () => within(model, el, "to", params.to, last)));
    const load = () => Promise.all([subjectOf(model), subjectOf(model, "to")]);
    this.ends.push(whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p", "q"]), (engine) => {
      this.engine = engine;
      const show = (/** @type {Subject[]} */ subjects) => {
        this.subjects = subjects;
        this.go();
      };
      this.ends.push(
        whenever(el, model, ["digit", "strokes", "to"], load, show, "Loading the digits …"),
        follow(model, ["way"], () => this.go()),
        follow(model, ["at"], () => this.draw()),
      );
    }));
  }

  end() {
    this.player.stop();
    this.draw.cancel();
    this.write.cancel();
    for (const end of this.ends) end();
  }

  /** The ends, as places in the prior of their own choice; the way between them. */
  go() {
    const { model, engine, subjects } = this;
    if (!subjects) return;
    const [a, b] = subjects.map(({ pixels, label }) => {
      const x = engine.observe(pixels), y = ownChoice(engine, x, label);
      return { y, epsilon: style(engine, engine.encode(x, y).loc, y) };
    });
    this.choice = a.y;
    const between = model.get("way") === "arc" ? walk : straight;
    this.way = between(a.epsilon, b.epsilon, 101);
    this.draw();
    between(a.epsilon, b.epsilon, STEPS).forEach((epsilon, k) => {
      const { show, go } = this.steps[k], share = `${k} / ${STEPS - 1}`;
      show(write(engine, epsilon, this.choice), k === 0 ? "from" : k === STEPS - 1 ? "to" : share);
      const end = k === 0 ? subjects[0] : k === STEPS - 1 ? subjects[1] : null;
      go.setAttribute("aria-label", end?.title ?? `${share} of the way`);
    });
  }

  get place() {
    return this.way?.[Math.round(100 * this.model.get("at"))];
  }

  paint() {
    if (!this.place) return;
    this.here.show(write(this.engine, this.place, this.choice));
    this.write();
  }

  say() {
    const at = this.model.get("at"), { place } = this;
    if (!place) return;
    this.slider.show(at);
    const [from, to] = this.subjects?.map(({ title }) => title) ?? [];
    this.here.show(null, at === 0 ? from : at === 1 ? to : `${Math.round(100 * at)} % of the way`);
    this.norm.textContent = `‖z‖ = ${signed(Math.hypot(...place), 2)}`;
    this.steps.forEach(({ go }, k) => {
      if (Math.abs(at - k / (STEPS - 1)) < 0.5 / (STEPS - 1)) go.setAttribute("aria-current", "step");
      else go.removeAttribute("aria-current");
    });
  }
}

/** @param {Float32Array} start @param {Float32Array} end @param {number} count */
function straight(start, end, count) {
  return Array.from({ length: count }, (_, k) => {
    const t = k / (count - 1);
    return start.map((value, i) => (1 - t) * value + t * end[i]);
  });
}
