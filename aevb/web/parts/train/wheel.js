// At the wheel of a run: what stops it, what moves it by hand, and what is changed in the middle of it.

import { button, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { schedule } from "./form.js";
import { ask, visitor } from "./wire.js";

/** @typedef {import("./wire.js").Told} Told */
/** @typedef {import("./wire.js").Values} Values */

const RATES = 20; // of the slider in a decade
const LEAST = 1e-5, MOST = 1e-1;
const BURST = 20; // steps at first

/** @param {number} rate */
const placeOf = (rate) => Math.round(RATES * Math.log10(Math.max(LEAST, Math.min(MOST, rate))));
/** @param {number} place on the slider @param {number} told which stands at the next of its places */
const rateAt = (place, told) =>
  place === placeOf(told) ? told : Number((10 ** (place / RATES)).toPrecision(2));

const WEIGHTS = 41; // of the other: none, and ten in a decade from 0.1 to 1000

/** @param {number} beta */
const placeOfWeight = (beta) =>
  beta ? Math.max(1, Math.min(WEIGHTS, 1 + Math.round(10 * Math.log10(beta / 0.1)))) : 0;
/** @param {number} place on the slider @param {number} told which stands at the next of its places */
const weightAt = (place, told) => {
  if (place === placeOfWeight(told)) return told;
  return place ? Number((0.1 * 10 ** ((place - 1) / 10)).toPrecision(2)) : 0;
};

export class Wheel {
  /** @param {string} id @param {() => void} done called when the server has done something */
  constructor(id, done) {
    this.id = id;
    this.done = done;
    this.status = "";
    /** What holds, as the server has told. @type {Values} */
    this.told = { learning_rate: 1e-3, beta: 1, schedule: "AEVB" };
    /** What was moved by hand, and stands so until the server tells the same. @type {Partial<Values>} */
    this.moved = {};
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
      say: (place) => rateAt(place, this.told.learning_rate).toExponential(1).replace("e-", "e−"),
      input: (place) => this.move({ learning_rate: rateAt(place, this.told.learning_rate) }),
      done: () => this.set({ learning_rate: rateAt(Number(this.rate.range.value), this.told.learning_rate) }),
    });
    this.beta = slider({
      label: "β",
      least: 0,
      most: WEIGHTS,
      step: 1,
      say: (place) => String(weightAt(place, this.told.beta)),
      input: (place) => this.move({ beta: weightAt(place, this.told.beta) }),
      done: () => this.set({ beta: weightAt(Number(this.beta.range.value), this.told.beta) }),
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

  /** @param {Partial<Values>} values */
  move(values) {
    Object.assign(this.moved, values);
    this.write();
  }

  /** Moves values for good; what the server refuses goes back. @param {Partial<Values>} values */
  async set(values) {
    this.move(values);
    if (!await this.act("set", { values })) this.settle(values);
  }

  /** Of what was moved these values are told, or refused. @param {Partial<Values>} values */
  settle(values) {
    for (const key of /** @type {const} */ (["learning_rate", "beta", "schedule"])) {
      if (String(this.moved[key]) === String(values[key])) delete this.moved[key];
    }
    this.write();
  }

  write() {
    const { learning_rate: rate, beta, schedule } = { ...this.told, ...this.moved };
    this.rate.show(placeOf(rate));
    this.beta.show(placeOfWeight(beta));
    this.schedule.show(schedule);
  }

  /** Whether the server has done it. @param {string} what @param {Record<string, any>} [more] */
  async act(what, more = {}) {
    this.problem.hidden = true;
    let taken = true;
    try {
      await ask(`run/${this.id}/act`, { body: { visitor: visitor(), do: what, ...more } });
    } catch (error) {
      setText(this.problem, /** @type {Error} */ (error).message);
      this.problem.hidden = false;
      taken = false;
    }
    this.done();
    return taken;
  }

  /** @param {Told} told */
  show({ status, specification, values }) {
    this.status = status;
    setText(this.pause, status === "paused" ? "Resume" : "Pause");
    const { learning_rate = 1e-3, beta = 1, schedule = "AEVB" } = { ...specification.training, ...values };
    this.told = { learning_rate, beta, schedule };
    this.settle(this.told);
  }
}
