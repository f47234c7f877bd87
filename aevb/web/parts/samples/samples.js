// Thirty images sampled row by row, beside the probabilities that their pixels were drawn with. It needs the
// generative weights alone.

import { followAnew, seedButton } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { Sheet } from "../../kit/pictures.js";
import { joined, sampleNoise, seed } from "../../kit/rows.js";
import { whileStale } from "../../kit/slices.js";
import { grow } from "../../engine/rows.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const COLUMNS = 6, ROWS = 5, NOTHING = new Float32Array(0);
const BUDGET = 12; // ms of each frame: nothing else moves

export const params = { seed };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const [samples, probs] = ["samples x", "the probabilities that their pixels were drawn with"].map(
      (said) => {
        const sheet = new Sheet({ columns: COLUMNS, rows: ROWS, label: `${COLUMNS * ROWS} images: ${said}` });
        return { sheet, element: h("figure.picture", {}, sheet.canvas, h("figcaption", {}, said)) };
      },
    );
    samples.element.dataset.instrument = "";
    const controls = h("div.controls", { "data-control": "" }, seedButton(model, "Resample"));
    el.append(samples.element, probs.element, controls);
    return whenLoaded(
      el,
      () => loadModel(model.get("checkpoint"), ["p"]),
      (engine) =>
        followAnew(model, ["seed"], (signal) => {
          const work = draw(engine, model.get("seed"), samples.sheet, probs.sheet);
          whileStale([samples.element, probs.element], work, { budget: BUDGET, signal });
        }),
    );
  },
};

/**
 * Each image as it arrives.
 * @param {any} engine
 * @param {number} seed
 * @param {Sheet} samples
 * @param {Sheet} probs
 */
function* draw(engine, seed, samples, probs) {
  const noise = sampleNoise(engine, seed, COLUMNS * ROWS);
  for (const [k, drawn] of noise.entries()) {
    const rows = yield* grow(engine, NOTHING, drawn), at = [k % COLUMNS, Math.floor(k / COLUMNS)];
    samples.put(at[0], at[1], joined(rows.map(({ x }) => x)));
    probs.put(at[0], at[1], joined(rows.map(({ probs }) => probs)));
  }
}
