// What can be asked of a walk.

import { digitsAt } from "../../kit/digits.js";
import { one } from "../../kit/format.js";
import { loadLatents } from "../../kit/latents.js";
import { loadModel } from "../../kit/loading.js";
import { argmax } from "../../engine/arithmetic.js";
import { nearest, walk } from "../../engine/explore.js";
import { params } from "./walk.js";

const NEIGHBOURS = 20; // test images around the middle
const USUAL = [3, 8]; // the classes of its own ends, where the link names none

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  midway: {
    follows: ["digit", "strokes", "to"],
    async ask(model) {
      const checkpoint = model.get("checkpoint"), digits = digitsAt(model.get("digits"));
      const labels = await digits.loadLabels(), { classes } = digits;
      let ends = { digit: model.get("digit"), to: model.get("to") };
      if (ends.digit === 0 && ends.to === params.to.initial) {
        const [digit, to] = USUAL.map((label) => labels.indexOf(label));
        ends = { digit, to };
      }
      const [a, b] = [labels[ends.digit], labels[ends.to]], known = classes[a] && classes[b];
      if (!known || a === b || model.get("strokes")) return null;
      const both = await Promise.all([ends.digit, ends.to].map((digit) => digits.load(digit)));
      const titles = [one(classes[a]), one(classes[b])];
      return {
        kind: "choice",
        of: `here from ${titles[0]} to ${titles[1]}`,
        choices: [...titles.map((title, k) => ({ title, picture: both[k] })), { title: "neither" }],
        async judge() {
          const [engine, means] = await Promise.all([
            loadModel(checkpoint, ["p", "q"]),
            loadLatents(checkpoint, "means", digits),
          ]);
          const [from, to] = both.map((pixels) => engine.encode(engine.observe(pixels)).loc);
          const found = nearest(means, walk(from, to, 3)[1], NEIGHBOURS).map((image) => labels[image]);
          const counts = classes.map((_, y) => found.filter((label) => label === y).length);
          const order = Array.from(counts.keys()).filter((y) => counts[y]).sort((p, q) =>
            counts[q] - counts[p]
          );
          const list = order.map((y) =>
            `${counts[y]} ${counts[y] === 1 ? `is ${one(classes[y])}` : `are ${classes[y]}s`}`
          );
          return {
            right: argmax([counts[a], counts[b], found.length - counts[a] - counts[b]]),
            found: `Of the ${NEIGHBOURS} test images whose z lie nearest to the middle ${list.join(", ")}.`,
            then: { ...ends, at: 0.5, way: "arc" },
          };
        },
      };
    },
  },
};
