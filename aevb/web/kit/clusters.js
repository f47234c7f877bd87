// The clusters that a model with a latent choice y put the test images into.

import { loadOnce } from "./loading.js";

/**
 * Of each test image the most probable cluster, as the model counts them, and its probability q(y | x).
 * @typedef {{ of: Uint8Array, shares: Float32Array }} Clusters
 */

/** @param {import("./loading.js").Resource} resource @returns {Promise<Clusters>} */
export function loadClusters(resource) {
  return loadOnce(resource, "The clusters", (buffer) => {
    const count = buffer.byteLength / 5;
    return { shares: new Float32Array(buffer, 0, count), of: new Uint8Array(buffer, 4 * count, count) };
  });
}
