// What lies between the points of a map: the latent values of the nearest ones, averaged by how near they are, decoded.

import { h } from "../../kit/elements.js";
import { one } from "../../kit/format.js";
import { picture } from "../../kit/pictures.js";
import { write } from "../../engine/explore.js";

export const NEIGHBOURS = 8;

export class Swept {
  constructor() {
    this.here = picture("large");
    this.real = picture();
    this.element = h("div.swept", {}, this.here.element, this.real.element);
  }

  /**
   * Decodes the mean of the neighbours' latent values.
   * @param {any} engine
   * @param {{ values: Float32Array, styles: boolean }} latents of all test images, and whether they are styles ε
   * @param {{ found: number[], weights: number[] }} between the neighbours, nearest first
   * @param {number} label of the nearest
   */
  decode(engine, { values, styles }, { found, weights }, label) {
    const size = engine.latentDim, z = new Float32Array(size), y = engine.labelled ? label : null;
    found.forEach((i, k) => {
      for (let l = 0; l < size; l++) z[l] += weights[k] * values[i * size + l];
    });
    this.here.show(styles ? write(engine, z, y) : engine.decode(z, y), decodedAs(y));
  }

  /** The real digit nearest by. @param {Float32Array | null} image @param {string} name */
  show(image, name) {
    this.real.show(image, `nearest: ${name}`);
    this.real.canvas.classList.toggle("stale", !image);
  }
}

/** @param {number | null} y */
function decodedAs(y) {
  return y === null ? "decoded here" : `decoded here, as ${one(y)}`;
}
