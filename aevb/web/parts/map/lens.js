// The images of the test digits one points at: fetched as they are asked for, a hundred together.

/** @typedef {import("../../kit/digits.js").Digits} Digits */

/** One fetch at a time, so that whoever moves on waits for no digit that was passed by. */
export class Lens {
  /** @param {Digits} digits @param {() => void} arrived is called when an image that was asked for may be there */
  constructor(digits, arrived) {
    this.digits = digits;
    this.arrived = arrived;
    this.busy = false;
    this.failed = -1; // the digit that could not be loaded, until another is asked for
  }

  /** Test image i where it is there; else it is fetched. @param {number} i */
  peek(i) {
    const found = this.digits.peek(i);
    if (!found && !this.busy && i !== this.failed) this.fetch(i);
    return found;
  }

  /** @param {number} i */
  async fetch(i) {
    this.busy = true;
    this.failed = -1;
    try {
      await this.digits.load(i);
    } catch {
      this.failed = i;
    }
    this.busy = false;
    this.arrived();
  }
}
