// What can be asked of a guess: of labels that a model observes, or of clusters that it found.

import { choicesOf, inWords } from "../../kit/choices.js";
import { loadClusters } from "../../kit/clusters.js";
import { subjectOf } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { probability, signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { inSlices } from "../../kit/slices.js";
import { argmax } from "../../engine/arithmetic.js";
import { labelBounds } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";
import { SAMPLES } from "./guess.js";

const LIKE = [4, 9]; // of the label, and in the cluster

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  "runner-up": {
    follows: ["digit", "strokes"],
    async ask(model) {
      const [engine, { pixels, label, title }] = await Promise.all([
        loadModel(model.get("checkpoint"), ["p", "q"]),
        subjectOf(model),
      ]);
      if (label === null || engine.choices < 3) return null;
      const others = Array.from({ length: engine.choices }, (_, y) => y).filter((y) => y !== label);
      return {
        kind: "choice",
        of: title,
        picture: pixels,
        choices: others.map((y) => ({ title: String(y) })),
        async judge() {
          const work = labelBounds(engine, engine.observe(pixels), SAMPLES, new Random(0));
          const bounds = /** @type {Float32Array} */ (await inSlices(work));
          const right = argmax(others.map((y) => bounds[y])),
            y = others[right],
            below = bounds[label] - bounds[y];
          return {
            right,
            found: `log p(x | y = ${y}) is ${signed(Math.abs(below))} nats ${
              below < 0 ? "above" : "below"
            } log p(x | y = ${label}).`,
          };
        },
      };
    },
  },

  cluster: {
    follows: ["digit", "strokes"],
    async ask(model) {
      const checkpoint = model.get("checkpoint"), digits = digitsAt(model.get("digits"));
      const [about, clusters, labels, engine] = await Promise.all([
        loadAbout(checkpoint.about),
        loadClusters(checkpoint.clusters),
        digits.loadLabels(),
        loadModel(checkpoint, ["p", "q"]),
      ]);
      const choices = /** @type {import("../../kit/choices.js").Choices} */ (choicesOf(about));
      const { class_of } = about.measures;
      let shown = model.get("digit");
      if (!shown && !model.get("strokes") && class_of) { // the 4 of which it is surest that it is a 9, if there is one
        const [label, taken] = LIKE;
        const like = Array.from(labels.keys()).filter((i) =>
          labels[i] === label && class_of[clusters.of[i]] === taken
        );
        shown = like.sort((a, b) => clusters.shares[b] - clusters.shares[a])[0] ??
          Math.max(0, labels.indexOf(label));
      }
      const subject = model.get("strokes") ? await subjectOf(model) : null;
      const pixels = subject?.pixels ?? await digits.load(shown);
      return {
        kind: "choice",
        of: subject?.title ?? digits.title(shown),
        picture: pixels,
        choices: choices.numbers.map((_, k) => ({ title: choices.titles[k] })),
        judge() {
          const weights = engine.weigh(engine.observe(pixels)), best = argmax(weights);
          const right = choices.numbers.indexOf(best);
          return {
            right,
            found: `q(y | x) of the ${inWords(choices, right)}: ${probability(weights[best])}.`,
            then: subject ? {} : { digit: shown },
          };
        },
      };
    },
  },
};
