// A digit or drawing read row by row: beside each row its KL and how improbable its pixels were, and in the latent
// plane what the prior expected of the row and what q makes of it.

import { digitChooser, follow, seedButton } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, percent, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO, EVIDENCE, GENERATED, MARK } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Axes } from "../../kit/plot.js";
import { MOST, paintRows, RowPlane, rowsOf, scrubbable, scrubber, seed, windowOf } from "../../kit/rows.js";
import { atLeisure, inSlices, onNextFrame } from "../../kit/slices.js";
import { bound, observe } from "../../engine/rows.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../kit/controls.js").Subject} Subject */

const PATHS = 10; // K of the bound
const FEW = 4; // rows, a seventh of all

export const params = { seed, row: number({ initial: null, least: 1, most: MOST, ofSubject: true }) };

export default part((model, el) => new Rows(model, el));

class Rows {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    /** @type {import("../../engine/rows.js").ObservedRow[] | null} */
    this.rows = null; // of the digit as it was read last
    /** @type {Float32Array | null} */
    this.x = null;
    this.title = "";
    /** @type {number | null} */
    this.bound = null;
    this.stale = true;
    this.reading = new AbortController();
    this.draw = onNextFrame(() => this.show());
    this.tell = atLeisure(() => this.say());
    const length = this.length = rowsOf(model);
    this.scrubber = scrubber(model, "row", () => this.row);
    this.canvas = h("canvas.live.read", { role: "img", "aria-label": "The digit" });
    this.panel = new Panel(this.canvas);
    this.buffer = document.createElement("canvas");
    this.box = { left: 0, top: 0, side: 1 };
    const rowAt = (/** @type {MouseEvent} */ event) =>
      1 + Math.floor(length * (event.offsetY - this.box.top) / this.box.side);
    scrubbable(this.canvas, length, rowAt, this.scrubber.go, this.scrubber.done);
    this.plane = new RowPlane({ posterior: true, path: true, z: "z, drawn from q" });
    this.sum = equation([
      { name: "log p(x | z)", color: GENERATED },
      { name: "KL(q ‖ p)", sign: "−", color: DATA, line: "dashed" },
      { name: "ELBO, one z a row", sign: "=", color: ELBO, line: "double" },
      {
        name: `bound, K = ${PATHS}`,
        color: EVIDENCE,
        line: "dotted",
        title: "in expectation it lies between the ELBO and log p(x)",
      },
    ]);
    this.said = h("p.said");
    this.chooser = digitChooser(model);
    this.stage = h("div.stage", { "data-instrument": "", "aria-busy": "true" }, this.canvas);
    el.append(
      this.stage,
      h("div.control", { "data-control": "" }, this.scrubber.element),
      this.plane.element,
      h("div.words", {}, this.sum.element, this.said),
      h("div.controls", {}, this.chooser.element, seedButton(model, "Resample z")),
    );
    this.theme = themeOf(el);
    /** @type {(() => void)[]} */
    this.ends = [
      this.chooser.end,
      whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p", "q"]), (engine) => this.start(engine)),
    ];
  }

  /** @param {any} engine */
  start(engine) {
    this.engine = engine;
    /** @type {Subject | null} */
    this.subject = null;
    this.ends.push(
      onLayout(this.el, () => {
        this.panel.fit();
        this.plane.panel.fit();
        this.theme = themeOf(this.el);
        this.draw();
      }),
      follow(this.model, ["row"], () => {
        within(this.model, this.el, "row", params.row, this.length);
        this.draw();
      }),
      follow(this.model, ["digit", "strokes", "seed"], () => {
        this.stale = true;
        this.bound = null;
        this.reading.abort();
        this.sum.element.setAttribute("aria-busy", "true");
        this.draw();
      }),
      whenSubject(this.el, this.model, (subject) => {
        this.subject = subject;
        this.read();
      }),
      follow(this.model, ["seed"], () => this.read()),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.reading.abort();
    this.scrubber.player.stop();
    this.draw.cancel();
    this.tell.cancel();
  }

  /** Reads the digit, and then, along other z, its bound. */
  async read() {
    const { engine, subject } = this, seed = this.model.get("seed");
    if (!subject) return;
    this.reading.abort();
    const { signal } = this.reading = new AbortController();
    const x = engine.observe(subject.pixels);
    const rows = await inSlices(observe(engine, x, new Random(seed)), { signal });
    if (!rows) return;
    Object.assign(this, { rows, x, title: subject.title, bound: null, stale: false });
    this.draw();
    const found = await inSlices(bound(engine, x, PATHS, new Random(seed)), { signal });
    if (found === undefined) return;
    this.bound = found;
    this.tell();
  }

  /** From 1: the link's row, or the one that surprises most. */
  get row() {
    return Math.min(this.model.get("row") ?? this.surprising, this.length);
  }

  get surprising() {
    const kl = (this.rows ?? []).map(({ minus_kl_z }) => -minus_kl_z);
    return 1 + Math.max(0, kl.indexOf(Math.max(...kl)));
  }

  show() {
    const { rows, row, stale } = this;
    this.stage.setAttribute("aria-busy", String(stale));
    for (const element of [this.canvas, this.plane.element, this.sum.element]) {
      element.classList.toggle("stale", stale);
    }
    if (!rows || !this.panel.width) return;
    this.drawRows();
    const at = rows[row - 1], path = rows.slice(0, row).map(({ z }) => z);
    this.plane.show(this.theme, windowOf(rows, at), at, { path });
    this.tell();
  }

  // The digit, and beside its rows the bars of both terms, on one scale.
  drawRows() {
    const { panel, theme, row, length } = this, { size } = theme, top = 1.7 * size, gap = size;
    const rows = /** @type {import("../../engine/rows.js").ObservedRow[]} */ (this.rows);
    const side = Math.min(panel.height - 3.5 * size, panel.width - 2 * (gap + 5.8 * size));
    const left = 3;
    this.box = { left, top, side };
    const wide = (panel.width - side - 2 * left - 2 * gap) / 2;
    const bars = [
      { title: "KL", color: DATA, of: rows.map(({ minus_kl_z }) => -minus_kl_z) },
      {
        title: "−log p",
        color: GENERATED,
        of: rows.map(({ reconstruction }) => -reconstruction),
      },
    ];
    const most = 1.05 * Math.max(1, ...bars.flatMap(({ of }) => of));
    paintRows(this.buffer, /** @type {Float32Array} */ (this.x), row, 0.35);
    panel.show((context) => {
      const mark = (/** @type {number} */ from, /** @type {number} */ width) => {
        Object.assign(context, { strokeStyle: MARK, lineWidth: 2.5 });
        context.strokeRect(from - 2, top + (row - 1) * side / length - 1.5, width + 4, side / length + 3);
      };
      const heading = (
        /** @type {string} */ text,
        /** @type {number} */ from,
        /** @type {number} */ width,
      ) => {
        context.font = `600 ${size}px ${theme.font}`;
        Object.assign(context, { fillStyle: theme.text, textAlign: "left", textBaseline: "top" });
        context.fillText(text, from, 2, width);
      };
      heading("the rows of x", left, side);
      context.imageSmoothingEnabled = false;
      context.fillStyle = theme.faint;
      context.fillRect(left, top, side, side);
      context.drawImage(this.buffer, left, top, side, side);
      mark(left, side);
      bars.forEach(({ title, color, of }, k) => {
        const axes = new Axes(
          { left: left + side + gap + k * (wide + gap), top, width: wide, height: side },
          [0, most],
          [0, 1],
        );
        heading(`${title} ${signed(of[row - 1], 2)}`, axes.left, wide + gap);
        axes.draw(context, theme, { yTicks: false, xCount: wide < 9 * size ? 2 : 3 });
        context.fillStyle = color;
        of.forEach((value, t) => {
          context.globalAlpha = t + 1 === row ? 1 : 0.55;
          context.fillRect(
            axes.left,
            top + (t + 0.12) * side / length,
            axes.x(value) - axes.left,
            0.76 * side / length,
          );
        });
        context.globalAlpha = 1;
        mark(axes.left, wide);
      });
    });
  }

  say() {
    const { rows, row, surprising } = this;
    this.scrubber.show();
    if (!rows) return;
    const kl = rows.map(({ minus_kl_z }) => -minus_kl_z), total = kl.reduce((a, b) => a + b, 0);
    const reconstruction = rows.reduce((sum, one) => sum + one.reconstruction, 0);
    const [likelihood, minusKl] = addingUp([reconstruction, -total]);
    const bound = this.bound === null ? null : signed(this.bound);
    this.sum.element.setAttribute("aria-busy", String(bound === null));
    this.sum.show([signed(likelihood), signed(-minusKl), signed(likelihood + minusKl), bound]);
    const few = [...kl].sort((a, b) => b - a).slice(0, FEW).reduce((a, b) => a + b, 0);
    setText(
      this.said,
      `In ${this.title}, row ${surprising} surprises most: KL ${signed(kl[surprising - 1])} nats. ` +
        `${FEW} of the ${this.length} rows hold ${percent(few / total)} of the KL.`,
    );
    const at = rows[row - 1], z = Array.from(at.z, (value) => signed(value, 2)).join(", ");
    this.canvas.setAttribute(
      "aria-label",
      `${this.title} with each row's KL and −log p. Row ${row}: KL ${signed(-at.minus_kl_z, 2)} nats, ` +
        `log p ${signed(at.reconstruction, 2)} nats`,
    );
    this.plane.canvas.setAttribute("aria-label", `The latent plane of row ${row}: z is at ${z}`);
  }
}
