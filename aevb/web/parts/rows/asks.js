// What can be asked of a digit read row by row.

import { subjectOf } from "../../kit/controls.js";
import { signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { MARK } from "../../kit/palette.js";
import { paint } from "../../kit/pictures.js";
import { inSlices } from "../../kit/slices.js";
import { Random } from "../../engine/random.js";
import { observe } from "../../engine/rows.js";
import { rowsOf } from "../../kit/rows.js";

/** @typedef {[number, number]} Place */

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  surprise: {
    follows: ["digit", "strokes", "seed"],
    async ask(model) {
      const [engine, { pixels, title }] = await Promise.all([
        loadModel(model.get("checkpoint"), ["p", "q"]),
        subjectOf(model),
      ]);
      const count = rowsOf(model), x = engine.observe(pixels), picture = document.createElement("canvas");
      paint(picture, x);
      const rowAt = (/** @type {Place} */ [, up]) => Math.min(count, 1 + Math.floor(count * (1 - up)));
      const placeOf = (/** @type {number} */ row) => /** @type {Place} */ ([0.5, 1 - (row - 0.5) / count]);
      return {
        kind: "point",
        label: "Your row",
        of: title,
        aspect: 1,
        start: placeOf(Math.round(count / 2)),
        snap: (/** @type {Place} */ place) => placeOf(rowAt(place)),
        step: /** @type {Place} */ ([0, 1 / count]),
        say: (/** @type {Place} */ place) => `row ${rowAt(place)}`,
        draw(context, { width, height, said, right }) {
          context.imageSmoothingEnabled = false;
          context.drawImage(picture, 0, 0, width, height);
          const frame = (
            /** @type {Place} */ place,
            /** @type {number[]} */ dash,
            /** @type {string} */ strokeStyle,
          ) => {
            Object.assign(context, { strokeStyle, lineWidth: 3 });
            context.setLineDash(dash);
            context.strokeRect(1.5, (rowAt(place) - 1) * height / count - 1, width - 3, height / count + 2);
            context.setLineDash([]);
          };
          if (right) frame(right, [7, 5], "#fff"); // the picture is black
          frame(said, [], MARK);
        },
        async judge(said) {
          const rows = /** @type {import("../../engine/rows.js").ObservedRow[]} */ (await inSlices(
            observe(engine, x, new Random(model.get("seed"))),
          ));
          const kl = rows.map(({ minus_kl_z }) => -minus_kl_z), most = kl.indexOf(Math.max(...kl)) + 1;
          const mine = rowAt(said), nats = (/** @type {number} */ row) => `${signed(kl[row - 1])} nats`;
          return {
            right: placeOf(most),
            found: `Its KL is ${nats(most)}${mine === most ? "" : `, that of row ${mine} ${nats(mine)}`}.`,
            then: { row: most },
          };
        },
      };
    },
  },
};
