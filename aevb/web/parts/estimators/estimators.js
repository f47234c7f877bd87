// Recorded runs of one model by several estimators: the test ELBO over the epochs, or over the time that they take.

import { follow, segments, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { DATA, ELBO, GENERATED } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Axes, cursor, marker, nameAxes } from "../../kit/plot.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 *
 * A run: the test ELBO and, where it is another, what its own estimator says of it, in nats, before and after each epoch.
 * @typedef {{ name: string, elbo: number[], own?: number[], kl: number, spread: number, milliseconds: number }} Run
 */

const LOOKS = [{ color: ELBO, dash: [] }, { color: DATA, dash: [9, 5] }, { color: GENERATED, dash: [2, 5] }];
const OWN = "estimator’s excess, nats"; // over the ELBO
const DEPTH = 60; // nats below the best that the chart goes down to

export const params = {
  epochs: number({ initial: null, least: 0, most: 99 }),
  over: choice({ initial: "epochs", of: ["epochs", "time"] }),
};

export default part((model, el) => new Estimators(model, el));

class Estimators {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    /** @type {Run[]} */
    this.runs = model.get("runs");
    this.last = this.runs[0].elbo.length - 1;
    this.panel = new Panel(h("canvas.live", { role: "img" }));
    const over = segments(model, "over", "Across", { epochs: "by epochs", time: "by time" });
    this.slider = slider({
      label: "epoch",
      sets: "epochs",
      least: 0,
      most: this.last,
      step: 1,
      input: (epoch) => model.set("epochs", epoch === this.last ? null : epoch),
      done: () => model.save_changes(),
    });
    const own = this.runs.some((run) => run.own);
    const heads = ["", "test ELBO", OWN, "KL of z in the end, nats", "a step takes"];
    this.told = this.runs.map(() => ({ elbo: h("td"), own: h("td", { hidden: !own }) }));
    const rows = this.runs.map(({ name, kl, milliseconds }, k) => [
      h(
        "th",
        { scope: "row" },
        h("i", { style: { "--color": LOOKS[k].color, "--line": ["solid", "dashed", "dotted"][k] } }),
        name.replaceAll(" = ", "\u00a0=\u00a0"),
      ),
      this.told[k].elbo,
      this.told[k].own,
      h("td", {}, signed(kl)),
      h("td", {}, `${milliseconds.toFixed(0)} ms`),
    ]);
    el.append(
      h("div.stage", { "data-instrument": "" }, this.panel.canvas),
      h("div.controls.at", { "data-control": "" }, over.element, this.slider.element),
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h("tr", {}, ...heads.map((head) => h("th", { scope: "col", hidden: head === OWN && !own }, head))),
        ),
        h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells))),
      ),
    );
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    this.ends = [
      over.end,
      onLayout(this.panel.canvas, () => this.layout()),
      follow(model, ["epochs"], () => within(model, el, "epochs", params.epochs, this.last)),
      follow(model, ["epochs", "over"], () => {
        this.draw();
        this.write();
      }),
    ];
  }

  end() {
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  get epoch() {
    return Math.min(this.last, this.model.get("epochs") ?? this.last);
  }

  /** How long an epoch of a run is on the axis. @param {Run} run */
  unit({ milliseconds }) {
    return this.model.get("over") === "time" ? milliseconds * this.model.get("steps") / 1000 : 1;
  }

  layout() {
    this.theme = themeOf(this.panel.canvas);
    if (this.panel.fit()) this.paint();
  }

  paint() {
    const { panel, theme, runs, last, epoch } = this;
    if (!theme || !panel.width) return;
    const { size } = theme, left = 3.6 * size, most = Math.max(...runs.flatMap(({ elbo }) => elbo));
    const longest = last * Math.max(...runs.map((run) => this.unit(run)));
    const axes = new Axes(
      { left, top: 0.5 * size, width: panel.width - left - size, height: panel.height - 2.4 * size },
      [0, longest],
      [most - DEPTH, most + 2],
    );
    panel.show((context) => {
      axes.draw(context, theme);
      axes.clip(context, () => {
        runs.forEach((run, k) => {
          Object.assign(context, { strokeStyle: LOOKS[k].color, lineWidth: 3.5, lineJoin: "round" });
          context.setLineDash(LOOKS[k].dash);
          context.beginPath();
          run.elbo.forEach((value, i) => context.lineTo(axes.x(i * this.unit(run)), axes.y(value)));
          context.stroke();
        });
        context.setLineDash([]);
        if (this.model.get("over") === "epochs") cursor(context, theme, axes, axes.x(epoch));
      });
      runs.forEach((run, k) => {
        const x = axes.x(epoch * this.unit(run)),
          y = Math.min(axes.y(run.elbo[epoch]), axes.top + axes.height);
        marker(context, x, y, { color: LOOKS[k].color, ring: theme.background, radius: 0.45 * size });
      });
      nameAxes(
        context,
        axes,
        theme,
        this.model.get("over") === "time" ? "seconds" : "epochs",
        "test ELBO, nats",
      );
    });
  }

  say() {
    const { epoch, runs } = this;
    this.slider.show(epoch);
    this.told.forEach((cells, k) => {
      const { elbo, own = elbo, spread } = runs[k], bias = own[epoch] - elbo[epoch];
      setText(cells.elbo, `${signed(elbo[epoch])}${epoch === this.last ? ` ±\u00a0${signed(spread)}` : ""}`);
      setText(cells.own, signed(bias, 1, "+"));
    });
    const said = runs.map(({ name, elbo }) => `${name} ${signed(elbo[epoch])}`).join(", ");
    this.panel.canvas.setAttribute(
      "aria-label",
      `The test ELBO of runs by each estimator; after epoch ${epoch}: ${said} nats`,
    );
  }
}
