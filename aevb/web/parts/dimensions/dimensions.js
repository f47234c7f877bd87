// How much each latent dimension says: its mean KL over the test set, this image's own posterior below it, and what the
// chosen dimension does.

import { digitChooser, follow, put, select } from "../../kit/controls.js";
import { choicesOf, ownChoice } from "../../kit/choices.js";
import { h, withCommand } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, GENERATED, MARK, TRUE_MODEL } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { Axes } from "../../kit/plot.js";
import { drawWhiskers } from "../../kit/whiskers.js";
import { argsort } from "../../engine/arithmetic.js";
import { along, style, write } from "../../engine/explore.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const VALUES = [-3, -2, -1, 0, 1, 2, 3];
const UNUSED = 0.01; // nats: a dimension below it says nothing

export const params = { dim: number({ initial: null, least: 1, most: 9999 }) };

export default part((model, el) => new Dimensions(model, el));

class Dimensions {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    const chooser = digitChooser(model);
    this.panel = new Panel(h("canvas.live.chart", {
      role: "slider",
      tabIndex: 0,
      "aria-label": "Dimension",
      "aria-valuemin": "1",
      "aria-valuenow": "1",
    }));
    this.menu = select("Dimension", [], (value) => put(model, "dim", Number(value)), "dim");
    this.steps = VALUES.map(() => picture());
    this.said = h("p.said");
    el.append(
      h("div.controls", { "data-control": "" }, chooser.element, this.menu.element),
      h("div.both", { "data-instrument": "" }, this.panel.canvas),
      h("div.does", {}, this.said, h("div.steps", {}, ...this.steps.map(({ element }) => element))),
    );
    this.panel.canvas.onclick = (/** @type {MouseEvent} */ event) => this.pick(event);
    this.panel.canvas.onkeydown = (/** @type {KeyboardEvent} */ event) => this.key(event);
    /** @type {any} */
    this.reading = null;
    /** @type {any} */
    this.engine = null;
    /** @type {number[]} */
    this.use = [];
    /** @type {number[]} */
    this.order = [];
    /** @type {(() => void)[]} */
    this.ends = [chooser.end, onLayout(el, () => this.draw())];
    const load = () =>
      Promise.all([loadAbout(model.get("checkpoint").about), loadModel(model.get("checkpoint"), ["p", "q"])]);
    this.ends.push(whenLoaded(el, load, ([about, engine]) => this.start(about, engine)));
  }

  end() {
    for (const end of this.ends) end();
  }

  /** @param {any} about @param {any} engine */
  start(about, engine) {
    this.engine = engine;
    this.use = about.measures.use;
    this.order = argsort(this.use);
    this.symbol = choicesOf(about) ? "ε" : "z";
    for (const l of this.order) {
      this.menu.menu.append(h("option", { value: String(l + 1) }, `${this.symbol}${l + 1}`));
    }
    this.panel.canvas.setAttribute("aria-valuemax", String(this.order.length));
    this.ends.push(whenSubject(this.el, this.model, (subject) => this.read(subject)));
    this.ends.push(follow(this.model, ["dim"], () => {
      within(this.model, this.el, "dim", params.dim, this.order.length);
      this.draw();
    }));
  }

  get chosen() {
    const dim = this.model.get("dim");
    return dim && dim <= this.order.length ? dim - 1 : this.order[0];
  }

  /** @param {import("../../kit/controls.js").Subject} subject */
  read(subject) {
    const { engine } = this, x = engine.observe(subject.pixels), y = ownChoice(engine, x, subject.label);
    const q = engine.encode(x, y), p = engine.prior(y);
    const loc = style(engine, q.loc, y),
      scale = q.scale.map((/** @type {number} */ s, /** @type {number} */ l) => s / p.scale[l]);
    this.reading = { subject, y, loc, scale };
    this.draw();
  }

  /** @param {MouseEvent} event */
  pick(event) {
    if (!this.axes) return;
    const place = Math.round(this.axes.valueAt(event.offsetX)), l = this.order[place];
    if (l !== undefined) put(this.model, "dim", l + 1);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by || withCommand(event)) return;
    event.preventDefault();
    const to = this.order[this.order.indexOf(this.chosen) + by];
    if (to !== undefined) put(this.model, "dim", to + 1);
  }

  draw() {
    const { panel, reading, order, use } = this;
    if (!reading || !panel.fit()) return;
    const theme = themeOf(this.el), { size } = theme, left = 3 * size, width = panel.width - left - 4;
    const gap = 2.2 * size, foot = 2.7 * size, rest = panel.height - gap - foot - size;
    const above = { left, top: size * 1.4, width, height: 0.42 * rest };
    const below = { left, top: above.top + above.height + gap, width, height: 0.58 * rest - 0.4 * size };
    const bars = new Axes(above, [-0.6, order.length - 0.4], [0, 1.12 * Math.max(...use, 1e-3)]);
    this.axes = bars;
    const place = order.indexOf(this.chosen),
      thick = Math.max(1.5, Math.min(30, (0.72 * width) / order.length));
    panel.show((context) => {
      context.fillStyle = MARK; // the chosen one, in both
      context.globalAlpha = 0.16;
      context.fillRect(
        bars.x(place) - 0.55 * thick - 3,
        above.top,
        1.1 * thick + 6,
        below.top + below.height - above.top,
      );
      context.globalAlpha = 1;
      bars.draw(context, theme, { xTicks: false, xCount: 0, yCount: 3 });
      order.forEach((l, k) => {
        const top = bars.y(use[l]), base = above.top + above.height, x = bars.x(k) - thick / 2;
        if (use[l] >= UNUSED) {
          context.fillStyle = DATA;
          context.fillRect(x, top, thick, base - top);
        } else {
          Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2 }); // unused: a hollow foot
          context.strokeRect(x + 1, base - 4, thick - 2, 3);
        }
      });
      const shown = { loc: reading.loc, scale: reading.scale, order, color: GENERATED };
      drawWhiskers(context, theme, below, shown);
      Object.assign(context, {
        fillStyle: theme.text,
        textAlign: "left",
        textBaseline: "bottom",
        font: `600 ${size}px ${theme.font}`,
      });
      const unused = use.filter((kl) => kl < UNUSED).length;
      context.fillText(`mean KL, nats: ${order.length - unused} used, ${unused} unused`, left, above.top - 3);
      context.fillText(
        `${reading.subject.title}: μ ± σ${this.symbol === "ε" ? " in its prior" : ""}; grey, the prior`,
        left,
        below.top - 3,
      );
      Object.assign(context, { textAlign: "center", font: `${size}px ${theme.font}` });
      context.fillText(`dimension of ${this.symbol}, the most used first`, left + width / 2, panel.height);
    });
    this.tell();
  }

  /** What the chosen dimension does to this image. */
  tell() {
    const { chosen, reading, engine, use, symbol, panel } = this, name = `${symbol}${chosen + 1}`;
    this.menu.show(String(chosen + 1));
    panel.canvas.setAttribute("aria-valuenow", String(this.order.indexOf(chosen) + 1));
    panel.canvas.setAttribute("aria-valuetext", `${name}: mean KL ${signed(use[chosen], 2)} nats`);
    this.said.textContent = `${name} alone moved: mean KL ${signed(use[chosen], 2)} nats`;
    along(reading.loc, chosen, VALUES).forEach(
      (/** @type {Float32Array} */ epsilon, /** @type {number} */ k) => {
        this.steps[k].show(write(engine, epsilon, reading.y), signed(VALUES[k], 0, VALUES[k] ? "+" : ""));
      },
    );
  }
}
