// What a part can be asked before it shows it, and the ways to answer: one of several, a number, a point.

import { button, slider } from "./controls.js";
import { h } from "./elements.js";
import { movable, onLayout, Panel, themeOf } from "./panel.js";
import { paint } from "./pictures.js";
import { onNextFrame } from "./slices.js";

/**
 * What a part can be asked, by name: `ask` gives a question of what is in view, null where it would make no sense;
 * `follows` are the keys with which it is another question.
 * @typedef {Record<string, { follows?: string[], ask: (model: Model) => Asked | null | Promise<Asked | null> }>} Asks
 * @typedef {import("./controls.js").Model} Model
 * @typedef {Choice | Estimate | Point} Asked
 */

/**
 * What is right; in a sentence with its numbers; and values of the link with which the scene shows it.
 * @template Value
 * @typedef {{ right: Value, found: string, then?: Record<string, any> }} Found
 */

/**
 * What every question has: what it is asked of ("digit 0, a 7"), an image of that, and what computes what is right once
 * the visitor has said something.
 * @template Value
 * @typedef {{ of?: string, picture?: ArrayLike<number>, judge: (said: Value) => Found<Value> | Promise<Found<Value>> }}
 *   Common
 */

/**
 * One of several, by its place.
 * @typedef {Common<number> & { kind: "choice", choices: { title: string, picture?: ArrayLike<number> }[] }} Choice
 */

/**
 * A number.
 * @typedef {Common<number> & { kind: "number", label: string, least: number, most: number, step: number,
 *   say: (value: number) => string }} Estimate
 */

/**
 * A place on a pad, in shares of its width and height; `snap` takes any to where an answer can be, `step` is that of the
 * arrow keys.
 * @typedef {[across: number, up: number]} Place
 * @typedef {Common<Place> & { kind: "point", label: string, aspect: number, start: Place, snap: (at: Place) => Place,
 *   step: Place, say: (at: Place) => string, draw: (context: CanvasRenderingContext2D, look: Look) => void }} Point
 * @typedef {{ width: number, height: number, theme: import("./panel.js").Theme, said: Place, right: Place | null }} Look
 */

/**
 * A way to answer on the page. `reveal` shows what is right where it was answered.
 * @typedef {{ element: HTMLElement, say: (value: any) => string, reveal?: (right: any) => void, end?: () => void }} Answer
 */

/** @param {ArrayLike<number>} pixels @param {string} [said] where nothing beside it says what it is */
function image(pixels, said) {
  const canvas = h("canvas.pixels", said ? { role: "img", "aria-label": said } : { "aria-hidden": "true" });
  paint(canvas, pixels);
  return canvas;
}

/** @type {Record<string, (asked: any, done: (said: any) => void) => Answer>} */
export const ANSWERS = {
  /** @param {Choice} asked @param {(said: number) => void} done */
  choice({ choices, picture }, done) {
    const buttons = choices.map(({ title, picture: own }, k) => {
      const one = button("", () => done(k));
      one.append(own ? image(own) : "", h("span", {}, title));
      one.classList.toggle("pictured", Boolean(own));
      return one;
    });
    const element = h(
      "div.pick",
      {},
      picture && h("div.shown", {}, image(picture, "the image in question")),
      h("div.controls", { role: "group", "aria-label": "Your answer" }, ...buttons),
    );
    return { element, say: (value) => `“${choices[value].title}”` };
  },

  /** @param {Estimate} asked @param {(said: number) => void} done */
  number({ label, least, most, step, say, picture }, done) {
    let said = least + step * Math.round((most - least) / (2 * step));
    const range = slider({ label, least, most, step, say, input: (value) => said = value });
    range.show(said);
    const element = h(
      "div.pick",
      {},
      picture && h("div.shown", {}, image(picture, "the image in question")),
      range.element,
      button("Answer", () => done(said), { className: "button primary" }),
    );
    return { element, say };
  },

  /** @param {Point} pad @param {(said: Place) => void} done */
  point({ label, aspect, start, snap, step, say, draw }, done) {
    /** @type {Place} */
    let said = snap(start);
    /** @type {Place | null} */
    let right = null;
    const canvas = h("canvas", { tabIndex: 0, role: "slider", "aria-label": label, "aria-valuenow": "0" });
    const panel = new Panel(canvas);
    /** @type {import("./panel.js").Theme} */
    let theme;
    const paint = onNextFrame(() => {
      const { width, height } = panel;
      if (width) panel.show((context) => draw(context, { width, height, theme, said, right }));
    });
    const unlayout = onLayout(canvas, () => {
      theme = themeOf(canvas);
      panel.fit();
      paint();
    });
    const tell = () => {
      canvas.setAttribute("aria-valuenow", said[1].toFixed(2));
      canvas.setAttribute("aria-valuetext", say(said));
    };
    tell();
    const share = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
    const go = (/** @type {Place} */ [across, up]) => {
      if (right) return;
      said = snap([share(across), share(up)]);
      paint();
      tell();
    };
    movable(
      canvas,
      ({ offsetX, offsetY }) => go([offsetX / panel.width, 1 - offsetY / panel.height]),
      (across, up) => go([said[0] + 10 * step[0] * across, said[1] + 10 * step[1] * up]), // it steps by tenths
    );
    const answer = button("Answer", () => done(said), { className: "button primary" });
    const element = h("div.pick", {}, h("div.pad", { style: { "--aspect": aspect } }, canvas), answer);
    return {
      element,
      say,
      end() {
        unlayout();
        paint.cancel();
      },
      reveal(found) {
        right = found;
        answer.remove();
        paint();
      },
    };
  },
};
