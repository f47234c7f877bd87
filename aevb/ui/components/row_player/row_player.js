// Images row by row: play, pause or scrub, and every picture follows on the same frame. Python has
// sampled whole paths; it hears of the chosen row and image only when the visitor lets go.

const PLAY_SECONDS = 6;
const NOWHERE = [Infinity, -Infinity, Infinity, -Infinity];
const REACH = 2.1; // standard deviations that the latent panel shows

export default (component) => mount(component, RowPlayer, ".rows");

class RowPlayer extends Reporter {
  constructor(root) {
    super();
    this.root = root;
    this.row = 0; // from 0
    this.image = 0;
    const one = (selector) => root.querySelector(selector);
    this.range = one(".range");
    this.field = one(".image");
    [this.images, this.probs, this.latent] = [".images", ".probs", ".latent"].map((name) => new Panel(one(name)));
    this.player = new Player(one(".play"), {
      seconds: PLAY_SECONDS,
      frame: () => this.row,
      last: () => this.data.length - 1,
      go: (row) => this.go(row),
      stopped: () => this.report(),
    });
    this.listen();
  }

  close() {
    this.player.stop();
    super.close();
  }

  // What the visitor does

  listen() {
    this.range.oninput = () => this.scrub(Number(this.range.value) - 1);
    this.range.onchange = () => this.report();
    this.field.onchange = () => this.choose(Math.round(Number(this.field.value)) - 1);
    // On an image a mouse drags from row to row; a finger taps, since its drag scrolls the page.
    for (const panel of [this.images, this.probs]) {
      const { canvas } = panel;
      const to = (event) => {
        const place = panel.places.find((p) => inside(p, event));
        if (place && this.data.images > 1 && panel === this.images) return this.choose(place.image);
        if (this.data.images === 1 || panel === this.probs) {
          this.scrub(this.rowAt(panel.places[0], event.offsetY));
        }
      };
      canvas.onpointerdown = (event) => {
        if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
      };
      canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
      canvas.onclick = (event) => {
        to(event);
        this.report();
      };
    }
  }

  rowAt({ top, side }, y) {
    return Math.floor(((y - top) / side) * this.data.length);
  }

  scrub(row) {
    this.player.stop();
    this.go(row);
  }

  go(row) {
    this.row = Math.max(0, Math.min(this.data.length - 1, row));
    this.range.value = this.row + 1;
    this.draw();
  }

  choose(image) {
    const number = Math.max(0, Math.min(this.data.images - 1, Number.isFinite(image) ? image : 0));
    this.field.value = number + 1;
    if (number === this.image) return;
    this.image = number;
    this.draw();
    this.report();
  }

  state() {
    return { opening: this.data.opening, row: this.row + 1, image: this.image + 1 };
  }

  // What Python sends

  receive(data) {
    const before = this.data;
    this.data = data;
    this.observed = "posterior_loc" in data;
    this.root.classList.toggle("observed", this.observed);
    this.range.max = data.length;
    this.field.max = data.images;
    this.field.parentElement.hidden = data.images === 1;
    if (data.opening !== before?.opening) {
      this.player.stop();
      this.row = data.start - 1;
      this.image = data.image - 1;
      this.field.value = data.image;
      this.opened();
    }
    this.range.value = this.row + 1;
    this.legends();
    this.layout();
    // New samples grow before the visitor's eyes.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (before && before.run !== data.run && !this.observed && !still) {
      this.go(0);
      this.player.start();
    }
  }

  legends() {
    const { colors } = this.data;
    const sample = (paint) => `<svg viewBox="0 0 30 14" aria-hidden="true">${paint}</svg>`;
    const oval = (color) =>
      sample(`<ellipse cx="15" cy="7" rx="12" ry="5.5" stroke="${color}" stroke-width="2.5" fill="none"/>`);
    const box = (color) => sample(`<rect width="30" height="14" rx="2" fill="${color}"/>`);
    const disc = (color) => sample(`<circle cx="15" cy="7" r="5.5" fill="${color}"/>`);
    const line = sample(`<path d="M0 7H30" stroke="currentColor" stroke-width="2" opacity="0.5"/>`);
    const items = [
      ...(this.observed ? [[box(colors.kl), "KL of a row"], [box(colors.likelihood), "−log p of a row, same scale"]] : []),
      [oval(colors.prior), "prior p(zₜ | hₜ), 1 and 2 σ"],
      ...(this.observed ? [[oval(colors.posterior), "posterior q(zₜ | xₜ, hₜ)"]] : []),
      [disc(colors.sample), this.observed ? "zₜ, drawn from q" : "zₜ, drawn from the prior"],
      [line, "its path over the rows so far"],
    ];
    this.root.querySelector(".legend").innerHTML = items.map(([a, b]) => `<li>${a}<span>${b}</span></li>`).join("");
  }

  // Numbers of row t of image n, of `width` numbers each

  at(name, t, n = this.image, width = this.data.latentDim) {
    const start = (t * this.data.images + n) * width;
    return this.data[name].subarray(start, start + width);
  }

  // Pictures

  layout() {
    if (!this.images.fit()) return;
    this.probs.fit();
    this.latent.fit();
    this.theme = themeOf(this.root);
    this.size = this.root.clientWidth < 520 ? 13 : 16;
    this.draw();
  }

  draw() {
    if (!this.theme || !this.images.width) return;
    if (this.observed) this.drawDigit();
    else this.drawGallery();
    this.drawProbs();
    this.drawLatent();
    this.describe();
  }

  // The rows of one array as a square image: those up to the chosen one, and `ahead` (opacity) the rest.
  paint(context, name, image, { left, top, side }, ahead) {
    const { length: T, width: D } = this.data;
    const pixels = new ImageData(D, T);
    for (let t = 0; t < T; t++) {
      const values = this.at(name, t, image, D), alpha = t <= this.row ? 255 : 255 * ahead;
      for (let d = 0; d < D; d++) {
        const i = 4 * (t * D + d);
        pixels.data.fill(255 * values[d], i, i + 3);
        pixels.data[i + 3] = alpha;
      }
    }
    this.buffer ??= document.createElement("canvas");
    Object.assign(this.buffer, { width: D, height: T });
    this.buffer.getContext("2d").putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.buffer, left, top, side, side);
    Object.assign(context, { strokeStyle: this.theme.border, lineWidth: 1 });
    context.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
  }

  // The frame around the chosen row.
  mark(context, { left, top, side }, width = side) {
    const height = side / this.data.length;
    Object.assign(context, { strokeStyle: this.data.colors.sample, lineWidth: 2.5 });
    context.strokeRect(left - 2, top + this.row * height - 1.5, width + 4, height + 3);
  }

  heading(context, text, left, width, align = "left") {
    const { theme, size } = this;
    context.font = `600 ${size}px ${theme.font}`;
    Object.assign(context, { fillStyle: theme.text, textAlign: align, textBaseline: "top" });
    context.fillText(text, align === "left" ? left : left + width / 2, 1, width);
  }

  // A test digit, and beside its rows the bars of each row's terms.
  drawDigit() {
    const { images: panel, data, theme, size } = this;
    const { length: T, colors } = data, top = 1.6 * size, gap = 1.1 * size;
    const side = Math.min(panel.height - top - 1.6 * size, 0.5 * panel.width);
    const place = { left: 4, top, side, image: 0 };
    panel.places = [place];
    const width = (panel.width - side - 8 - 2 * gap) / 2;
    const most = Math.max(1, ...data.kl, ...data.surprise);
    panel.show((context) => {
      this.heading(context, "the digit x", place.left, side);
      this.paint(context, "x", 0, place, 0.25);
      [["kl", "KL", colors.kl], ["surprise", "−log p", colors.likelihood]].forEach(([name, title, color], i) => {
        const left = place.left + side + gap + i * (width + gap);
        const axes = new Axes({ left, top, width, height: side }, [0, most], [0, 1]);
        this.heading(context, title, left, width);
        axes.draw(context, theme, size - 2, { yTicks: false, xCount: width < 120 ? 2 : 3 });
        context.fillStyle = color;
        for (let t = 0; t < T; t++) {
          context.globalAlpha = t === this.row ? 1 : t < this.row ? 0.7 : 0.22;
          const y = top + (t / T) * side;
          context.fillRect(left, y + 0.1 * (side / T), axes.x(data[name][t]) - left, 0.8 * (side / T));
        }
        context.globalAlpha = 1;
        this.mark(context, { left, top, side }, width);
      });
      this.mark(context, place);
    });
  }

  // All samples as far as they have grown; the chosen one framed.
  drawGallery() {
    const { images: panel, data, theme, size } = this;
    const count = data.images, top = 1.6 * size, gap = 8, height = panel.height - top - 4;
    let columns = 1, side = 0;
    for (let c = 1; c <= count; c++) {
      const rows = Math.ceil(count / c);
      const fits = Math.min((panel.width - 8 - (c - 1) * gap) / c, (height - 4 - (rows - 1) * gap) / rows);
      if (fits > side) [columns, side] = [c, fits];
    }
    side = Math.floor(side);
    panel.places = Array.from({ length: count }, (_, image) => ({
      image,
      side,
      left: 4 + (image % columns) * (side + gap),
      top: top + 3 + Math.floor(image / columns) * (side + gap),
    }));
    panel.show((context) => {
      this.heading(context, "samples x, row by row", 4, panel.width);
      for (const place of panel.places) {
        this.paint(context, "x", place.image, place, 0);
        if (place.image === this.image) {
          Object.assign(context, { strokeStyle: data.colors.sample, lineWidth: 3 });
          context.strokeRect(place.left - 2.5, place.top - 2.5, side + 5, side + 5);
        }
      }
    });
  }

  // Each pixel's probability in the chosen image, where its rows have come so far.
  drawProbs() {
    const { probs: panel, size } = this, top = 1.6 * size;
    const side = Math.min(panel.height - top - 1.6 * size, panel.width - 8);
    panel.places = [{ left: 4, top, side, image: this.image }];
    panel.show((context) => {
      this.heading(context, "p(xₜ = 1 | hₜ, zₜ)", 4, side);
      this.paint(context, "probs", this.image, panel.places[0], 0);
      this.mark(context, panel.places[0]);
    });
  }

  // The two normals of a row with the names they have in the data.
  normals(t) {
    const both = ["prior", ...(this.observed ? ["posterior"] : [])];
    return both.map((name) => ({ name, loc: this.at(`${name}_loc`, t), scale: this.at(`${name}_scale`, t) }));
  }

  // What a window [x0, x1, y0, y1] and the normals of row t cover together.
  covered(t, [x0, x1, y0, y1]) {
    for (const { loc, scale } of this.normals(t)) {
      const [dx, dy] = [REACH * scale[0], REACH * scale[1]];
      [x0, x1] = [Math.min(x0, loc[0] - dx), Math.max(x1, loc[0] + dx)];
      [y0, y1] = [Math.min(y0, loc[1] - dy), Math.max(y1, loc[1] + dy)];
    }
    return [x0, x1, y0, y1];
  }

  // The window holds all rows that have ink, and stays the same from one to the next, or one could not
  // see who moves. Blank rows, above and below the digit, lie far away: for them it opens wider.
  keepLatent() {
    const { latent: panel, theme, size, data } = this;
    const inked = [];
    for (let t = 0; t < data.length; t++) {
      if (this.at("x", t, this.image, data.width).some((value) => value > 0)) inked.push(t);
    }
    const usual = inked.reduce((window, t) => this.covered(t, window), NOWHERE);
    const [x0, x1, y0, y1] = this.covered(this.row, usual);
    const top = 1.6 * size, left = 2 * size;
    const side = Math.min(panel.width - left - 4, panel.height - top - 1.6 * size);
    const half = 1.03 * Math.max(x1 - x0, y1 - y0) / 2;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2].map((middle) => [middle - half, middle + half]);
    panel.axes = new Axes({ left, top, width: side, height: side }, x, y);
    panel.keep((context) => panel.axes.draw(context, theme, size - 2, { xCount: 4, yCount: 4 }));
  }

  drawLatent() {
    this.keepLatent();
    const { latent: panel, data, theme } = this, { axes } = panel;
    const at = (t) => [0, 1].map((k) => (k ? axes.y(this.at("z", t)[1]) : axes.x(this.at("z", t)[0])));
    panel.show((context) => {
      this.heading(context, `the latent plane of row ${this.row + 1}`, axes.left, axes.width);
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5, globalAlpha: 0.4, lineJoin: "round" });
        context.beginPath();
        for (let t = 0; t <= this.row; t++) context.lineTo(...at(t));
        context.stroke();
        for (const { name, loc, scale } of this.normals(this.row)) {
          const color = data.colors[name];
          Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: name === "prior" ? 3.5 : 2.5 });
          for (const sigmas of [2, 1]) {
            ellipse(context, axes, loc, [scale[0] ** 2, 0, scale[1] ** 2], sigmas);
            context.globalAlpha = 0.13;
            context.fill();
            context.globalAlpha = 1;
            context.stroke();
          }
        }
        const [x, y] = at(this.row);
        Object.assign(context, { fillStyle: data.colors.sample, strokeStyle: theme.background, lineWidth: 2 });
        context.beginPath();
        context.arc(x, y, 6.5, 0, 6.2832);
        context.fill();
        context.stroke();
      });
      nameAxes(context, axes, theme, this.size + 1, "z₁", "z₂");
    });
  }

  describe() {
    const { data, row } = this, { colors } = data;
    const where = `row ${row + 1} of ${data.length}`;
    let spoken = where;
    this.root.querySelector(".position").textContent = where;
    if (this.observed) {
      const kl = data.kl[row], likelihood = -data.surprise[row];
      const sofar = data.kl.slice(0, row + 1).reduce((sum, _, t) => sum - data.kl[t] - data.surprise[t], 0);
      const terms = [
        ["", "log p(xₜ | hₜ, zₜ)", likelihood, colors.likelihood],
        ["−", "KL(q ‖ prior)", kl, colors.kl],
        ["=", "ELBO of the row", likelihood - kl, colors.posterior],
      ];
      const items = terms.map(([operator, title, value, color]) =>
        (operator && `<div class="operator" aria-hidden="true">${operator}</div>`) +
        `<div><dt style="color: color-mix(in srgb, ${color} 65%, currentColor)">${title}</dt><dd>${nats(value)}</dd></div>`);
      items.push(`<div class="total"><dt>ELBO of rows 1 to ${row + 1}</dt><dd>${nats(sofar)}</dd></div>`);
      this.root.querySelector("dl").innerHTML = items.join("");
      spoken += `: log p ${nats(likelihood)}, KL ${nats(kl)} nats; ELBO so far ${nats(sofar)}`;
      this.images.canvas.setAttribute("aria-label", `A test digit with the KL and the log-likelihood of each row. ${spoken}.`);
    } else {
      const said = "z from the prior, then the row’s pixels, then on with both in memory";
      this.root.querySelector(".said").textContent = said;
      this.images.canvas.setAttribute("aria-label", `${data.images} samples, grown to ${where}; image ${this.image + 1} chosen.`);
    }
    this.range.setAttribute("aria-valuetext", spoken);
    const [x, y] = Array.from(this.at("z", row), (value) => value.toFixed(1).replace("-", "−"));
    this.probs.canvas.setAttribute("aria-label", `Probabilities of image ${this.image + 1}'s pixels, to ${where}.`);
    this.latent.canvas.setAttribute("aria-label", `Latent plane of row ${row + 1}: z is at ${x}, ${y}.`);
  }
}

function inside({ left, top, side }, { offsetX: x, offsetY: y }) {
  return x >= left && x <= left + side && y >= top && y <= top + side;
}

function nats(value) {
  return value.toFixed(2).replace("-", "−").replace(/^−(0\.00)$/, "$1");
}
