// The scrubber: one step of training chosen, everything about it shown, on every frame of a drag.
// Python hears of the step and of the test point only when the visitor lets go.

const PLAY_SECONDS = 9;
const WINDOW_QUANTILE = 0.06; // of the frames, at either end, may leave the latent panel

export default (component) => mount(component, Scrubber, ".scrubber");

class Scrubber {
  constructor(root) {
    this.root = root;
    this.frame = 0;
    this.point = 0;
    this.goal = null; // the position that the visitor wants to see; null is always the newest
    const one = (selector) => root.querySelector(selector);
    this.range = one(".range");
    this.player = new Player(one(".play"), {
      seconds: PLAY_SECONDS,
      frame: () => this.frame,
      last: () => this.count - 1,
      go: (frame) => this.go(frame),
      stopped: () => this.report("step"),
    });
    this.field = one(".point");
    this.curves = new Panel(one(".curves"));
    this.planes = [...root.querySelectorAll(".plane")].map((canvas) => {
      const panel = new Panel(canvas);
      panel.dims = canvas.dataset.axes.split(" ").map(Number);
      return panel;
    });
    this.latent = new Panel(one(".latent"));
    this.listen();
  }

  close() {
    this.player.stop();
    clearTimeout(this.telling);
  }

  // What the visitor does

  listen() {
    this.range.oninput = () => this.scrub(Number(this.range.value));
    this.range.onchange = () => this.report("step", 250); // arrows held down report once
    this.field.onchange = () => this.choose(Math.round(Number(this.field.value)) - 1);
    const canvas = this.curves.canvas;
    const to = (event) => this.scrub(this.nearest(this.main.valueAt(event.offsetX)));
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      to(event);
    };
    canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
    canvas.onpointerup = () => this.report("step");
    canvas.onpointercancel = () => this.report("step");
    for (const panel of this.planes) panel.canvas.onclick = (event) => this.pick(panel, event);
  }

  scrub(frame) {
    this.player.stop();
    this.go(frame);
  }

  go(frame) {
    this.frame = Math.max(0, Math.min(this.count - 1, frame));
    this.goal = this.at(this.frame, 0);
    this.range.value = this.frame;
    this.draw();
  }

  // The nearest test point on a plane becomes the chosen one.
  pick(panel, { offsetX, offsetY }) {
    const [a, b] = panel.dims, { points } = this.data;
    let best = 0, least = Infinity;
    for (let i = 0; i < points.length / 3; i++) {
      const dx = panel.axes.x(points[3 * i + a]) - offsetX, dy = panel.axes.y(points[3 * i + b]) - offsetY;
      if (dx * dx + dy * dy < least) [best, least] = [i, dx * dx + dy * dy];
    }
    this.choose(best);
  }

  choose(point) {
    const last = this.data.points.length / 3 - 1;
    this.point = Math.max(0, Math.min(last, Number.isFinite(point) ? point : 0));
    this.field.value = this.point + 1;
    this.frameLatent();
    this.draw();
    this.report("point");
  }

  report(what, delay = 0) {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const value = what === "step" ? this.at(this.frame, 0) : this.point + 1;
      if (this.told?.[what] !== value) this.tell(what, value);
      this.told = { ...this.told, [what]: value };
    }, delay);
  }

  // What Python sends

  receive(data) {
    const another = data.run !== this.data?.run;
    this.data = data;
    this.count = data.frames.length / data.width;
    this.range.max = this.count - 1;
    this.range.setAttribute("aria-label", `${data.unit}, chosen of ${data.length}`);
    if (another) {
      this.player.stop();
      this.told = undefined;
      this.goal = data.start;
      this.point = Math.min(data.point, data.points.length / 3) - 1;
      this.field.max = data.points.length / 3;
      this.field.value = this.point + 1;
    }
    this.legends();
    // A goal that training has not reached yet is approached with it.
    this.frame = this.goal === null ? this.count - 1 : this.nearest(this.goal);
    this.range.value = this.frame;
    this.layout();
  }

  at(frame, column) {
    return this.data.frames[frame * this.data.width + column];
  }

  nearest(position) {
    let low = 0, high = this.count - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.at(middle, 0) <= position) low = middle;
      else high = middle;
    }
    return position - this.at(low, 0) < this.at(high, 0) - position ? low : high;
  }

  legends() {
    const { colors, em, words, latentDim } = this.data;
    const shaded = this.data.spans.some(([, , phase]) => phase === "E");
    const sample = (paint) => `<svg viewBox="0 0 30 14" aria-hidden="true">${paint}</svg>`;
    const line = (color, width, dash = "") =>
      sample(`<path d="M0 7H30" stroke="${color}" stroke-width="${width}" stroke-dasharray="${dash}"/>`);
    const disc = (color) => sample(`<circle cx="15" cy="7" r="5" fill="${color}"/>`);
    const oval = (color) =>
      sample(`<ellipse cx="15" cy="7" rx="12" ry="5.5" stroke="${color}" stroke-width="2.5" fill="none"/>`);
    const box = (color) => sample(`<rect width="30" height="14" rx="2" fill="${color}"/>`);
    const items = [
      [line(colors.evidence, 4), "evidence"],
      [line(colors.elbo, 3), "ELBO"],
      ...(words.estimate ? [[line(colors.estimate, 2), "ELBO, one-sample estimate"]] : []),
      [box(colors.gapArea), "gap"],
      [line(colors.trueModel, 3, "2 4"), "evidence of the true model"],
      ...(em.length ? [[line(colors.em, 2.5, "7 4"), "evidence under classic EM"]] : []),
      ...(shaded ? [[box(colors.eStep), words.shaded]] : []),
      [disc(colors.points), "test points"],
      [disc(colors.generated), "generated by this step’s model"],
      [oval(colors.evidence), "true posterior p(z | x)"],
      [oval(colors.elbo), latentDim === 1 ? "q(z | x)" : "q(z | x), 1 and 2 σ"],
    ];
    const rows = items.map(([drawing, text]) => `<li>${drawing}<span>${text}</span></li>`);
    this.root.querySelector(".legend").innerHTML = rows.join("");
  }

  // Pictures

  layout() {
    if (!this.curves.fit()) return;
    for (const panel of [...this.planes, this.latent]) panel.fit();
    this.theme = themeOf(this.root);
    for (const name of ["elbo", "evidence", "gap"]) {
      this.root.style.setProperty(`--${name}`, this.data.colors[name]);
    }
    this.size = this.root.clientWidth < 520 ? 13 : 16;
    this.keepCurves();
    for (const panel of this.planes) this.keepPlane(panel);
    this.frameLatent();
    this.draw();
  }

  column(index) {
    return Array.from({ length: this.count }, (_, i) => this.at(i, index));
  }

  keepCurves() {
    const { data, theme, size, count } = this;
    const { colors, em } = data;
    const [elbo, evidence, gap] = [2, 3, 4].map((index) => this.column(index));
    const left = size * 3.4, right = 6, top = 6, bottom = size * 2.6, between = Math.round(1.1 * size);
    const width = this.curves.width - left - right;
    const height = this.curves.height - top - bottom;
    const split = Math.round(height * 0.66);
    // The first steps' ELBO lies far below everything of interest: it enters the frame from below.
    const high = Math.max(data.trueEvidence, ...evidence);
    const worst = Math.min(...evidence);
    const low = worst - 0.45 * (high - worst) - 0.1;
    const pad = 0.06 * (high - low);
    const least = Math.max(1e-4, Math.min(...gap));
    const floor = 10 ** Math.floor(Math.log10(Math.min(least, 0.1)));
    const most = 10 ** Math.ceil(Math.log10(Math.max(...gap, 1)));
    const x = [0, data.length];
    this.main = new Axes({ left, top, width, height: split }, x, [low, high + pad]);
    const below = { left, top: top + split + between, width, height: height - split - between };
    this.below = new Axes(below, x, [floor, most], true);
    const { main, below: lower } = this;

    this.curves.keep((context) => {
      for (const axes of [main, lower]) {
        axes.clip(context, () => {
          context.fillStyle = colors.eStep;
          for (const [from, to, phase] of data.spans) {
            if (phase === "E") {
              context.fillRect(axes.x(from), axes.top, axes.x(to) - axes.x(from), axes.height);
            }
          }
        });
      }
      const narrow = width < 450;
      const xCount = Math.min(narrow ? 4 : 8, data.length); // there is no half of a move
      main.draw(context, theme, size, { xTicks: false, xCount });
      lower.draw(context, theme, size, { xCount });
      const trace = (axes, values, color, thickness, positions = null) => {
        context.beginPath();
        values.forEach((value, i) => {
          const at = positions ? positions[i] : this.at(i, 0);
          context.lineTo(axes.x(at), axes.y(axes.log ? Math.max(value, axes.y0) : value));
        });
        Object.assign(context, { strokeStyle: color, lineWidth: thickness, lineJoin: "round" });
        context.stroke();
      };
      main.clip(context, () => {
        context.fillStyle = colors.gapArea;
        context.beginPath();
        for (let i = 0; i < count; i++) context.lineTo(main.x(this.at(i, 0)), main.y(evidence[i]));
        for (let i = count - 1; i >= 0; i--) context.lineTo(main.x(this.at(i, 0)), main.y(elbo[i]));
        context.fill();
        context.setLineDash([2, 5]);
        trace(main, [data.trueEvidence, data.trueEvidence], colors.trueModel, 3, [0, data.length]);
        if (em.length) {
          context.setLineDash([8, 5]);
          const pairs = Array.from({ length: em.length / 2 }, (_, i) => i);
          trace(main, pairs.map((i) => em[2 * i + 1]), colors.em, 2.5, pairs.map((i) => em[2 * i]));
        }
        context.setLineDash([]);
        if (data.words.estimate) trace(main, this.column(1), colors.estimate, 1.5);
        trace(main, evidence, colors.evidence, 4);
        trace(main, elbo, colors.elbo, 2.5);
      });
      lower.clip(context, () => trace(lower, gap, colors.gap, 3));
      context.font = `600 ${size}px ${theme.font}`;
      context.fillStyle = theme.text;
      context.textBaseline = "bottom";
      context.textAlign = "right";
      const note = narrow ? "gap, log scale" : "gap = KL( q ‖ posterior ), log scale";
      context.textBaseline = "top";
      context.fillText(note, lower.left + lower.width - 8, lower.top + 6);
      context.fillText("nats per test point", main.left + main.width - 8, main.top + main.height - size - 8);
      context.textBaseline = "bottom";
      context.font = `${size}px ${theme.font}`;
      context.fillText(data.unit, left + width, this.curves.height - 1);
    });
  }

  keepPlane(panel) {
    const { data, theme, size } = this;
    const [a, b] = panel.dims, { points, reach } = data;
    const margin = { left: size * 1.9, bottom: size * 1.5 };
    const box = { left: margin.left, top: 4, width: panel.width - margin.left - 4 };
    box.height = panel.height - box.top - margin.bottom;
    panel.axes = new Axes(box, [-reach[a], reach[a]], [-reach[b], reach[b]]);
    const axes = panel.axes;
    panel.keep((context) => {
      axes.draw(context, theme, size - 2, { xCount: 4, yCount: 4 });
      axes.clip(context, () => {
        context.globalAlpha = 0.7;
        context.fillStyle = data.colors.points;
        const radius = panel.width < 220 ? 1.3 : 1.9;
        dots(context, points.length / 3, (i) => axes.x(points[3 * i + a]), (i) => axes.y(points[3 * i + b]), radius);
      });
    });
  }

  // Mean and covariance of both posteriors of the chosen point at a frame, first two dimensions.
  posteriors(frame) {
    const { data } = this, L = data.latentDim, D = 3;
    const x = data.points.subarray(D * this.point, D * this.point + D);
    const base = frame * data.width + 5 + D * L + D;
    const f = data.frames;
    const mean = (start, k) => (k < L ? f[start + k * D] * x[0] + f[start + k * D + 1] * x[1] + f[start + k * D + 2] * x[2] : 0);
    const tril = base + L * D, exact = tril + L * L, cov = exact + L * D;
    const c00 = f[tril];
    if (L === 1) {
      return {
        q: { mean: [mean(base, 0), 0], cov: [c00 * c00, 0, 0] },
        p: { mean: [mean(exact, 0), 0], cov: [f[cov], 0, 0] },
      };
    }
    const c10 = f[tril + L], c11 = f[tril + L + 1];
    return {
      q: { mean: [mean(base, 0), mean(base, 1)], cov: [c00 * c00, c00 * c10, c10 * c10 + c11 * c11] },
      p: { mean: [mean(exact, 0), mean(exact, 1)], cov: [f[cov], f[cov + 1], f[cov + L + 1]] },
    };
  }

  // The latent panel's window stays the same while scrubbing, or one could not see who moves: it
  // holds both posteriors of the chosen point at all but the wildest frames.
  frameLatent() {
    const low = [[], []], high = [[], []];
    const stride = Math.max(1, Math.floor(this.count / 150));
    for (let frame = 0; frame < this.count; frame += stride) {
      const { p, q } = this.posteriors(frame);
      for (const k of [0, 1]) {
        const reach = (d) => 2.3 * Math.sqrt(d.cov[2 * k]);
        low[k].push(Math.min(p.mean[k] - reach(p), q.mean[k] - reach(q)));
        high[k].push(Math.max(p.mean[k] + reach(p), q.mean[k] + reach(q)));
      }
    }
    const [from, to] = [0, 1].map((end) => [0, 1].map((k) =>
      end ? quantile(high[k], 1 - WINDOW_QUANTILE) : quantile(low[k], WINDOW_QUANTILE)));
    const middle = [0, 1].map((k) => (from[k] + to[k]) / 2);
    const half = Math.max(0.6, ...[0, 1].map((k) => (to[k] - from[k]) / 2)) * 1.05;
    this.window = { middle, half };
    this.keepLatent();
  }

  keepLatent() {
    const { latent: panel, theme, size } = this;
    if (!panel.width) return;
    const { middle, half } = this.window, flat = this.data.latentDim === 1;
    const box = { left: size * 2.1, top: 4 };
    box.width = panel.width - box.left - 4;
    box.height = panel.height - box.top - size * 1.5;
    const [x, y] = middle.map((m) => [m - half, m + half]);
    panel.axes = new Axes(box, x, flat ? [0, 1] : y);
    panel.keep((context) => {
      panel.axes.draw(context, theme, size - 2, { xCount: 4, yCount: 4, yTicks: !flat });
      if (!flat) {
        panel.axes.clip(context, () => {
          context.setLineDash([3, 5]);
          Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.2, globalAlpha: 0.55 });
          ellipse(context, panel.axes, [0, 0], [1, 0, 1], 1); // the prior
          context.stroke();
          context.setLineDash([]);
          context.globalAlpha = 1;
        });
      }
    });
  }

  draw() {
    if (!this.theme || !this.curves.width) return;
    this.drawCursor();
    for (const panel of this.planes) this.drawPlane(panel);
    this.drawLatent();
    this.describe();
  }

  drawCursor() {
    const { theme, main, below, data } = this;
    const x = main.x(this.at(this.frame, 0));
    this.curves.show((context) => {
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
      context.beginPath();
      context.moveTo(x, main.top);
      context.lineTo(x, below.top + below.height);
      context.stroke();
      const mark = (axes, value, color) => {
        Object.assign(context, { fillStyle: color, strokeStyle: theme.background, lineWidth: 2 });
        context.beginPath();
        if (value < axes.y0) {
          const edge = axes.top + axes.height; // below the frame: an arrow head on its edge
          for (const [dx, dy] of [[-8, -14], [8, -14], [0, 0]]) context.lineTo(x + dx, edge + dy);
          context.closePath();
        } else {
          context.arc(x, axes.y(value), 7, 0, 6.2832);
        }
        context.fill();
        context.stroke();
      };
      mark(main, this.at(this.frame, 3), data.colors.evidence);
      mark(main, this.at(this.frame, 2), data.colors.elbo);
      mark(below, Math.max(this.at(this.frame, 4), below.y0), data.colors.gap);
    });
  }

  drawPlane(panel) {
    const { data, theme } = this, L = data.latentDim, f = data.frames, e = data.noise;
    const base = this.frame * data.width + 5, sigma = base + 3 * L, width = L + 3;
    const coordinate = (i, d) => {
      let value = f[sigma + d] * e[i * width + L + d];
      for (let k = 0; k < L; k++) value += f[base + d * L + k] * e[i * width + k];
      return value;
    };
    const [a, b] = panel.dims, axes = panel.axes;
    panel.show((context) => {
      axes.clip(context, () => {
        context.globalAlpha = 0.8;
        context.fillStyle = data.colors.generated;
        const radius = panel.width < 220 ? 1.3 : 1.9;
        dots(context, e.length / width, (i) => axes.x(coordinate(i, a)), (i) => axes.y(coordinate(i, b)), radius);
      });
      const x = axes.x(data.points[3 * this.point + a]), y = axes.y(data.points[3 * this.point + b]);
      context.globalAlpha = 1;
      for (const [color, thickness] of [[theme.background, 6], [theme.text, 2.5]]) {
        Object.assign(context, { strokeStyle: color, lineWidth: thickness });
        context.beginPath();
        context.arc(x, y, 7, 0, 6.2832);
        context.stroke();
      }
      nameAxes(context, axes, theme, this.size + 1, `x${"₁₂₃"[a]}`, `x${"₁₂₃"[b]}`);
    });
  }

  drawLatent() {
    const { latent: panel, data } = this;
    const both = this.posteriors(this.frame);
    if (data.latentDim === 1) return this.drawDensities(both);
    panel.show((context) => {
      panel.axes.clip(context, () => {
        for (const [{ mean, cov }, color, thickness] of [
          [both.p, data.colors.evidence, 4],
          [both.q, data.colors.elbo, 2.5],
        ]) {
          Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: thickness });
          for (const sigmas of [2, 1]) {
            ellipse(context, panel.axes, mean, cov, sigmas);
            context.globalAlpha = 0.13;
            context.fill();
            context.globalAlpha = 1;
            context.stroke();
          }
          dots(context, 1, () => panel.axes.x(mean[0]), () => panel.axes.y(mean[1]), thickness + 1);
        }
      });
      const up = data.latentDim > 2 ? "z₂ (2 of 3)" : "z₂";
      nameAxes(context, panel.axes, this.theme, this.size + 1, "z₁", up);
    });
  }

  drawDensities(both) {
    const { latent: panel, data } = this, axes = panel.axes;
    const density = ({ mean, cov }, z) => Math.exp(-((z - mean[0]) ** 2) / (2 * cov[0])) / Math.sqrt(cov[0]);
    const peak = 1.1 * Math.max(...[both.p, both.q].map((d) => 1 / Math.sqrt(d.cov[0])));
    panel.show((context) => {
      axes.clip(context, () => {
        for (const [d, color, thickness] of [
          [both.p, data.colors.evidence, 4],
          [both.q, data.colors.elbo, 2.5],
        ]) {
          Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: thickness });
          context.beginPath();
          for (let i = 0; i <= 300; i++) {
            const z = axes.x0 + ((axes.x1 - axes.x0) * i) / 300;
            context.lineTo(axes.x(z), axes.y(density(d, z) / peak));
          }
          context.stroke();
          context.globalAlpha = 0.13;
          context.fill();
          context.globalAlpha = 1;
        }
      });
      nameAxes(context, axes, this.theme, this.size + 1, "z", "density");
    });
  }

  describe() {
    const { data } = this, words = data.words;
    const position = this.at(this.frame, 0);
    const phase = this.frame ? this.phase(position) : "";
    const nats = [3, 2, 4].map((index) => this.at(this.frame, index));
    const text = nats.map((value) => value.toFixed(Math.abs(value) < 0.0095 ? 4 : 3).replace("-", "−"));
    const shown = `${data.unit} ${number(position)}`;
    this.root.querySelector(".position").textContent = `${shown} of ${number(data.length)}`;
    this.root.querySelector(".phase").textContent = words[phase];
    this.root.querySelectorAll("dd").forEach((dd, i) => (dd.textContent = text[i]));
    const [evidence, elbo, gap] = text;
    const spoken = `${shown}, ${words[phase]}: evidence ${evidence}, ELBO ${elbo}, gap ${gap} nats`;
    this.range.setAttribute("aria-valuetext", spoken);
    this.curves.canvas.setAttribute("aria-label", `Curves of ELBO, evidence and gap. At ${spoken}.`);
  }

  phase(position) {
    return (this.data.spans.find(([, to]) => position <= to + 1e-6) ?? ["", "", ""])[2];
  }
}
