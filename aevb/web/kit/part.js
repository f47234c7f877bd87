// What every part has in common: it is built in its place, and ended before another takes it.

/** @typedef {import("./controls.js").Model} Model */

/**
 * A part, as a host takes it (an anywidget front-end module).
 * @param {(model: Model, el: HTMLElement) => { end(): void }} build called when the part is to be shown
 */
export function part(build) {
  return {
    /** @param {{ model: Model, el: HTMLElement }} host */
    render({ model, el }) {
      const built = build(model, el);
      return () => built.end();
    },
  };
}
