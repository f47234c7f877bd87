// A place in a model's latent space, as the link says it: what knobs turn and a plane is moved through.
//
// Its values are ε, where z lies in the prior of its label or cluster: under N(0, I) that is z itself.

import { argsort } from "../engine/arithmetic.js";
import { logNormal, place } from "../engine/densities.js";
import { style, write } from "../engine/explore.js";
import { choicesOf, ownChoice } from "./choices.js";
import { follow, subjectOf } from "./controls.js";
import { loadAbout, loadModel } from "./loading.js";
import { whenLoaded } from "./notice.js";
import { numbers, round, text, unread } from "./params.js";

/** @typedef {import("./controls.js").Model} Model */
/** @typedef {import("./controls.js").Subject} Subject */

/** Where the values end: hardly a latent mean of the test set lies beyond. */
export const REACH = 5;

/** The values, and the label or cluster: its title, or a number between the places of two. */
export const params = {
  z: numbers({ reach: REACH, ofSubject: true }),
  choice: text({ form: /^[\w. ]{1,8}$/, ofSubject: true }),
};

/** A place that the link says, for one subject after another; where it says none, the subject's own. */
export class Latent {
  /** @param {Model} model @param {any} engine @param {any} about what is known of the checkpoint */
  constructor(model, engine, about) {
    this.model = model;
    this.engine = engine;
    this.measures = about.measures;
    /** @type {number} */
    this.count = about.latentDim;
    this.choices = choicesOf(about);
    this.symbol = this.choices ? "ε" : "z";
    /** The dimensions, the most used first. @type {number[]} */
    this.byUse = argsort(this.measures.use);
    this.ready = false; // whether the subject is the link's
    /** @type {Subject | null} */
    this.subject = null;
    this.x = new Float32Array(0); // the subject as the model sees it
    /** The label or cluster that is its own. @type {number | null} */
    this.own = null;
    this.ownPosition = 0; // among those that are shown
    /** Its posterior under that one. @type {import("../engine/densities.js").Normal} */
    this.q = { loc: this.x, scale: this.x };
    /** The posterior's mean, as values. @type {number[]} */
    this.mean = [];
  }

  /** @param {Subject} subject @param {HTMLElement} el the part's, which is told of values that make no sense */
  show(subject, el) {
    const { engine, choices } = this;
    this.subject = subject;
    this.x = engine.observe(subject.pixels);
    this.own = ownChoice(engine, this.x, subject.label);
    this.ownPosition = this.own === null ? 0 : choices?.numbers.indexOf(this.own) ?? 0;
    this.q = engine.encode(this.x, this.own);
    this.mean = rounded(style(engine, this.q.loc, this.own));
    this.ready = true;
    const z = this.model.get("z"), choice = this.model.get("choice");
    if (z && z.length !== this.count) unread(el, "z");
    if (choice && this.positionOf(choice) === undefined) unread(el, "choice");
  }

  /** What a dimension, counted from 0, is called. @param {number} dimension */
  name(dimension) {
    return `${this.symbol}${dimension + 1}`;
  }

  /** The values, (L,): the encoder's mean where the link has none. @returns {number[]} */
  get values() {
    const said = this.model.get("z");
    return said?.length === this.count ? said : this.mean;
  }

  /** @param {number[]} values within ±REACH, two digits after the point */
  move(values) {
    this.model.set("z", String(values) === String(this.mean) ? null : values);
  }

  /** The place among the choices as they are shown, from 0; between two it stands for weights of both. */
  get position() {
    return this.positionOf(this.model.get("choice")) ?? this.ownPosition;
  }

  /** @param {string} said @returns {number | undefined} */
  positionOf(said) {
    if (!said || !this.choices) return undefined;
    const { titles, between } = this.choices, at = titles.indexOf(said);
    const number = between && at < 0 ? round(Number(said), 2) : at;
    return number >= 0 && number <= titles.length - 1 ? number : undefined;
  }

  /** @param {number} position */
  choose(position) {
    const title = this.choices?.titles[position];
    this.model.set("choice", position === this.ownPosition ? "" : title ?? String(round(position, 2)));
  }

  /** The weight of each choice, in the order in which they are shown. */
  get weights() {
    const { position } = this;
    return Array.from(this.choices?.numbers ?? [], (_, k) => Math.max(0, 1 - Math.abs(k - position)));
  }

  /** The label or cluster as the model takes it. @returns {import("../engine/arithmetic.js").Choice} */
  get y() {
    const { choices, position, weights } = this;
    if (!choices) return null;
    if (Number.isInteger(position)) return choices.numbers[position];
    const found = new Float32Array(weights.length);
    choices.numbers.forEach((number, k) => (found[number] = weights[k]));
    return found;
  }

  /** The pixels' probabilities of values, (D,). @param {number[]} values @param {any} [y] */
  decode(values, y = this.y) {
    return write(this.engine, Float32Array.from(values), y);
  }

  /** log p(x | z) and log p(z) in nats, of a model without choices. @param {number[]} values */
  terms(values) {
    const { engine } = this, prior = engine.prior(), z = place(prior, Float32Array.from(values));
    return [engine.logLikelihood(engine.outputs(z), this.x), logNormal(prior, z)];
  }
}

/** Values as sliders and links have them. @param {ArrayLike<number>} values @param {number} [reach] @returns {number[]} */
export function rounded(values, reach = REACH) {
  return Array.from(values, (value) => round(Math.max(-reach, Math.min(reach, value)), 2));
}

/**
 * Loads the model and the subject, has the part built over them, and calls its `changed` whenever the place or the
 * subject is another: not before the subject has arrived, so that no place is shown beside a subject that is not its
 * own. Returns what ends it.
 * @param {{ model: Model, el: HTMLElement }} host
 * @param {(latent: Latent) => { changed(): void, end(): void }} build
 */
export function followLatent({ model, el }, build) {
  const checkpoint = model.get("checkpoint");
  /** @type {Latent | null} */
  let latent = null;
  /** @type {ReturnType<typeof build> | null} */
  let part = null;
  let unload = () => {};
  const load = () =>
    Promise.all([loadModel(checkpoint, ["p", "q"]), loadAbout(checkpoint.about), subjectOf(model)]);
  const ends = [
    follow(model, ["digit", "strokes"], () => {
      unload();
      if (latent) latent.ready = false;
      unload = whenLoaded(el, load, ([engine, about, subject]) => {
        latent ??= new Latent(model, engine, about);
        latent.show(subject, el);
        part ??= build(latent);
        part.changed();
      });
    }),
    follow(model, Object.keys(params), () => latent?.ready && part?.changed()),
  ];
  return () => {
    unload();
    for (const end of ends) end();
    part?.end();
  };
}
