// What can be asked of the dimensions.

import { ownChoice } from "../../kit/choices.js";
import { subjectOf } from "../../kit/controls.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { argsort } from "../../engine/arithmetic.js";
import { along, style, write } from "../../engine/explore.js";

const SHOWN = 5; // dimensions to choose from
const REACH = 2; // of the turn, each way

/**
 * How far the strokes of an image lean to the right, in degrees, by its moments.
 * @param {Float32Array} x
 */
export function slant(x) {
  const side = Math.round(Math.sqrt(x.length));
  const mean = (/** @type {(across: number, down: number) => number} */ f) => {
    let sum = 0, mass = 0;
    x.forEach((ink, i) => {
      sum += ink * f(i % side, Math.floor(i / side));
      mass += ink;
    });
    return sum / mass;
  };
  const across = mean((a) => a), down = mean((_, d) => d);
  const both = mean((a, d) => (a - across) * (d - down)), tall = mean((_, d) => (d - down) ** 2);
  return -Math.atan2(both, tall) * 180 / Math.PI;
}

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  slant: {
    follows: ["digit", "strokes"],
    async ask(model) {
      const checkpoint = model.get("checkpoint");
      const [about, engine, { pixels, label, title }] = await Promise.all([
        loadAbout(checkpoint.about),
        loadModel(checkpoint, ["p", "q"]),
        subjectOf(model),
      ]);
      if (engine.latentDim < 2) return null;
      const x = engine.observe(pixels), y = ownChoice(engine, x, label);
      const from = style(engine, engine.encode(x, y).loc, y);
      const turned = (/** @type {number} */ l, /** @type {number} */ value) =>
        write(engine, along(from, l, [value])[0], y);
      const turns = Array.from(from, (_, l) => Math.abs(slant(turned(l, REACH)) - slant(turned(l, -REACH))));
      const order = argsort(about.measures.use);
      const most = turns.indexOf(Math.max(...turns));
      const others = order.filter((l) => l !== most).slice(0, SHOWN - 1);
      const shown = order.filter((l) => l === most || others.includes(l));
      const next = Math.max(...turns.filter((_, l) => l !== most));
      return {
        kind: "choice",
        of: title,
        picture: pixels,
        choices: shown.map((l) => ({ title: `z ${l + 1}`, picture: turned(l, REACH) })),
        judge() {
          return {
            right: shown.indexOf(most),
            found: `From −${REACH} to ${REACH} it turns the strokes by ${
              turns[most].toFixed(0)
            }°, the next one by ${next.toFixed(0)}°.`,
            then: { dim: most + 1 },
          };
        },
      };
    },
  },
};
