// At the wheel of a run: what stops it, what moves it by hand, and what is changed in the middle of it.

import { button, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { schedule } from "./form.js";
import { ask, visitor } from "./wire.js";

/** @typedef {import("./wire.js").Told} Told */

const RATES = 20; // of the slider in a decade
const LEAST = 1e-5, MOST = 1e-1;
const BURST = 20; // steps at first

/** @param {number} place on the slider */
const rateAt = (place) => Number((10 ** (place / RATES)).toPrecision(2));
/** @param {number} rate */
const placeOf = (rate) => Math.round(RATES * Math.log10(Math.max(LEAST, Math.min(MOST, rate))));

const WEIGHTS = 41; // of the other: none, and ten in a decade from 0.1 to 1000

/** @param {number} place on the slider */
const weightAt = (place) => (place ? Number((0.1 * 10 ** ((place - 1) / 10)).toPrecision(2)) : 0);
/** @param {number} beta */
const placeOfWeight = (beta) =>
  beta ? Math.max(1, Math.min(WEIGHTS, 1 + Math.round(10 * Math.log10(beta / 0.1)))) : 0;

export class Wheel {
  /** @param {string} id @param {() => void} done called when the server has done something */
  constructor(id, done) {
    this.id = id;
    this.done = done;
    this.status = "";
    this.now = { rate: 0, beta: 0 }; // what holds: a slider stands at the next of its places
    this.touched = 0; // when a value was last moved by hand: until it is recorded, what comes in does not move it back
    this.pause = button("Pause", () => this.act(this.status === "paused" ? "resume" : "pause"), {
      className: "button primary pause",
    });
    this.one = button("One step", () => this.act("step"));
    this.count = h("input", {
      type: "number",
      min: "1",
      max: "500",
      step: "1",
      value: String(BURST),
      inputMode: "numeric",
      "aria-label": "Steps by hand",
    });
    this.e = button("E-steps", () => this.act("e-steps", { count: this.steps() }));
    this.m = button("M-steps", () => this.act("m-steps", { count: this.steps() }));
    this.stop = button("Stop", () => this.act("stop"));
    this.rate = slider({
      label: "Learning rate",
      least: placeOf(LEAST),
      most: placeOf(MOST),
      step: 1,
      say: (place) => {
        const rate = place === placeOf(this.now.rate) ? this.now.rate : rateAt(place);
        return rate.toExponential(1).replace("e-", "e−");
      },
      input: () => this.touch(),
      done: () => this.set({ learning_rate: rateAt(Number(this.rate.range.value)) }),
    });
    this.beta = slider({
      label: "β",
      least: 0,
      most: WEIGHTS,
      step: 1,
      say: (place) => String(place === placeOfWeight(this.now.beta) ? this.now.beta : weightAt(place)),
      input: () => this.touch(),
      done: () => this.set({ beta: weightAt(Number(this.beta.range.value)) }),
    });
    this.schedule = schedule(
      "E and M",
      (words) => this.set({ schedule: words === "AEVB" ? words : words.split(",").map(Number) }),
    );
    this.problem = h("p.problem", { role: "alert", hidden: true });
    this.moves = h(
      "div.controls.moves",
      {},
      this.pause,
      this.one,
      h("span.burst", {}, this.count, this.e, this.m),
      this.stop,
      this.schedule.element,
    );
    this.values = h("div.controls.values", {}, this.rate.element, this.beta.element);
    this.element = h(
      "div.wheel",
      { role: "group", "aria-label": "At the wheel" },
      this.moves,
      this.values,
      this.problem,
    );
  }

  steps() {
    const count = Math.round(Number(this.count.value));
    const found = count >= 1 && count <= 500 ? count : BURST;
    this.count.value = String(found);
    return found;
  }

  touch() {
    this.touched = performance.now();
  }

  /** @param {Record<string, any>} values */
  set(values) {
    this.touch();
    return this.act("set", { values });
  }

  /** @param {string} what @param {Record<string, any>} [more] */
  async act(what, more = {}) {
    this.problem.hidden = true;
    try {
      await ask(`run/${this.id}/act`, { body: { visitor: visitor(), do: what, ...more } });
    } catch (error) {
      setText(this.problem, /** @type {Error} */ (error).message);
      this.problem.hidden = false;
    }
    this.done();
  }

  /** @param {Told} told */
  show({ status, points, specification }) {
    this.status = status;
    setText(this.pause, status === "paused" ? "Resume" : "Pause");
    const last = points[points.length - 1], training = specification.training ?? {};
    if (performance.now() - this.touched < 3000) return;
    const { learning_rate: rate = 1e-3, beta = 1, schedule = "AEVB" } = { ...training, ...last?.handle };
    this.now = { rate, beta };
    this.rate.show(placeOf(rate));
    this.beta.show(placeOfWeight(beta));
    this.schedule.show(schedule);
  }
}
