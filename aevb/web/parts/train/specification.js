// What a run is asked for with: the settings of the link over those of a preset.

import { text } from "../../kit/params.js";

/**
 * What a setting may be.
 * @typedef {object} Kind
 * @property {"whole" | "number" | "widths" | "choice" | "flag" | "schedule"} kind
 * @property {number} [least]
 * @property {number} [most]
 * @property {string[]} [choices]
 * @property {any} [default]
 *
 * @typedef {{ id: string, title: string, says: string, specification: any }} Preset
 * @typedef {object} Choice
 * @property {string} name
 * @property {string} title
 * @property {boolean} conditional whether it is of p(x | y)
 * @property {(Kind & { name: string })[]} arguments
 * @property {Preset[]} presets
 *
 * What can be asked for.
 * @typedef {object} Options
 * @property {boolean} training whether anything can
 * @property {boolean} uploads whether files are taken
 * @property {boolean} hub whether the Hugging Face Hub is asked
 * @property {{ upload: number }} limits bytes of a file
 * @property {Choice[]} models
 * @property {{ name: string, title: string, count: number, shape: number[] }[]} data, how many images are trained on, and
 *   of which shape: one number alone for vectors
 *
 * @typedef {{ label: string, at: "arguments" | "training" | "", kind: Kind, first: boolean }} Field
 */

/** What may be said of the training, whichever the model. @type {Record<string, Kind>} */
const TRAINING = {
  optimiser: { kind: "choice", choices: ["adam", "rmsprop", "sgd"], default: "adam" },
  learning_rate: { kind: "number", least: 0, most: 1, default: 1e-3 },
  beta: { kind: "number", least: 0, most: 1000, default: 1 },
  schedule: { kind: "schedule", default: "AEVB" },
  steps: { kind: "whole", least: 1, most: 120_000 },
  epochs: { kind: "whole", least: 1, most: 1000 },
  batch_size: { kind: "whole", least: 1, most: 1000, default: 100 },
  rate: { kind: "choice", choices: ["constant", "cosine"], default: "constant" },
  rate_warmup: { kind: "whole", least: 0, most: 120_000, default: 0 },
  kl_warmup: { kind: "whole", least: 0, most: 120_000, default: 0 },
  free_bits: { kind: "number", least: 0, most: 1000, default: 0 },
  clip: { kind: "number", least: 0, most: 1e9 },
  averaging: { kind: "number", least: 0, most: 0.99999 },
  weight_decay: { kind: "number", least: 0, most: 10, default: 0 },
};

/** @type {Kind} */
const SEED = { kind: "whole", least: 0, most: 9999, default: 0 };

/** What settings are called, in the order in which they are shown; those that come first are always in sight. */
const LABELS = /** @type {Record<string, string>} */ ({
  latent_dim: "Latent dimensions L",
  clusters: "Clusters",
  memory_dim: "Width of the memory",
  hidden_dims: "Hidden layers",
  conditioned: "The label y conditions",
  estimator: "Estimator of y",
  likelihood: "Likelihood",
  optimiser: "Optimiser",
  learning_rate: "Learning rate",
  beta: "β, the weight of the KL",
  schedule: "E and M",
  seed: "Seed",
  steps: "Gradient steps",
  epochs: "Epochs",
  batch_size: "Batch size",
  rate: "Course of the rate",
  rate_warmup: "Steps until the whole rate",
  kl_warmup: "Steps until the whole β",
  free_bits: "Free bits, nats",
  clip: "Gradient norm at most",
  averaging: "Averaged weights’ decay",
  weight_decay: "Weight decay",
  dropout: "Dropout",
  temperature: "Temperature",
  straight_through: "Straight through",
  memory_layers: "Layers of the memory",
  mean: "A mean, learned",
});

const FIRST = new Set([
  "latent_dim",
  "clusters",
  "memory_dim",
  "hidden_dims",
  "conditioned",
  "estimator",
  "likelihood",
  "optimiser",
  "learning_rate",
  "beta",
  "schedule",
  "seed",
]);

const NAME = text({ form: /^[\w:.-]{1,80}$/ });

/** Which preset, and what differs from it, each in the words of a link. */
export const params = {
  model: NAME,
  data: NAME,
  preset: NAME,
  ...Object.fromEntries(Object.keys(LABELS).map((key) => [key, text({ form: /^[\w.,+ -]{1,60}$/ })])),
};

/** All that a run is asked for with. */
export const KEYS = Object.keys(params);

/**
 * The settings that a model has, by their names, in their order.
 * @param {Choice} model
 * @returns {Record<string, Field>}
 */
export function fieldsOf(model) {
  const own = Object.fromEntries(model.arguments.map((kind) => [kind.name, kind]));
  /** @type {Record<string, Kind>} */
  const kinds = { ...TRAINING, ...own, seed: SEED };
  const at = (/** @type {string} */ key) => key in own ? "arguments" : key in TRAINING ? "training" : "";
  return Object.fromEntries(
    Object.entries(LABELS).filter(([key]) => key in kinds).map(([key, label]) => [
      key,
      { label, at: at(key), kind: kinds[key], first: FIRST.has(key) },
    ]),
  );
}

const NUMBER = /^\d*\.?\d+(e-?\d{1,2})?$/;

/**
 * What a setting's words mean; undefined where they make no sense.
 * @param {Kind} kind
 * @param {string} words
 */
export function read({ kind, least = -Infinity, most = Infinity, choices = [] }, words) {
  const numbers = words.split(",").map((part) => (NUMBER.test(part.trim()) ? Number(part) : NaN));
  const inside = numbers.every((value) => value >= least && value <= most);
  const whole = numbers.every(Number.isInteger);
  if (kind === "flag") return words === "yes" || words === "no" ? words === "yes" : undefined;
  if (kind === "choice") return choices.includes(words) ? words : undefined;
  if (kind === "schedule" && words === "AEVB") return words;
  if (kind === "schedule") {
    return whole && numbers.length === 2 && numbers[0] + numbers[1] > 0 ? numbers : undefined;
  }
  if (kind === "widths") return whole && inside && numbers.every((width) => width > 0) ? numbers : undefined;
  return numbers.length === 1 && inside && (kind === "number" || whole) ? numbers[0] : undefined;
}

/** A setting in words, as `read` understands them. @param {any} value */
export function write(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value); // a list's numbers with commas
}

/**
 * Which model, preset and data the link names; those that come first for what it does not name, or what is not there.
 * @param {Options} options
 * @param {(key: string) => string} get
 */
export function chosen({ models, data }, get) {
  const model = models.find(({ name }) => name === get("model")) ?? models[0];
  const preset = model.presets.find(({ id }) => id === get("preset")) ?? model.presets[0];
  const named = (/** @type {string} */ name) => data.find((source) => source.name === name);
  return { model, preset, data: named(get("data")) ?? named(preset.specification.data) ?? data[0] };
}

/**
 * The run that the link asks for, and the settings whose words make no sense.
 * @param {Options} options
 * @param {(key: string) => string} get
 * @returns {{ specification: any, unread: string[] }}
 */
export function specificationOf(options, get) {
  const { model, preset, data } = chosen(options, get);
  const specification = structuredClone(preset.specification), unread = [];
  Object.assign(specification, { model: model.name, data: data.name });
  for (const [key, found] of [["model", model.name], ["preset", preset.id], ["data", data.name]]) {
    if (get(key) && get(key) !== found) unread.push(key);
  }
  const fields = fieldsOf(model);
  if (data.shape.length === 1 && fields.likelihood) specification.arguments.likelihood = "gaussian"; // of no image
  for (const [key, { at, kind }] of Object.entries(fields)) {
    if (!get(key)) continue;
    const value = read(kind, get(key));
    if (value === undefined) unread.push(key);
    else place(specification, at)[key] = value;
  }
  unread.push(...Object.keys(LABELS).filter((key) => get(key) && !(key in fields))); // of another model
  const { training } = specification; // how long: in steps or in epochs, as was said last
  if (get("steps")) delete training.epochs;
  else if (get("epochs")) delete training.steps;
  return { specification, unread };
}

/**
 * A setting of a run; what it is without a word of it where the run has none.
 * @param {any} specification
 * @param {string} key
 * @param {Field} field
 */
export function valueOf(specification, key, { at, kind }) {
  return place(specification, at)[key] ?? kind.default ?? null;
}

/** @param {any} specification @param {Field["at"]} at */
function place(specification, at) {
  return at ? (specification[at] ??= {}) : specification;
}

/**
 * What the link has to say to ask for a run again: model, data, and every setting that is not its preset's.
 * @param {Options} options
 * @param {any} specification
 * @returns {Record<string, string>}
 */
export function wordsOf(options, specification) {
  const said = Object.fromEntries(KEYS.map((key) => [key, ""]));
  Object.assign(said, { model: specification.model, data: specification.data });
  const { model, preset } = chosen(options, (key) => said[key]);
  if (model.name !== specification.model) return said;
  for (const [key, field] of Object.entries(fieldsOf(model))) {
    const own = write(valueOf(specification, key, field));
    if (own !== write(valueOf(structuredClone(preset.specification), key, field))) said[key] = own;
  }
  return said;
}

/**
 * How many gradient steps a run takes.
 * @param {any} training as it is asked for with
 * @param {number} count of the images that are trained on
 */
export function stepsOf({ steps, epochs = 10, batch_size: size = 100 }, count) {
  return steps ?? epochs * Math.floor(count / size);
}

/** Which steps move what: All of them everything: null; or so many E-steps and M-steps in turn. @param {"AEVB" | number[]} schedule */
export function inTurn(schedule) {
  return Array.isArray(schedule) ? { e: schedule[0], m: schedule[1] } : null;
}
