// How a checkpoint was trained: curves over the epochs under one cursor, and the facts.

import { follow, segments, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed, termName } from "../../kit/format.js";
import { loadAbout } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { DATA, ELBO, GENERATED, TRUE_MODEL } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Axes, cursor, marker, Notes } from "../../kit/plot.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {{ name: string, values: number[], color: string, dash: number[], width: number }} Line */
/** @typedef {{ title: string, digits: number, lines: Line[], reference?: number, zero?: boolean }} Chart */

const SCORES = /** @type {Record<string, string>} */ ({
  conditional_entropy: "entropy of q(y | x), nats",
  accuracy: "clustering accuracy",
});

const STARTS = { clusters: "From clusters", plain: "From the plain start" };

export const params = {
  epoch: number({ initial: null, least: 1, most: 100000 }),
  origin: choice({ initial: "clusters", of: Object.keys(STARTS) }),
};

export default part((model, el) => new Training(model, el));

class Training {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.facts = h("dl.facts", { tabIndex: 0 });
    this.place = h("div.charts", { "data-instrument": "" });
    this.slider = slider({
      label: "epoch",
      sets: "epoch",
      least: 1,
      most: 1,
      step: 1,
      say: (place) => String(this.record?.curve[place - 1].epoch ?? ""),
      input: (place) => model.set("epoch", this.record.curve[place - 1].epoch),
      done: () => model.save_changes(),
    });
    this.readout = h("p.readout");
    el.append(
      this.place,
      h("div.controls.at", { "data-control": "" }, this.slider.element, this.readout),
      this.facts,
    );
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {(() => void)[]} */
    this.ends = [onLayout(el, () => this.layout())];
    this.ends.push(
      whenLoaded(el, () => loadAbout(model.get("checkpoint").about), (about) => this.start(about)),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** @param {any} about */
  start({ record }) {
    if (record.problem) {
      this.el.replaceChildren(h("p.notice", { role: "alert", "data-ready": "" }, record.problem));
      return;
    }
    /** By where they started. @type {Record<string, any>} */
    this.records = { clusters: record, plain: record.plain ?? record };
    if (record.plain) {
      const starts = segments(this.model, "origin", "Start of the training", STARTS);
      this.el.prepend(h("div.starts", {}, starts.element));
      this.ends.push(starts.end);
    }
    this.ends.push(
      follow(this.model, ["origin"], () => this.choose()),
      follow(this.model, ["epoch"], () => {
        // Of either start: that of the other is as far along as its own run went.
        const last = Math.max(...Object.values(this.records ?? {}).map(({ curve }) => curve.at(-1).epoch));
        within(this.model, this.el, "epoch", params.epoch, last);
        this.draw();
        this.write();
      }),
    );
  }

  /** Shows the run that is chosen. */
  choose() {
    const { clusters, plain } = /** @type {Record<string, any>} */ (this.records);
    const [shown, other] = this.model.get("origin") === "plain" ? [plain, clusters] : [clusters, plain];
    const beside = chartsOf(other); // with which it is compared
    this.record = shown;
    this.place.replaceChildren();
    this.charts = chartsOf(shown).map((chart, row) => {
      const panel = new Panel(
        h("canvas.live", { role: "img", "aria-label": `${chart.title} over the epochs` }),
      );
      this.listen(panel.canvas);
      this.place.append(panel.canvas);
      return { ...chart, panel, beside: beside[row].lines };
    });
    const facts = Object.entries(/** @type {Record<string, string>} */ (this.record.facts));
    this.facts.replaceChildren(...facts.flatMap(([name, fact]) => [h("dt", {}, name), h("dd", {}, fact)]));
    Object.assign(this.slider.range, { max: String(this.record.curve.length) });
    this.layout();
    this.write();
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    const to = (/** @type {PointerEvent} */ event) => {
      if (!this.axes) return;
      const { curve } = this.record;
      this.model.set("epoch", curve[nearest(curve, this.axes.valueAt(event.offsetX))].epoch);
    };
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      to(event);
    };
    canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
    canvas.onlostpointercapture = () => this.model.save_changes();
  }

  /** Where in the curve the link's epoch is: of a run of the page Train not every epoch was measured. */
  get index() {
    const { curve, chosen } = this.record;
    return nearest(curve, this.model.get("epoch") ?? chosen);
  }

  layout() {
    if (!this.charts) return;
    const theme = this.theme = themeOf(this.el), { size } = theme, { curve, released } = this.record;
    this.charts.forEach(({ panel, lines, beside, title, reference, zero, digits }, row) => {
      if (!panel.fit()) return;
      const last = row === /** @type {any[]} */ (this.charts).length - 1, left = 4.4 * size, top = 1.6 * size;
      const box = {
        left,
        top,
        width: panel.width - left - 0.6 * size,
        height: panel.height - top - (last ? 2.6 : 0.6) * size,
      };
      const axes = new Axes(
        box,
        [1, Math.max(2, curve[curve.length - 1].epoch)],
        range([...lines, ...beside], reference, zero),
      );
      panel.axes = axes;
      this.axes = axes;
      panel.keep((context) => {
        axes.draw(context, theme, { xTicks: last, xCount: 8, yCount: box.height < 7 * size ? 2 : 4 });
        Object.assign(context, {
          font: `600 ${size}px ${theme.font}`,
          fillStyle: theme.text,
          textBaseline: "bottom",
          textAlign: "left",
        });
        context.fillText(title, left, top - 4);
        if (last) {
          context.textAlign = "center";
          context.font = `${size}px ${theme.font}`;
          context.fillText("epoch", left + box.width / 2, panel.height);
        }
        axes.clip(context, () => {
          const across = (/** @type {number} */ y) => {
            context.beginPath();
            context.moveTo(left, y);
            context.lineTo(left + box.width, y);
            context.stroke();
          };
          if (reference !== undefined) {
            Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2.5 });
            context.setLineDash([2, 6]);
            across(axes.y(reference));
          }
          if (released) {
            Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2 });
            context.setLineDash([8, 6]);
            context.beginPath();
            context.moveTo(axes.x(released), 0);
            context.lineTo(axes.x(released), panel.height);
            context.stroke();
          }
          for (const { values, color, dash, width } of lines) {
            context.setLineDash(dash);
            Object.assign(context, { strokeStyle: color, lineWidth: width, lineJoin: "round" });
            context.beginPath();
            values.forEach((value, i) => context.lineTo(axes.x(curve[i].epoch), axes.y(value)));
            context.stroke();
          }
          context.setLineDash([]);
        });
        const points = lines.flatMap(({ values }) =>
          values.map((value, i) => [axes.x(curve[i].epoch), axes.y(value)])
        );
        const notes = new Notes(context, theme, axes, points), edge = left + box.width - 6;
        if (reference !== undefined) {
          const y = axes.y(reference);
          notes.write(`· · · the tutorial’s own: ${signed(reference, digits)}`, [
            [edge, y - 4],
            [edge, y + 1.3 * size],
          ]);
        }
        if (released && row === 1) {
          const text = "q(y | x) released - -", x = axes.x(released) - 6;
          notes.write(text, [top + 1.4 * size, top + box.height - 4].map((y) => [x, y]));
        }
      });
    });
    this.draw();
  }

  paint() {
    const { index, theme } = this, { epoch } = this.record.curve[index];
    if (!theme || !this.charts) return;
    for (const { panel, lines } of this.charts) {
      const { axes } = panel;
      if (!axes) continue;
      panel.show((context) => {
        cursor(context, theme, axes, axes.x(epoch));
        for (const { values, color } of lines) {
          const y = axes.y(values[index]);
          if (y <= axes.top + axes.height) {
            marker(context, axes.x(epoch), y, { color, ring: theme.background, radius: 6 });
          }
        }
      });
    }
  }

  say() {
    const { index } = this,
      { epoch } = this.record.curve[index],
      kept = this.record === this.records?.clusters && this.record.chosen;
    const parts = (this.charts ?? []).flatMap(({ lines, digits, title }) =>
      lines.map(({ name, values }) => `${name || title} ${signed(values[index], digits)}`)
    );
    setText(this.readout, parts.join("; ") + (epoch === kept ? " (this checkpoint’s epoch)" : ""));
    this.slider.show(index + 1, `epoch ${epoch}: ${this.readout.textContent}`);
  }
}

/** Of a curve's points the one whose epoch is nearest. @param {{ epoch: number }[]} curve @param {number} epoch */
export function nearest(curve, epoch) {
  const far = curve.map((point) => Math.abs(point.epoch - epoch));
  return far.indexOf(Math.min(...far));
}

/** @param {any} record @returns {Chart[]} */
function chartsOf({ curve, reference }) {
  const of = (/** @type {(point: any) => number} */ value) => curve.map(value);
  const one = (
    /** @type {string} */ title,
    /** @type {number[]} */ values,
    /** @type {string} */ color,
    digits = 1,
    more = {},
  ) => ({ title, digits, lines: [{ name: "", values, color, dash: [], width: 3.5 }], ...more });
  const elbo = {
    title: "ELBO, nats: ▬ validation, ╌ training",
    digits: 1,
    reference: reference.elbo,
    lines: [
      {
        name: "ELBO training",
        values: of((point) => point.train_elbo),
        color: DATA,
        dash: [9, 5],
        width: 2.5,
      },
      { name: "validation", values: of((point) => point.elbo), color: ELBO, dash: [], width: 3.5 },
    ],
  };
  const scores = Object.keys(curve[0].scores).map((name) =>
    one(SCORES[name] ?? name, of((point) => point.scores[name]), ELBO, 3, {
      zero: true,
      reference: reference[name],
    })
  );
  const terms = Object.keys(curve[0].terms).map((name, k) =>
    one(termName(name), of((point) => point.terms[name]), [GENERATED, DATA, ELBO][k % 3])
  );
  return [elbo, ...(scores.length ? scores : terms)];
}

/**
 * The values at a chart's bottom and top. The first epochs climb by hundreds of nats: to show them whole would flatten
 * all that follows.
 * @param {Line[]} lines @param {number | undefined} reference @param {boolean | undefined} zero
 */
function range(lines, reference, zero) {
  const levels = lines.flatMap(({ values }) => values).sort((a, b) => a - b);
  let low = levels[Math.floor(levels.length / 20)], high = levels[levels.length - 1];
  if (reference !== undefined) [low, high] = [Math.min(low, reference), Math.max(high, reference)];
  const margin = 0.1 * (high - low) || 0.5;
  return [zero ? 0 : low - margin, high + margin];
}
