// A small VAE of points of a plane, with one latent number: its decoder is a curve through the plane, its encoder says
// where on the curve a point belongs; beside it what both make of one point.

import { follow, put, select } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { choice, number, text } from "../../kit/params.js";
import { atLeisure } from "../../kit/slices.js";
import { FORM } from "./course.js";
import { divergence, knownBy, posteriorOf } from "./known.js";
import { Plane } from "./plane.js";
import { Posterior } from "./posterior.js";
import { COUNT, pointsOf, SHAPES } from "./shapes.js";

/** @typedef {import("./known.js").Known} Known */

const LONG = 0.2; // a longer step of the arrow keys, as Shift makes, goes to the next point by number
const ASIDE = 2; // how much farther a point counts that lies aside of an arrow key's way

export const params = {
  curve: text({ form: FORM }),
  shape: choice({ initial: "wave", of: Object.keys(SHAPES) }),
  point: number({ initial: 0, least: 0, most: COUNT - 1 }),
};

/**
 * What a VAE learns of points.
 * @param {Float32Array[]} points
 * @returns {import("./pupil.js").Task}
 */
export function taskOf(points) {
  return {
    sizes: {
      dataDim: 2,
      latentDim: 1,
      hiddenDim: 64,
      likelihood: "gaussian",
      observation: "vector",
      scale: 0.3, // from 1 a ring's curve takes thousands of steps to go round it
    },
    rate: 0.005,
    examples: points,
    seen: (point) => point,
    shown: points.length,
    measured: points.length,
  };
}

export class Points {
  /** @param {import("../../kit/controls.js").Model} model */
  constructor(model) {
    this.model = model;
    this.course = "curve"; // in the link: the images' is another one, and takes longer
    /** What is learnt from, and what is shown of it, by their names there. */
    this.keys = { learnt: ["shape"], shown: ["point"] };
    this.plane = new Plane({
      to: (place) => this.choose(place),
      by: (dx, dy) => this.go(dx, dy),
      done: () => model.save_changes(),
    });
    this.posterior = new Posterior();
    this.caption = h("figcaption");
    const names = Object.keys(SHAPES).map((name) => /** @type {[string, string]} */ ([name, name]));
    const shapes = select("Points", names, (name) => put(model, "shape", name), "shape");
    this.controls = [shapes.element];
    this.planes = [
      h("figure", {}, this.plane.canvas, h("figcaption", {}, "decoder’s curve, encoder’s lines")),
      h("figure", {}, this.posterior.canvas, this.caption),
    ];
    this.panels = [this.plane.panel, this.posterior.panel];
    /** @type {Known | null} */
    this.known = null;
    this.write = atLeisure(() => this.say());
    this.unfollow = follow(model, ["shape"], () => shapes.show(this.of));
  }

  end() {
    this.unfollow();
    this.write.cancel();
  }

  get of() {
    return this.model.get("shape");
  }

  load() {
    return Promise.resolve();
  }

  task() {
    return taskOf(pointsOf(this.of));
  }

  /** Chooses the point that lies nearest. @param {number[]} place */
  choose([x, y]) {
    this.nearest((point) => Math.hypot(point[0] - x, point[1] - y));
  }

  /**
   * Goes on to the next point in a direction; by a long way, which Shift makes, to the next by number, so that each is
   * reached.
   * @param {number} dx
   * @param {number} dy
   */
  go(dx, dy) {
    const way = Math.hypot(dx, dy);
    if (way > LONG) {
      const next = this.model.get("point") + Math.sign(dx + dy);
      return this.model.set("point", Math.max(0, Math.min(COUNT - 1, next)));
    }
    this.nearest((point, from) => {
      const x = point[0] - from[0], y = point[1] - from[1];
      const along = (x * dx + y * dy) / way, aside = Math.abs(x * dy - y * dx) / way;
      return along > 0 ? along + ASIDE * aside : Infinity;
    });
  }

  /** Chooses the point that is least far, if any is. @param {(point: Float32Array, from: Float32Array) => number} far */
  nearest(far) {
    const { known, model } = this;
    if (!known) return; // none is seen yet
    const { points } = known, all = points.map((point) => far(point, points[model.get("point")]));
    const least = Math.min(...all);
    if (least < Infinity) model.set("point", all.indexOf(least));
  }

  /** @param {import("./pupil.js").Pupil} pupil */
  *look(pupil) {
    this.known = yield* knownBy(pupil);
  }

  /** @param {import("../../kit/panel.js").Theme} theme */
  paint(theme) {
    const { known, model } = this, chosen = model.get("point");
    if (!known) return;
    this.plane.show(theme, known, chosen);
    this.posterior.show(theme, known.qs[chosen], posteriorOf(known, chosen));
    this.write();
  }

  say() {
    const { known, model, plane, posterior, caption } = this, chosen = model.get("point");
    if (!known) return;
    const q = known.qs[chosen], gap = `${signed(divergence(q, posteriorOf(known, chosen)), 2)} nats`;
    const [x, y] = Array.from(known.points[chosen], (value) => signed(value));
    const z = `${signed(q.loc[0], 2)} ± ${signed(q.scale[0], 2)}`;
    plane.tell(chosen, `the point at ${x}, ${y}, for which q says z = ${z}`);
    const name = `q(z | x) of the point, z = ${z}, beside its exact posterior: ${gap} between them`;
    posterior.canvas.setAttribute("aria-label", name);
    setText(caption, `the point’s gap: ${gap}`);
  }
}
