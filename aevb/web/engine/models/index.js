/** The models by the names that a header calls them. */

import { CVAE } from "./cvae.js";
import { FactorAnalysis } from "./fa.js";
import { GMVAE } from "./gmvae.js";
import { VAE } from "./vae.js";
import { VRNN } from "./vrnn.js";

const MODELS = {
  fa: FactorAnalysis,
  vae: VAE,
  cvae: CVAE,
  gmvae: GMVAE,
  vrnn: VRNN,
};

/**
 * A model that has yet to learn its weights.
 * @param {import("./base.js").Header} header
 * @throws {Error} for a model that is not among these
 */
export function build(header) {
  if (!Object.hasOwn(MODELS, header.model)) throw new Error(`There is no model ${header.model}.`);
  return new MODELS[/** @type {keyof typeof MODELS} */ (header.model)](header);
}
