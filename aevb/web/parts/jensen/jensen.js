// The ELBO's two derivations in one picture. Each value of z is a point of the logarithm's curve, at the ratio p(x, z) / q(z):
// the mean of the ratios is p(x), and the logarithm of a mean is above the mean of logarithms (Jensen); the heights by which
// the points lie below log p(x) have the KL as their mean (equation 2).

import { button, follow, put, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { DATA, ELBO, EVIDENCE, GAP, GENERATED, TRUE_MODEL } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { part } from "../../kit/part.js";
import { Axes, marker, nameAxes, Notes } from "../../kit/plot.js";
import { divide, percents } from "../../kit/shares.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { bounded } from "../../engine/jensen.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const JOINT = [0.09, 0.07, 0.04]; // p(x, z): p(x) is 0.2
const POSTERIOR = [45, 35, 20]; // percent
const LEAST = 10;
const ACROSS = [0, 0.95], UP = [-3.3, 0.25];
const COLORS = [DATA, GENERATED, TRUE_MODEL];

export const params = { q: percents([15, 25, 60], LEAST) };

export default part((model, el) => new Jensen(model, el));

class Jensen {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.panel = new Panel(h("canvas.live", { role: "img" }));
    /** Where the axes' names stand. @type {import("../../kit/plot.js").Box[]} */
    this.names = [];
    const done = () => model.save_changes();
    this.shares = JOINT.map((_, k) =>
      slider({
        label: `q(z = ${k + 1})`,
        least: LEAST,
        most: 100 - 2 * LEAST,
        step: 1,
        say: (percent) => (percent / 100).toFixed(2),
        sets: "q",
        input: (percent) => model.set("q", divide(model.get("q"), k, percent, LEAST)),
        done,
      })
    );
    this.cells = JOINT.map(() => [h("td"), h("td"), h("td")]);
    this.means = [h("td"), h("td"), h("td")];
    const heads = ["z", "p(x,\u00a0z)", "q(z)", "ratio", "log ratio", "below log p(x)"];
    const name = (/** @type {number} */ k) => [h("i", { style: { "--color": COLORS[k] } }), String(k + 1)];
    const table = h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h(
        "tbody",
        { "data-control": "" },
        ...JOINT.map((p, k) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, ...name(k)),
            h("td", {}, p.toFixed(2)),
            h("td", {}, this.shares[k].element),
            ...this.cells[k],
          )
        ),
      ),
      h(
        "tfoot",
        {},
        h("tr", {}, h("th", { scope: "row", colSpan: 3 }, "mean under q: p(x), ELBO and KL"), ...this.means),
      ),
    );
    this.tight = button("Set q to the posterior", () => put(model, "q", POSTERIOR), { "data-sets": "q" });
    /** @type {string[]} */
    const formulas = model.get("formulas");
    this.sums = formulas.map(() => h("b"));
    el.append(
      h("div.stage", { "data-instrument": "" }, this.panel.canvas),
      h(
        "div.side",
        {},
        h("div.table", {}, table),
        h("div.controls", {}, this.tight),
        ...formulas.map((formula, k) =>
          h("div.derivation", {}, h("div", { innerHTML: formula }), this.sums[k])
        ),
      ),
    );
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    this.ends = [onLayout(this.panel.canvas, () => this.layout()), follow(model, ["q"], () => this.move())];
  }

  end() {
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  get q() {
    return this.model.get("q").map((/** @type {number} */ percent) => percent / 100);
  }

  move() {
    this.shares.forEach(({ show }, k) => show(this.model.get("q")[k]));
    this.draw();
    this.write();
  }

  layout() {
    if (!this.panel.fit()) return;
    const theme = this.theme = themeOf(this.panel.canvas), { size } = theme, { width, height } = this.panel;
    const left = 2.8 * size;
    const axes = this.axes = new Axes(
      { left, top: 4, width: width - left - 4, height: height - 2.2 * size },
      ACROSS,
      UP,
    );
    this.panel.keep((context) => {
      axes.draw(context, theme);
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 2.5 });
        context.beginPath();
        for (let i = 1; i <= 200; i++) {
          const ratio = i / 200 * ACROSS[1];
          context.lineTo(axes.x(ratio), axes.y(Math.log(ratio)));
        }
        context.stroke();
      });
      this.names = nameAxes(context, axes, theme, "ratio p(x, z) / q(z)", "log of the ratio, nats");
    });
    this.paint();
  }

  paint() {
    const { axes, theme } = this;
    if (!axes || !theme) return;
    const { q } = this, { ratios, evidence, elbo, gap } = bounded(JOINT, q), { size } = theme;
    const points = ratios.map((ratio) => [axes.x(ratio), axes.y(Math.log(ratio))]);
    const x = axes.x(Math.exp(evidence)), top = axes.y(evidence), low = axes.y(elbo);
    this.panel.show((context) => {
      const line = (
        /** @type {number[][]} */ ends,
        /** @type {any} */ style,
        /** @type {number[]} */ dash,
      ) => {
        Object.assign(context, style);
        context.setLineDash(dash);
        context.beginPath();
        for (const [x, y] of ends) context.lineTo(x, y);
        context.stroke();
        context.setLineDash([]);
      };
      // Whatever q is, the point of the means lies within.
      Object.assign(context, { fillStyle: ELBO, globalAlpha: 0.13 });
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      context.fill();
      context.globalAlpha = 1;
      line([[axes.left, top], [axes.left + axes.width, top]], { strokeStyle: EVIDENCE, lineWidth: 2.5 }, []);
      line([[axes.left, low], [x, low]], { strokeStyle: ELBO, lineWidth: 2 }, [9, 5]);
      for (const [px, py] of points) line([[px, py], [px, top]], { strokeStyle: GAP, lineWidth: 3 }, [2, 4]);
      line([[x, top], [x, low]], { strokeStyle: GAP, lineWidth: 6 }, []);
      const one = gap < 1e-9; // at the posterior all ratios are p(x), and the ELBO's mark hides them
      points.forEach(([px, py], k) => {
        const radius = 0.3 * size + 1.6 * size * Math.sqrt(q[k] / 2);
        marker(context, px, py, { color: COLORS[k], ring: theme.background, radius });
        Object.assign(context, { fillStyle: "#000", textAlign: "center", textBaseline: "middle" });
        context.font = `700 ${size}px ${theme.font}`;
        context.fillText(String(k + 1), px, py);
      });
      marker(context, x, top, { color: EVIDENCE, ring: theme.background, radius: 0.55 * size });
      marker(context, x, low, { color: ELBO, ring: theme.background, radius: 0.55 * size });
      const notes = new Notes(context, theme, axes, points, this.names);
      const beside = (/** @type {string} */ text, /** @type {number} */ y) => {
        const wide = context.measureText(text).width;
        notes.write(text, [[x + wide + 1.2 * size, y], [x + wide + 1.2 * size, y + 1.2 * size], [
          x - 0.8 * size,
          y + 1.2 * size,
        ]]);
      };
      context.font = `600 ${size}px ${theme.font}`;
      notes.write("log p(x), the evidence", [[axes.left + axes.width - 6, top - 0.2 * size]]);
      beside("ELBO", low + 1.3 * size);
      if (one) {
        notes.write("1, 2, 3", [[x - size, low + 1.8 * size], [x - size, low + 2.6 * size]]);
      }
      if (low - top > 2.2 * size) beside(`gap ${signed(gap, 2)}`, (top + low) / 2 + 0.6 * size);
    });
  }

  say() {
    const { q, model } = this, { ratios, evidence, elbo, gap } = bounded(JOINT, q);
    this.cells.forEach((cells, k) => {
      const height = Math.log(ratios[k]);
      [ratios[k].toFixed(2), signed(height, 2), signed(evidence - height, 2)].forEach((text, i) =>
        setText(cells[i], text)
      );
    });
    const whole = Math.round(100 * evidence), bound = Math.round(100 * elbo); // so that what is told adds up
    const [log, mean, rest] = [whole, bound, whole - bound].map((hundredths) => signed(hundredths / 100, 2));
    [Math.exp(evidence).toFixed(2), mean, rest].forEach((text, i) => setText(this.means[i], text));
    const tight = gap < 1e-9;
    this.tight.disabled = tight;
    setText(this.sums[0], `${log} ${tight ? "=" : "≥"} ${mean}`);
    setText(this.sums[1], `${log} = ${mean} + ${rest}`);
    this.panel.canvas.setAttribute(
      "aria-label",
      `The ratios of z = 1, 2, 3, ${
        ratios.map((ratio) => ratio.toFixed(2)).join(", ")
      }, on the curve of the logarithm; ` +
        `evidence ${log}, ELBO ${mean}, gap ${rest} nats. q: ${model.get("q").join(", ")} percent`,
    );
  }
}
