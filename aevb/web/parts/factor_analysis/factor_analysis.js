// Factor analysis, where all is exact: runs of EM and AEVB, trained here, each view of them a scene.

import { part } from "../../kit/part.js";
import { ByHand, params as ofHand } from "./hand.js";
import { Beside } from "./em.js";
import { Families } from "./families.js";
import { params as ofPanes } from "./panes.js";
import { params as ofPlot, Plot } from "./plot.js";
import { params as ofRotation, Rotation } from "./rotation.js";
import { params as ofRun } from "./run.js";
import { params as ofSettings } from "./settings.js";
import { Watch } from "./watch.js";

const VIEWS = { watch: Watch, families: Families, em: Beside, hand: ByHand, rotation: Rotation, plot: Plot };

export const params = { ...ofSettings, ...ofRun, ...ofPanes, ...ofHand, ...ofRotation, ...ofPlot };

export default part((model, el) => {
  const name = /** @type {keyof typeof VIEWS} */ (model.get("view"));
  el.classList.add(`as-${name}`);
  return new VIEWS[name](model, el);
});
