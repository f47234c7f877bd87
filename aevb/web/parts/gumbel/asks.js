// What can be asked of Gumbel-Softmax: where a sample goes.

import { MARK } from "../../kit/palette.js";
import { marker } from "../../kit/plot.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { CORNERS, drawNoise } from "./gumbel.js";

/** @typedef {[number, number]} Place */

const WARM = 1, COLD = 0.1; // τ from and to
const UNDECIDED = 0.5; // the largest weight, at most, of a sample that could still go anywhere
const MARGIN = 0.12; // of the pad

/** Where weights lie on the pad. @param {ArrayLike<number>} weights @returns {Place} */
function placeOf(weights) {
  const [across, up] = [0, 1].map((axis) =>
    CORNERS.reduce((sum, corner, k) => sum + weights[k] * corner[axis], 0)
  );
  return [MARGIN + (1 - 2 * MARGIN) * across, MARGIN + (1 - 2 * MARGIN) * up];
}

/** The weights at a place; of one outside of the simplex those of one on its edge. @param {Place} place */
function weightsAt([across, up]) {
  const [x, third] = [across, up].map((share) => (share - MARGIN) / (1 - 2 * MARGIN));
  const weights = [1 - x - third / 2, x - third / 2, third].map((weight) => Math.max(0, weight));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  cold: {
    follows: ["pi"],
    ask(model) {
      /** @type {number[]} */
      const percents = model.get("pi");
      const at = (/** @type {number[]} */ noise, /** @type {number} */ tau) =>
        softmax(percents.map((percent, k) => (Math.log(percent / 100) + noise[k]) / tau));
      const noise = drawNoise(), sample = noise.find((g) => Math.max(...at(g, WARM)) < UNDECIDED) ?? noise[0];
      const warm = at(sample, WARM), start = placeOf(warm), corner = argmax(warm);
      return {
        kind: "point",
        label: "Your place on the simplex",
        aspect: 2 / Math.sqrt(3),
        start,
        snap: (/** @type {Place} */ place) => placeOf(weightsAt(place)),
        step: /** @type {Place} */ ([0.04, 0.04]),
        say: (/** @type {Place} */ place) =>
          `at (${weightsAt(place).map((weight) => weight.toFixed(2)).join(", ")})`,
        draw(context, { width, height, theme, said, right }) {
          const xy = (/** @type {Place} */ [across, up]) => [across * width, (1 - up) * height];
          context.beginPath();
          for (const k of CORNERS.keys()) {
            const [x, y] = xy(placeOf(CORNERS.map((_, i) => Number(i === k))));
            context.lineTo(x, y);
          }
          context.closePath();
          Object.assign(context, { strokeStyle: theme.text, lineWidth: 2, lineJoin: "round" });
          context.stroke();
          const [x, y] = xy(start);
          Object.assign(context, { fillStyle: theme.text, font: `${theme.size}px ${theme.font}` });
          Object.assign(context, { textAlign: "center", textBaseline: "bottom" });
          context.fillRect(x - 5, y - 5, 10, 10);
          context.fillText(`τ = ${WARM}`, x, y - 8);
          if (right) {
            const [x, y] = xy(right);
            Object.assign(context, { strokeStyle: theme.text, lineWidth: 3 });
            context.strokeRect(x - 9, y - 9, 18, 18);
            context.textBaseline = y > height / 2 ? "top" : "bottom"; // outside of the triangle
            context.fillText(`τ = ${COLD}`, x, y + (y > height / 2 ? 13 : -13));
          }
          const [mine, down] = xy(said);
          marker(context, mine, down, { color: MARK, ring: theme.background });
        },
        judge() {
          return {
            right: placeOf(at(sample, COLD)),
            found: `At τ = ${WARM} its largest weight was ${warm[corner].toFixed(2)}, at τ = ${COLD} it is ${
              at(sample, COLD)[corner].toFixed(2)
            }.`,
            then: { tau: COLD },
          };
        },
      };
    },
  },
};
