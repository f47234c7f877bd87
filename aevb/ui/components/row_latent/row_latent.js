// A digit that a VRNN grows from seeded noise, z_t = μ(h_t) + σ(h_t) ε_t and uniform numbers for the pixels.
// Moving one row's z changes its ε alone: the rows above stay, those below grow again from the same noise,
// as many on each frame as it has time for.

const BUDGET = 12; // ms of each frame for growing rows

export default (component) => mount(component, RowLatent, ".row_latent");

class RowLatent extends Reporter {
  constructor(root) {
    super();
    this.root = root;
    const one = (selector) => root.querySelector(selector);
    [this.image, this.pad] = [new Panel(one(".image")), new Panel(one(".pad"))];
    this.range = one(".range");
    this.buffer = document.createElement("canvas");
    this.rows = []; // what each row went through: {memory, prior, z, x}
    this.grown = 0; // how many of them follow from those above
    this.stale = Infinity; // the first row whose ε has changed since
    this.range.oninput = () => this.go(Number(this.range.value) - 1);
    this.range.onchange = () => this.report();
    one(".reset").onclick = () => this.reset([this.row]);
    one(".reset_all").onclick = () => this.reset([...this.chosen.keys()]);
    this.listenToImage(this.image.canvas);
    this.listenToPad(this.pad.canvas);
  }

  close() {
    super.close();
    cancelAnimationFrame(this.frame);
  }

  // What Python sends

  receive(data) {
    this.data = data;
    if (data.run !== this.run) {
      this.run = data.run;
      this.row = data.row - 1;
      this.chosen = new Map(); // ε of the rows that the visitor has moved
      for (let i = 0; i < data.chosen.length; i += 3) {
        this.chosen.set(Math.round(data.chosen[i]) - 1, data.chosen.slice(i + 1, i + 3));
      }
      this.opened();
      if (this.model) this.begin();
    }
    this.layout();
    whenLoaded(this.root.querySelector(".notice"), { model: data.weights }, ({ model }) => {
      this.model = model;
      this.begin();
    });
  }

  // The noise of all rows, drawn as `unroll` in engine.js draws it.
  begin() {
    const { length, latentDim, dataDim } = this.model, random = new Random(this.data.seed);
    this.noise = Array.from({ length }, () => ({
      epsilon: random.normal(latentDim),
      uniform: Float64Array.from({ length: dataDim }, () => random.uniform()),
    }));
    this.range.max = length;
    Object.assign(this.buffer, { width: dataDim, height: length });
    this.rows = [];
    this.grown = 0;
    this.stale = Infinity;
    this.redraw();
  }

  // The digit

  grow(t) {
    const { model, rows } = this, above = rows[t - 1];
    const memory = t ? model.advance(above.memory, above.x, above.z) : model.start();
    this.settle(t, memory, model.prior(memory));
  }

  // What a row becomes, given what its memory says.
  settle(t, memory, prior) {
    const { epsilon, uniform } = this.noise[t], z = place(prior, this.chosen.get(t) ?? epsilon);
    const x = this.model.decode(memory, z).map((p, i) => (uniform[i] < p ? 1 : 0));
    this.rows[t] = { memory, prior, z, x };
    this.grown = t + 1;
  }

  // The ε of row t has changed.
  from(t) {
    this.stale = Math.min(t, this.stale);
    this.redraw();
  }

  // Grows rows for a part of a frame; whether any are left. A growth comes to its end before the next one
  // begins, or the lowest rows would not be reached while a drag goes on.
  advance() {
    const until = performance.now() + BUDGET, { length } = this.noise;
    if (this.stale >= this.grown) this.stale = Infinity; // the growth under way has yet to come there
    else if (this.grown === length) {
      const { memory, prior } = this.rows[this.stale]; // its memory is what it was
      this.settle(this.stale, memory, prior);
      this.stale = Infinity;
    }
    while (this.grown < length && performance.now() < until) this.grow(this.grown);
    return this.grown < length || this.stale < length;
  }

  // What the visitor does

  go(row) {
    this.row = Math.max(0, Math.min(this.noise.length - 1, row));
    this.redraw();
    this.report();
  }

  put(epsilon) {
    const { reach } = this.data;
    const inside = rounded(epsilon).map((value) => Math.max(-reach, Math.min(reach, value))); // as a link has them
    this.chosen.set(this.row, Float32Array.from(inside));
    this.hold();
    this.from(this.row);
  }

  reset(rows) {
    const first = Math.min(...rows.filter((row) => this.chosen.delete(row)));
    if (Number.isFinite(first)) this.from(first);
    this.report();
  }

  listenToImage(canvas) {
    const to = (event) => this.noise && this.go(Math.floor((event.offsetY / canvas.clientHeight) * this.noise.length));
    canvas.onpointerdown = (event) => {
      if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
    };
    canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
    canvas.onclick = to;
  }

  listenToPad(canvas) {
    const to = (event) => {
      const row = this.rows[this.row];
      if (!row) return;
      const { left, top } = canvas.getBoundingClientRect(), axes = this.axesOf(row);
      const up = 1 - (event.clientY - top - axes.top) / axes.height;
      const z = [axes.valueAt(event.clientX - left), axes.y0 + up * (axes.y1 - axes.y0)];
      this.put(standardise(row.prior, Float32Array.from(z)));
    };
    const by = (...steps) => this.noise && this.put(this.epsilon(this.row).map((value, k) => value + steps[k]));
    movable(canvas, to, by, () => this.report());
  }

  epsilon(t) {
    return this.chosen.get(t) ?? this.noise[t].epsilon;
  }

  state() {
    const chosen = [...this.chosen].sort(([a], [b]) => a - b);
    return { run: this.run, row: this.row + 1, chosen: chosen.map(([row, epsilon]) => [row + 1, ...rounded(epsilon)]) };
  }

  // Pictures

  layout() {
    if (!this.image.fit()) return;
    this.pad.fit();
    this.theme = themeOf(this.root);
    this.redraw();
  }

  // On the next frame, however much changes until then; on as many more as the growth takes.
  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.noise) return;
      const more = this.advance();
      this.draw();
      if (more) this.redraw();
    });
  }

  draw() {
    if (!this.theme || !this.image.width) return;
    this.drawImage();
    this.drawPad();
    const row = this.rows[this.row], count = this.chosen.size;
    this.range.value = this.row + 1;
    this.range.setAttribute("aria-valuetext", `row ${this.row + 1} of ${this.noise.length}`);
    this.root.querySelector(".reset").disabled = !this.chosen.has(this.row);
    this.root.querySelector(".reset_all").disabled = !count;
    if (!row) return;
    const [x, y] = Array.from(place(row.prior, this.epsilon(this.row)), (value) => value.toFixed(2).replace("-", "−"));
    const moved = count ? `; ${count} ${count > 1 ? "rows" : "row"} moved` : "";
    this.root.querySelector(".position").textContent = `row ${this.row + 1} of ${this.noise.length}: z = (${x}, ${y})`;
    this.image.canvas.setAttribute("aria-label", `The digit, row ${this.row + 1} of ${this.noise.length} chosen${moved}`);
    const { canvas } = this.pad;
    canvas.setAttribute("aria-label", `z of row ${this.row + 1}`);
    canvas.setAttribute("aria-valuetext", `z₁ ${x}, z₂ ${y}`);
    canvas.setAttribute("aria-valuenow", this.epsilon(this.row)[0].toFixed(2));
    canvas.setAttribute("aria-valuemin", -this.data.reach);
    canvas.setAttribute("aria-valuemax", this.data.reach);
  }

  // The digit; rows that are still to grow again are those of before, paler. Moved rows have a mark.
  drawImage() {
    const { image, buffer, rows, data, theme } = this, { width: D, height: T } = buffer;
    const pixels = new ImageData(D, T);
    rows.forEach(({ x }, t) => x.forEach((value, d) => {
      const i = 4 * (t * D + d);
      pixels.data.fill(255 * value, i, i + 3);
      pixels.data[i + 3] = t < this.grown ? 255 : 110;
    }));
    buffer.getContext("2d").putImageData(pixels, 0, 0);
    const margin = 14, side = image.width - 2 * margin, height = side / T;
    image.show((context) => {
      context.imageSmoothingEnabled = false;
      context.drawImage(buffer, margin, margin, side, side);
      Object.assign(context, { strokeStyle: theme.border, lineWidth: 1 });
      context.strokeRect(margin - 0.5, margin - 0.5, side + 1, side + 1);
      Object.assign(context, { strokeStyle: data.colors.drawn, lineWidth: 3 });
      context.strokeRect(margin - 2, margin + this.row * height - 1.5, side + 4, height + 3);
      context.fillStyle = data.colors.chosen;
      const marked = [...this.chosen.keys()];
      dots(context, marked.length, () => margin + side + 8, (k) => margin + (marked[k] + 0.5) * height, 5);
    });
  }

  // The latent plane around the prior of a row.
  axesOf({ prior: { loc, scale } }) {
    const size = this.size, half = 1.08 * this.data.reach * Math.max(...scale), left = 2.6 * size, top = 0.5 * size;
    const side = this.pad.width - left - 4 - top;
    const [x, y] = [0, 1].map((k) => [loc[k] - half, loc[k] + half]);
    return new Axes({ left, top, width: side, height: side }, x, y);
  }

  get size() {
    return this.root.clientWidth < 520 ? 12 : 15;
  }

  drawPad() {
    const row = this.rows[this.row], { pad, theme, data, size } = this;
    if (!row) return;
    const { loc, scale } = row.prior, axes = this.axesOf(row), { prior, drawn, chosen } = data.colors;
    const [x, y] = place(row.prior, this.epsilon(this.row));
    pad.show((context) => {
      axes.draw(context, theme, size, { xCount: 4, yCount: 4 });
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: prior, fillStyle: prior, lineWidth: 3 });
        for (const sigmas of [2, 1]) {
          ellipse(context, axes, loc, [scale[0] ** 2, 0, scale[1] ** 2], sigmas);
          context.globalAlpha = 0.15;
          context.fill();
          context.globalAlpha = 1;
          context.stroke();
        }
        Object.assign(context, { strokeStyle: theme.background, lineWidth: 3 });
        context.fillStyle = this.chosen.has(this.row) ? chosen : drawn;
        context.beginPath();
        context.arc(axes.x(x), axes.y(y), 10, 0, 6.2832);
        context.fill();
        context.stroke();
      });
      nameAxes(context, axes, theme, size + 2, "z₁", "z₂");
    });
  }
}

function rounded(values) {
  return Array.from(values, (value) => Math.round(100 * value) / 100);
}
