// One of the runs that are compared: it is followed while it is under way, and its film is at hand.

import { DATA, EVIDENCE, GAP, GENERATED } from "../../kit/palette.js";
import { Frames } from "./frames.js";
import { modelOf, Poll, Refused } from "./wire.js";

/** @typedef {import("./wire.js").Told} Told */
/** @typedef {import("./record.js").Point} Point */

/** How runs are told apart: by a letter, a colour, dashes, and a mark of that number. */
export const LOOKS = [
  { letter: "A", color: DATA, dash: [] },
  { letter: "B", color: GENERATED, dash: [9, 5] },
  { letter: "C", color: EVIDENCE, dash: [2, 5] },
  { letter: "D", color: GAP, dash: [14, 4, 3, 4] },
];

const AGAIN = 5000; // ms until weights that did not come are asked for once more

export class Contender {
  /** @param {string} id @param {() => void} changed called when something is new of it */
  constructor(id, changed) {
    this.id = id;
    /** @type {Told | null} */
    this.told = null;
    this.ended = false;
    this.problem = ""; // why there is nothing of it, or nothing new
    this.changed = changed;
    /** How the weights stand that it has ended with, once they were asked for. @type {string | null} */
    this.weights = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    /** The test images that fit it. @type {import("../../kit/digits.js").DigitsAt | null} */
    this.digits = null;
    /** The model, by those weights. @type {any} */
    this.engine = null;
    /** @type {Frames | null} */
    this.film = null;
    this.poll = new Poll(id, {
      told: (told) => {
        Object.assign(this, { told, problem: told.problem });
        if (!this.film && told.about && told.frames) this.film = new Frames(id, told.about, changed);
        changed();
      },
      failed: (problem) => {
        this.problem = problem;
        changed();
      },
    });
  }

  end() {
    this.ended = true;
    clearTimeout(this.again);
    this.poll.end();
    this.film?.end();
  }

  /** Whether its data are images. */
  get pictured() {
    return this.told?.about?.shape.length === 2;
  }

  /** Fetches the weights that it has ended with, once it has: the browser computes with them. */
  async load() {
    if (this.weights !== null || !this.pictured || !this.told?.checkpoint) return;
    this.weights = "Loading its weights …";
    const [found, again] = await modelOf(this.id).then(
      (found) => [{ ...found, weights: "" }, false],
      (error) => [{ weights: error.message }, !(error instanceof Refused)],
    );
    if (this.ended) return;
    Object.assign(this, found);
    if (again) this.again = setTimeout(() => this.ask(), AGAIN);
    this.changed();
  }

  /** As if the weights had not been asked for: whoever shows it asks. */
  ask() {
    this.weights = null;
    this.changed();
  }

  /** Steps and validation ELBOs. */
  get curve() {
    const points = this.told?.points.filter(({ validation }) => validation) ?? [];
    return { x: points.map(({ step }) => step), y: points.map(({ validation }) => validation?.elbo ?? NaN) };
  }

  /** The last step that is recorded. */
  get last() {
    return this.told?.points.at(-1)?.step ?? 0;
  }

  /**
   * The last measured point up to a step, or of all; null where there is none.
   * @param {number | null} step
   * @returns {Point | null}
   */
  pointAt(step) {
    const points = this.told?.points.filter(({ validation }) => validation) ?? [];
    return points.findLast((point) => step === null || point.step <= step) ?? points[0] ?? null;
  }

  /** The film's frame of that point. @param {number | null} step */
  frameAt(step) {
    const frame = this.pointAt(step)?.frame;
    return typeof frame === "number" ? this.film?.at(frame) : undefined;
  }
}
