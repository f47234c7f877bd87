// Smaller families of q: the gap that each of them leaves, under the same batches and noise.

import { CLASSIC_EM, GENERATED } from "../../kit/palette.js";
import { remembered } from "../../engine/factor_analysis/data.js";
import { train } from "../../engine/factor_analysis/experiments.js";
import { curvesOf } from "./chart.js";
import { FAMILIES, familyIn, familyOf } from "./settings.js";
import { Watch } from "./watch.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const BESIDE = ["full", "diagonal"]; // the chosen one is compared with
const trained = remembered(train);
const LOOKS = [{ color: CLASSIC_EM, dash: [9, 5] }, { color: GENERATED, dash: [2, 5] }];

export class Families extends Watch {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(model, el, { families: true });
    el.classList.add("as-watch");
  }

  /** Once the settings stand still: a frame has no time for three runs. */
  others() {
    const { experiment, rough } = this.run;
    if (rough) return [];
    return BESIDE.flatMap((word, k) => {
      if (word === familyIn(this.model)) return [];
      try {
        const { gap } = curvesOf(trained({ ...experiment, family: familyOf(word) }));
        return [{ ...gap, ...LOOKS[k], name: FAMILIES[word], width: 2.5 }];
      } catch { // a learning rate at which it diverges
        return [];
      }
    });
  }
}
