// A canvas as a part has it: colours and sizes from the page, layout, layers, dragging.

import { withCommand } from "./elements.js";

/** @typedef {import("./plot.js").Axes} Axes */
/** @typedef {{ text: string, background: string, border: string, faint: string, font: string, size: number }} Theme */

/**
 * The colours and the size of letters where an element stands.
 * @param {Element} element
 * @returns {Theme}
 */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const variable = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    text: variable("--text"),
    background: variable("--background"),
    border: variable("--border"),
    faint: variable("--faint"),
    font: style.fontFamily,
    size: 0.92 * parseFloat(style.fontSize),
  };
}

/**
 * Calls `layout` when an element's size changes, when a pixel's does (on another screen), when a font has arrived (what
 * a canvas has written stays in the font that was there), and when light turns to dark. Returns what ends it.
 * @param {Element} element
 * @param {() => void} layout
 */
export function onLayout(element, layout) {
  const resizes = new ResizeObserver(layout), ended = new AbortController(), { signal } = ended;
  resizes.observe(element);
  document.fonts.addEventListener("loadingdone", layout, { signal });
  element.addEventListener("themechange", layout, { signal });
  const onRatio = () => {
    const same = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    same.addEventListener("change", () => {
      layout();
      onRatio();
    }, { once: true, signal });
  };
  onRatio();
  return () => {
    resizes.disconnect();
    ended.abort();
  };
}

/**
 * A canvas in CSS pixels, sharp on any display, with a layer below for what stands still. What is drawn once and shown
 * once never gets there: to draw on a layer and to copy it takes longer than to draw.
 */
export class Panel {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.layer = document.createElement("canvas");
    /** @type {((context: CanvasRenderingContext2D) => void) | null} */
    this.still = null;
    this.shown = 0; // frames since that was given
    /** What is over it in the frame that is shown. @type {((context: CanvasRenderingContext2D) => void) | null} */
    this.over = null;
    this.width = this.height = 0;
    /** @type {Axes | null} */
    this.axes = null; // where whoever draws keeps them
    panels.set(canvas, this);
  }

  /** The one that draws on a canvas, if any. @param {HTMLCanvasElement} canvas */
  static of(canvas) {
    return panels.get(canvas);
  }

  /** Draws the frame that is shown again, on another context. @param {any} context one of 2D, or of its kind */
  drawAgain(context) {
    for (const draw of [this.still, this.over]) if (draw) drawAlone(context, draw);
  }

  /** Fits the canvas to its place in the page; false where it has none (a hidden tab). */
  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !height) return false;
    const ratio = globalThis.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.layer]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.getContext("2d")?.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    Object.assign(this, { width, height, shown: 0 });
    return true;
  }

  /**
   * What stands still from now on.
   * @param {(context: CanvasRenderingContext2D) => void} draw called within `show`, twice at most
   */
  keep(draw) {
    this.still = draw;
    this.shown = 0;
  }

  /**
   * Draws a frame: what stands still, and more over it.
   * @param {(context: CanvasRenderingContext2D) => void} draw
   * @param {[left: number, right: number]} [changed] where alone it draws something else than in the frame before
   */
  show(draw, changed) {
    const { context, layer } = this;
    if (this.still) this.shown++;
    if (this.still && this.shown > 1) {
      if (this.shown === 2) {
        const below = /** @type {CanvasRenderingContext2D} */ (layer.getContext("2d"));
        clear(below);
        drawAlone(below, this.still);
      }
      context.save();
      if (changed && this.shown > 2) this.clip(changed);
      inPixels(context, () => {
        context.globalCompositeOperation = "copy"; // in place of clearing, which would go through all pixels once more
        context.drawImage(layer, 0, 0);
      });
      draw(context);
      context.restore();
    } else {
      clear(context);
      if (this.still) drawAlone(context, this.still);
      draw(context);
    }
    this.over = draw;
    if (!this.canvas.dataset.painted) this.canvas.dataset.painted = "yes";
  }

  /** Of whole pixels: the edge of a strip that ends within one would be seen. @param {[left: number, right: number]} strip */
  clip([left, right]) {
    const { context } = this, within = context.getTransform(), { a: ratio } = within;
    const from = Math.floor(ratio * left), to = Math.ceil(ratio * right);
    context.resetTransform();
    context.beginPath();
    context.rect(from, 0, to - from, context.canvas.height);
    context.clip();
    context.setTransform(within);
  }
}

/** @type {WeakMap<HTMLCanvasElement, Panel>} */
const panels = new WeakMap();

/**
 * Clears all of a canvas, whose last pixels can end outside of its place: where some are left, a browser first takes
 * the whole frame before along.
 * @param {CanvasRenderingContext2D} context
 */
function clear(context) {
  const { width, height } = context.canvas;
  inPixels(context, () => context.clearRect(0, 0, width, height));
}

/** Draws in a canvas's own pixels. @param {CanvasRenderingContext2D} context @param {() => void} draw */
function inPixels(context, draw) {
  drawAlone(context, () => {
    context.resetTransform();
    draw();
  });
}

/** @param {CanvasRenderingContext2D} context @param {(context: CanvasRenderingContext2D) => void} draw */
function drawAlone(context, draw) {
  context.save();
  draw(context);
  context.restore();
}

/**
 * Lets one pointer, or the arrow keys, move something over a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {(event: PointerEvent) => void} to gets the pointer's event
 * @param {(dx: number, dy: number) => void} by a step along both axes
 * @param {() => void} [done] called when the visitor lets go
 */
export function movable(canvas, to, by, done = () => {}) {
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    to(event);
  };
  canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
  canvas.onlostpointercapture = done;
  canvas.onkeydown = (event) => {
    const step = event.shiftKey ? 0.5 : 0.1;
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowDown: [0, -step], ArrowUp: [0, step] };
    if (!steps[event.key] || withCommand(event)) return;
    event.preventDefault();
    by(...steps[event.key]);
    done();
  };
}
