// The one idea, on the smallest factor analysis: evidence = ELBO + gap. An E-step goes across the ELBO's map until the
// gap is closed, an M-step up it, which lifts the evidence too; AEVB climbs in both at once.

import { button, follow } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { numbers, round } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { Bars } from "./bars.js";
import { END, Plane } from "./plane.js";
import { ascent, eStep, mStep, worth } from "./surface.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./surface.js").Place} Place
 */

/** @type {Place} */
const START = [0.4, 2.4];
const GLIDE = 500; // ms that a step takes

/** θ and φ. */
export const params = { at: numbers({ reach: END, digits: 3, count: 2 }) };

export default part((model, el) => new Idea(model, el));

class Idea {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.plane = new Plane({
      to: (place) => this.drag(place),
      by: (theta, phi) => this.drag([this.place[0] + theta, this.place[1] + phi]),
      done: () => model.save_changes(),
    });
    this.bars = new Bars();
    /** @type {{ evidence: string, elbo: string, gap: string }} */
    const formulas = model.get("formulas");
    const terms = [
      { sign: "", name: "evidence", formula: formulas.evidence, color: EVIDENCE, line: "solid" },
      { sign: "=", name: "ELBO", formula: formulas.elbo, color: ELBO, line: "dashed" },
      { sign: "+", name: "gap ≥ 0", formula: formulas.gap, color: GAP, line: "solid" },
    ];
    this.numbers = terms.map(() => h("b"));
    this.restart = button("Start again", () => this.reset(), { "data-sets": "at" });
    const stage = h("div.stage", { "data-instrument": "" }, this.plane.canvas, this.bars.canvas);
    el.append(
      h(
        "div.identity",
        {},
        ...terms.flatMap(({ sign, name, formula, color, line }, k) => [
          sign && h("span.sign", {}, sign),
          h(
            "div.term",
            { style: { "--color": color, "--line": line } },
            h("div", { innerHTML: formula }),
            this.numbers[k],
            h("span", {}, name),
          ),
        ]),
      ),
      stage,
      h(
        "div.moves",
        { "data-control": "" },
        move(
          "E-step",
          "Raises the ELBO in φ. The evidence does not depend on φ, so the gap must close.",
          () => {
            this.climb([eStep(this.place)]);
          },
        ),
        move(
          "M-step",
          "Raises the ELBO in θ and, from a closed gap, the evidence with it.",
          () => {
            this.climb([mStep(this.place)]);
          },
        ),
        move("AEVB", "Climbs in both at once, by the gradient: it needs neither step in closed form.", () => {
          this.climb(ascent(this.place));
        }),
        h("div.controls", {}, this.restart),
      ),
    );
    /** Where it came from, up to the place itself. @type {Place[]} */
    this.way = [];
    this.running = 0;
    this.frame = onNextFrame(() => this.draw());
    this.tell = atLeisure(() => this.write());
    this.ends = [
      onLayout(stage, () => this.layout()),
      follow(model, ["at"], () => this.follow()),
      this.frame.cancel,
      this.tell.cancel,
    ];
  }

  end() {
    this.stop();
    for (const end of this.ends) end();
  }

  /** θ and φ, each within the map. @returns {Place} */
  get place() {
    const [theta, phi] = this.model.get("at") ?? START;
    return [inside(theta), inside(phi)];
  }

  follow() {
    if (!this.going) { // the link has led elsewhere
      this.stop();
      this.way = [];
    }
    this.frame();
    this.tell();
  }

  /** @param {Place | null} place */
  go(place) {
    this.going = true;
    this.model.set("at", place && place.map((value) => round(inside(value), 3)));
    this.going = false;
  }

  /** @param {Place} place */
  drag(place) {
    this.stop();
    this.way = [];
    this.go(place);
  }

  reset() {
    this.stop();
    this.way = [];
    this.go(null);
    this.model.save_changes();
  }

  /** Glides from place to place. @param {Place[]} way */
  climb(way) {
    this.stop();
    const whole = [this.place, ...way], last = way[way.length - 1], begun = performance.now();
    this.way.push(whole[0]);
    const step = () => {
      const t = Math.min(1, (performance.now() - begun) / GLIDE) * way.length,
        k = Math.min(way.length - 1, Math.floor(t));
      const [from, to] = [whole[k], whole[k + 1]];
      if (t >= way.length) {
        this.way.push(...way);
        this.go(last);
        this.model.save_changes();
      } else {
        this.go([from[0] + (t - k) * (to[0] - from[0]), from[1] + (t - k) * (to[1] - from[1])]);
        this.running = requestAnimationFrame(step);
      }
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.way.push(...way);
      this.go(last);
      this.model.save_changes();
    } else step();
  }

  stop() {
    cancelAnimationFrame(this.running);
  }

  layout() {
    const theme = themeOf(this.el);
    this.plane.layout(theme);
    this.bars.layout(theme);
    this.draw();
  }

  draw() {
    const { place } = this;
    this.plane.show(place, [...this.way, place]);
    this.bars.show(worth(place));
  }

  write() {
    const { place, plane } = this, { evidence, elbo, gap } = worth(place), [theta, phi] = place;
    const [whole, bound] = [round(evidence, 2), round(elbo, 2)],
      texts = [whole, bound, whole - bound].map((v) => signed(v, 2));
    texts.forEach((text, k) => setText(this.numbers[k], text));
    this.restart.disabled = !this.model.get("at");
    plane.canvas.setAttribute("aria-valuenow", String(phi));
    plane.canvas.setAttribute("aria-label", "θ and φ");
    plane.canvas.setAttribute(
      "aria-valuetext",
      `θ ${signed(theta, 2)}, φ ${signed(phi, 2)}, gap ${signed(gap, 2)}`,
    );
  }
}

/** A button and what it does. @param {string} title @param {string} does @param {() => void} onclick */
function move(title, does, onclick) {
  return h(
    "div.move",
    {},
    button(title, onclick, { className: "button primary", "data-sets": "at" }),
    h("p", {}, does),
  );
}

/** @param {number} value */
function inside(value) {
  return Math.max(0, Math.min(END, value));
}
