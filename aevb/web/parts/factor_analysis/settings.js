// What determines a run: its parameters in the link, and the controls that move them.

import { button, folded, follow, put, seedButton, segments, select, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted } from "../../kit/format.js";
import { choice, number } from "../../kit/params.js";
import { EXPERIMENT_1, EXPERIMENT_2 } from "../../engine/factor_analysis/experiments.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/experiments.js").Experiment} Experiment
 */

export const MOST_STEPS = 12000;
const LEAST_RATE = 0.001, MOST_RATE = 0.32, RATES = 20; // the slider has so many learning rates in a decade
/** @type {Record<string, string>} what q's covariance may be, by the link's word; a number is a σ that stands still */
export const FAMILIES = {
  full: "full",
  diagonal: "diagonal",
  "0.1": "fixed, σ = 0.1",
  "0.5": "σ = 0.5",
  "1.0": "σ = 1", // not "1": an object lists a key that is a whole number first
};
const BATCHES = ["8", "16", "32", "64", "128", "256", "1000"];

const { eSteps, mSteps } = /** @type {{ eSteps: number, mSteps: number }} */ (EXPERIMENT_2.schedule);

/** @typedef {{ label: string, least: number, most: number, step?: number }} Bounds of a whole number, and what it is */

/** @type {Record<string, Bounds & { initial: number }>} */
const WHOLE = {
  steps: { label: "Gradient steps", initial: EXPERIMENT_1.steps, least: 10, most: 10000, step: 10 },
  e: { label: "Steps of an E-step", initial: eSteps, least: 1, most: 3000 },
  m: { label: "Steps of an M-step", initial: mSteps, least: 1, most: 3000 },
  rounds: {
    label: "Rounds",
    initial: EXPERIMENT_2.steps / (eSteps + mSteps),
    least: 1,
    most: 50,
  },
  seed: { label: "Seed", initial: EXPERIMENT_1.seed, least: 0, most: 9999 },
};

/** @param {number} place on the slider */
const rateAt = (place) => Number((10 ** (place / RATES)).toPrecision(2));
/** @param {number} rate */
const placeOf = (rate) => Math.round(RATES * Math.log10(rate));

const rate = number({ initial: EXPERIMENT_1.learningRate, least: LEAST_RATE, most: MOST_RATE, digits: 4 });

const schedule = choice({ initial: "together", of: ["together", "turn"] });
/** @type {Record<string, string>} */
const FORMERLY = { "E and M together": "together", "E and M in turn": "turn" }; // in links of before

/** @type {Record<string, import("../../kit/params.js").Param<any>>} */
export const params = {
  experiment: {
    ...schedule,
    read: (/** @type {string} */ text) => schedule.read(FORMERLY[text] ?? text),
  },
  lr: {
    ...rate,
    read(/** @type {string} */ text) {
      const value = rate.read(text);
      return value === undefined ? value : rateAt(placeOf(value)); // what the slider can show
    },
  },
  batch: choice({ initial: String(EXPERIMENT_1.batchSize), of: BATCHES }),
  L: choice({ initial: String(EXPERIMENT_1.latentDim), of: ["1", "2", "3"] }),
  family: choice({ initial: "", of: Object.keys(FAMILIES) }), // as the scene opens
  ...Object.fromEntries(Object.entries(WHOLE).map(([key, bounds]) => [key, number(bounds)])),
};

/** Of q, by the link's word. @param {string} word @returns {import("../../engine/factor_analysis/model.js").Family} */
export const familyOf = (word) => (word === "full" || word === "diagonal" ? word : Number(word));

/** The family in view, by the link's word: where it has none, that of which a scene shows most. @param {Model} model */
export const familyIn = (model) => model.get("family") || (model.get("view") === "families" ? "1.0" : "full");

/** All that a run depends on. */
export const KEYS = Object.keys(params);

/**
 * The experiment that the link names, cut where it would be too long.
 * @param {Model} model
 * @returns {Experiment}
 */
export function experimentOf(model) {
  const get = (/** @type {string} */ key) => model.get(key), inTurn = get("experiment") === "turn";
  const common = {
    learningRate: get("lr"),
    batchSize: Number(get("batch")),
    latentDim: Number(get("L")),
    family: familyOf(familyIn(model)),
    seed: get("seed"),
  };
  if (!inTurn) return { ...common, steps: get("steps"), schedule: null };
  const schedule = { eSteps: get("e"), mSteps: get("m") };
  const steps = Math.min(get("rounds") * (schedule.eSteps + schedule.mSteps), MOST_STEPS);
  return { ...common, steps, schedule };
}

/**
 * The settings in a row, the rarer ones folded away; where there is no schedule, those of a step alone.
 * @param {Model} model
 * @param {{ schedule?: boolean, families?: boolean }} [settings] `families`: whether q's stands in front
 */
export function settings(model, { schedule = true, families = false } = {}) {
  const which = schedule &&
    segments(model, "experiment", "E and M", { together: "E and M together", turn: "E and M in turn" });
  const rates = slider({
    label: "learning rate",
    sets: "lr",
    least: placeOf(LEAST_RATE),
    most: placeOf(MOST_RATE),
    step: 1,
    say: (place) => String(rateAt(place)),
    input: (place) => model.set("lr", rateAt(place)),
    done: () => model.save_changes(),
  });
  const whole = Object.fromEntries(Object.keys(WHOLE).map((key) => [key, field(model, key)]));
  const batch = select(
    "Batch size",
    BATCHES.map((size) => [size, size]),
    (size) => put(model, "batch", size),
    "batch",
  );
  const family = families
    ? segments(model, "family", "q’s covariance", FAMILIES)
    : select("q’s covariance", Object.entries(FAMILIES), (word) => put(model, "family", word));
  const dims = segments(model, "L", "Latent dimensions L", { 1: "1", 2: "2", 3: "3" });
  const sum = h("output");
  const box = h(
    "div.box",
    {},
    ...(schedule ? [whole.steps, whole.e, whole.m, whole.rounds] : []).map(({ element }) => element),
    schedule && sum,
    batch.element,
    h("div.labelled", {}, h("span", {}, "Latent dimensions L"), dims.element),
    whole.seed.element,
    !families && family.element,
    button("As in the tutorial", () => {
      for (const key of KEYS) if (key !== "experiment") model.set(key, params[key].initial);
      model.save_changes();
    }),
  );
  const more = folded("More", box);
  const element = h(
    "div.controls.settings",
    {},
    families ? family.element : which && which.element,
    rates.element,
    seedButton(model, "Another seed"),
    more.element,
  );
  const ends = [
    more.end,
    dims.end,
    follow(model, ["lr"], () => rates.show(placeOf(model.get("lr")))),
    follow(model, ["batch"], () => batch.show(model.get("batch"))),
    ...Object.entries(whole).map(([key, { show }]) => follow(model, [key], show)),
    follow(model, ["experiment", "e", "m", "rounds"], () => {
      const { steps } = experimentOf(model), inTurn = model.get("experiment") === "turn";
      whole.steps.element.hidden = inTurn;
      for (const { element } of [whole.e, whole.m, whole.rounds]) element.hidden = sum.hidden = !inTurn;
      setText(
        sum,
        `${counted(steps, "step")} in all${steps === MOST_STEPS ? ", the most there can be" : ""}`,
      );
    }),
  ];
  if ("end" in family) ends.push(family.end);
  ends.push(follow(model, ["family"], () => {
    const word = familyIn(model);
    if ("show" in family) family.show(word);
    else {for (const one of family.buttons) {
        one.setAttribute("aria-pressed", String(one.dataset.value === word));
      }}
  }));
  if (which) ends.push(which.end);
  return {
    element,
    end() {
      for (const end of ends) end();
    },
  };
}

/**
 * A whole number to write.
 * @param {Model} model
 * @param {string} key
 * @param {Bounds} [bounds]
 */
export function field(model, key, { label, least, most, step = 1 } = WHOLE[key]) {
  const input = h("input", {
    type: "number",
    min: String(least),
    max: String(most),
    step: String(step),
    inputMode: "numeric",
    onchange: () => {
      const value = Math.round(Number(input.value));
      if (input.value !== "" && value >= least && value <= most) put(model, key, value);
      else show();
    },
  });
  const show = () => (input.value = String(model.get(key)));
  return { element: h("label.labelled", { "data-sets": key }, h("span", {}, label), input), show };
}
