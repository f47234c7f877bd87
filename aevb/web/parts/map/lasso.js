// The loop around some of the points: how it is drawn, how a link says it, and which digits are in it.

import { put } from "../../kit/controls.js";
import { text } from "../../kit/params.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("./points.js").Points} Points */

const CORNERS = 36; // at most: what is drawn has more

/** The projection that it was drawn on, and its corners in shares of that map, times 10,000. */
export const loop = text({ form: /^(tsne|umap|pca|style)(,-?\d{1,5},-?\d{1,5}){3,36}$/ });

/** Loops are x, y, x, y, … in a map's units. */
export class Lasso {
  /** One that is being drawn, and one whose corners are being clicked. @type {number[]} */
  drawn = [];
  /** @type {number[]} */
  corners = [];
  before = ""; // the link's, when another one was begun
  /** The link's, where it was drawn on the projection that is shown. @type {number[]} */
  closed = [];
  /** The digits within the link's, whichever projection is shown. @type {number[]} */
  chosen = [];

  /** @param {Model} model @param {() => string} projection says which is shown */
  constructor(model, projection) {
    this.model = model;
    this.projection = projection;
  }

  /** The projection that the link's loop was drawn on, and its corners in shares; null for none. */
  get said() {
    const [projection, ...numbers] = this.model.get("loop").split(",");
    if (!projection) return null;
    return { projection, shares: numbers.map((/** @type {string} */ value) => Number(value) / 10_000) };
  }

  /** Reads the link's loop on the map that it was drawn on. @param {Points | null} points @param {number[]} shares @param {boolean} shown */
  take(points, shares, shown) {
    const found = points ? pairs(shares).flatMap((share) => points.fromShares(share)) : [];
    this.closed = shown ? found : [];
    this.chosen = points ? points.within(found) : [];
  }

  /** Nothing is half drawn. */
  drop() {
    this.drawn = [];
    this.corners = [];
  }

  /** @param {number[]} place @param {boolean} begins */
  draw(place, begins) {
    if (begins) {
      this.drop();
      this.before = this.model.get("loop");
      this.model.set("loop", "");
    }
    this.drawn.push(...place);
  }

  /** The one that is being drawn was not meant: the link's is that of before. */
  undraw() {
    this.drop();
    this.model.set("loop", this.before);
  }

  /** One more corner. @param {number[]} place */
  add(place) {
    if (!this.corners.length) this.model.set("loop", "");
    this.corners = [...this.corners, ...place];
  }

  /** What was drawn, or clicked, is the link's. @param {Points} points @param {number[]} loop */
  finish(points, loop) {
    this.drop();
    const all = pairs(loop), stride = Math.ceil(all.length / CORNERS);
    const kept = all.filter((_, k) => k % stride === 0);
    const shares = kept.flatMap((place) => points.toShares(place)).map((share) => Math.round(10_000 * share));
    put(this.model, "loop", kept.length < 3 ? "" : [this.projection(), ...shares].join());
  }

  clear() {
    this.drop();
    put(this.model, "loop", "");
  }

  /** What there is to be drawn. */
  get shown() {
    const open = this.corners.length ? this.corners : this.drawn;
    return {
      places: pairs(open.length ? open : this.closed),
      closed: !open.length,
      corners: this.corners.length > 0,
    };
  }
}

/** x, y, x, y, … in pairs. @param {number[]} flat */
function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, k) => flat.slice(2 * k, 2 * k + 2));
}
