/** Adam (Kingma and Ba 2015), uphill, with torch's constants. */
export class Adam {
  /**
   * @param {Float32Array | Float64Array} parameters changed in place
   * @param {number} learningRate
   */
  constructor(parameters, learningRate) {
    this.parameters = parameters;
    this.learningRate = learningRate;
    this.step = 0;
    this.mean = new Float64Array(parameters.length);
    this.square = new Float64Array(parameters.length);
  }

  /** @param {Float32Array | Float64Array} gradient */
  ascend(gradient) {
    const { parameters, mean, square } = this;
    this.step += 1;
    const rate = this.learningRate / (1 - 0.9 ** this.step), correction = 1 - 0.999 ** this.step;
    for (let i = 0; i < parameters.length; i++) {
      mean[i] += 0.1 * (gradient[i] - mean[i]);
      square[i] += 0.001 * (gradient[i] ** 2 - square[i]);
      parameters[i] += rate * mean[i] / (Math.sqrt(square[i] / correction) + 1e-8);
    }
  }
}
