// Draws from the prior, decoded: the generative model at work. Beside each draw's parameters one sample of its pixels.

import { followAnew, seedButton } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { seed } from "../../kit/params.js";
import { Sheet } from "../../kit/pictures.js";
import { whileStale } from "../../kit/slices.js";
import { Random } from "../../engine/random.js";
import { place } from "../../engine/densities.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const COLUMNS = 6, ROWS = 5;

export const params = { seed };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const sheets = ["the parameters λ", "one sample of x each"].map((said) => {
      const sheet = new Sheet({ columns: COLUMNS, rows: ROWS, label: `${COLUMNS * ROWS} draws: ${said}` });
      return { sheet, element: h("figure.picture", {}, sheet.canvas, h("figcaption", {}, said)) };
    });
    const controls = h("div.controls", { "data-control": "" }, seedButton(model, "Resample"));
    el.append(h("div.pair", { "data-instrument": "" }, ...sheets.map(({ element }) => element)), controls);
    return whenLoaded(
      el,
      () => loadModel(model.get("checkpoint"), ["p"]),
      (engine) =>
        followAnew(model, ["seed"], (signal) => {
          const work = draw(engine, model.get("seed"), sheets.map(({ sheet }) => sheet));
          whileStale(sheets.map(({ element }) => element), work, { signal });
        }),
    );
  },
};

/** @param {any} engine @param {number} seed @param {Sheet[]} sheets */
function* draw(engine, seed, [lambdas, samples]) {
  const random = new Random(seed);
  for (let k = 0; k < COLUMNS * ROWS; k++) {
    const z = place(engine.prior(), random.normal(engine.latentDim)),
      at = [k % COLUMNS, Math.floor(k / COLUMNS)];
    lambdas.put(at[0], at[1], engine.decode(z));
    samples.put(at[0], at[1], engine.sample(z, undefined, random));
    yield;
  }
}
