import { LSTM } from "../layers.js";
import { Model } from "./base.js";

/**
 * The memory of the rows so far; `memory.at(-1).h` is the h_t of the Python model.
 * @typedef {import("../layers.js").Cell[]} Memory
 */

/**
 * The variational RNN (tutorial section 5.6); see aevb/models/vrnn.py. T rows x_t of D pixels, one z_t each.
 */
export class VRNN extends Model {
  /** @param {import("./base.js").Header} header */
  constructor(header) {
    super(header);
    /** @type {number} T */
    this.length = header.config.length;
  }

  get pixelCount() {
    return this.length * this.dataDim;
  }

  /** The generative net of a row. */
  get decoder() {
    return this.pixelNet("p_x_given_hz");
  }

  /**
   * The memory before the first row.
   * @returns {Memory}
   */
  start() {
    return this.memory.start();
  }

  /**
   * The memory after a row; the memory before is left as it is.
   * @param {Memory} memory
   * @param {Float32Array} x
   * @param {Float32Array} z
   */
  advance(memory, x, z) {
    return this.memory.step(memory, x, z);
  }

  /**
   * p(z_t | h_t), its standard deviation times the temperature.
   * @param {Memory} memory
   */
  rowPrior(memory, temperature = 1) {
    const { loc, scale } = this.normalNet("p_z_given_h").normal(last(memory));
    return { loc, scale: scale.map((value) => value * temperature) };
  }

  /**
   * q(z_t | x_t, h_t).
   * @param {Memory} memory
   * @param {Float32Array} x
   */
  rowEncode(memory, x) {
    return this.normalNet("q_z_given_hx").normal(last(memory), x);
  }

  /**
   * What says of each pixel how p(x_t | h_t, z_t) has it, (D,): its logit, or its mean.
   * @param {Memory} memory
   * @param {Float32Array} z
   */
  rowOutputs(memory, z) {
    return this.decoder.outputs(last(memory), z);
  }

  /**
   * The pixels' probabilities, (D,), their logits divided by the temperature; of Gaussians their means.
   * @param {Memory} memory
   * @param {Float32Array} z
   */
  rowDecode(memory, z, temperature = 1) {
    const { pixels } = this.decoder;
    return this.rowOutputs(memory, z).map((output) => pixels.shown(output, temperature));
  }

  /**
   * log p(x_t | h_t, z_t) in nats by its outputs.
   * @param {Float32Array} outputs
   * @param {Float32Array} x
   */
  logLikelihood(outputs, x) {
    return this.decoder.pixels.log(outputs, x);
  }

  /**
   * The recurrence, written once for the ELBO, for encoding and for sampling: `choose` says what row t
   * becomes, given the memory of those above. Each row is handed over as soon as it is there, with that
   * memory; altogether they are what is returned.
   * @template {{ x: Float32Array, z: Float32Array }} Row
   * @param {(t: number, memory: Memory) => Row} choose
   * @param {object} [part] of the rows, all of them unless it says otherwise
   * @param {number} [part.from] the first row, from 0
   * @param {number} [part.to] the row before which to stop
   * @param {Memory} [part.memory] of the rows above the first
   * @returns {Generator<Row & { memory: Memory }, (Row & { memory: Memory })[], void>}
   */
  *unroll(choose, { from = 0, to = this.length, memory = this.start() } = {}) {
    const rows = [];
    for (let t = from; t < to; t++) {
      const row = { ...choose(t, memory), memory };
      rows.push(row);
      yield row;
      if (t + 1 < to) memory = this.advance(memory, row.x, row.z);
    }
    return rows;
  }

  /** @param {Float32Array} x */
  *reconstruct(x) {
    const { dataDim } = this, rebuilt = new Float32Array(this.pixelCount);
    yield* this.unroll((t, memory) => {
      const row = x.subarray(t * dataDim, (t + 1) * dataDim), z = this.rowEncode(memory, row).loc;
      rebuilt.set(this.rowDecode(memory, z), t * dataDim);
      return { x: row, z };
    });
    return rebuilt;
  }

  get memory() {
    return this.part("p_h", (arrays, name) => new LSTM(arrays, name));
  }
}

/** @param {Memory} memory */
function last(memory) {
  return memory[memory.length - 1].h;
}
