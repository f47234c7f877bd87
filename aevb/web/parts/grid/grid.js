// A row for each choice, decoded at draws from the prior: what labels, or clusters, have in common and what they do
// not. It needs the generative weights alone.

import { choicesOf, inWords } from "../../kit/choices.js";
import { followAnew, put, seedButton } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { flag, seed } from "../../kit/params.js";
import { tile, Tiles } from "../../kit/tiles.js";
import { write } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

export const params = { seed, shared: flag(true), tile };

export default {
  /**
   * Options: `columns`, how many draws are in a row; `styles`, whether rows may share them: they are styles then.
   * @param {{ model: Model, el: HTMLElement }} host
   */
  render({ model, el }) {
    return whenLoaded(el, () => {
      const checkpoint = model.get("checkpoint");
      return Promise.all([loadModel(checkpoint, ["p"]), loadAbout(checkpoint.about)]);
    }, ([engine, about]) => {
      const choices = /** @type {import("../../kit/choices.js").Choices} */ (choicesOf(about));
      const columns = model.get("columns"), styles = model.get("styles");
      const tiles = new Tiles(model, "tile", {
        columns,
        titles: choices.titles,
        label: `${columns} draws of each ${choices.of}`,
        say: (row, column) => {
          const drawn = styles ? `style ${column + 1}` : `draw ${column + 1}`;
          return `${inWords(choices, row)}, ${styles && !model.get("shared") ? "a style of its own" : drawn}`;
        },
      });
      const shared = h("input", {
        type: "checkbox",
        onchange: () => put(model, "shared", shared.checked),
      });
      el.append(
        h(
          "div.layout",
          {},
          h("div.whole", { "data-instrument": "" }, tiles.element),
          h(
            "div.side",
            {},
            tiles.large.element,
            h(
              "div.controls",
              { "data-control": "" },
              seedButton(model, "Resample"),
              styles && h("label.switch", { "data-sets": "shared" }, shared, "The same styles in every row"),
            ),
          ),
        ),
      );
      const unfollow = followAnew(model, ["seed", "shared"], (signal) => {
        shared.checked = model.get("shared");
        const random = new Random(model.get("seed")), draw = () => random.normal(engine.latentDim);
        const same = styles && shared.checked ? Array.from({ length: columns }, draw) : null;
        const epsilon = (/** @type {number} */ column) => same?.[column] ?? draw();
        tiles.fill(decodeAll(engine, choices.numbers, columns, epsilon, tiles), signal);
      });
      return () => {
        unfollow();
        tiles.end();
      };
    });
  },
};

/**
 * @param {any} engine
 * @param {number[]} choices
 * @param {number} columns
 * @param {(column: number) => Float32Array} epsilon
 * @param {Tiles} tiles
 */
function* decodeAll(engine, choices, columns, epsilon, tiles) {
  for (const [row, y] of choices.entries()) {
    for (let column = 0; column < columns; column++) {
      tiles.put(row, column, write(engine, epsilon(column), y));
      yield;
    }
  }
}
