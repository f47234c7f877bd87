// Latent dimensions under sliders and under a pad of two directions; what they decode to is painted on the
// next frame. Python hears of the values, and of the chosen label or cluster, when the visitor lets go.

const PAD = 4; // the pad goes from -4 to 4 along both directions
const GRID = 9; // thumbnails along each of them
const QUIET = 150; // ms without a change before they are decoded
const SLICE = 5; // ms of each frame that they may take
const STRIP_SLICE = 1; // the same of the labels or clusters while something moves
const LOCK = '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="4" y="11" width="16" height="11" rx="2"/><path/></svg>';
const SHACKLES = { true: "M8 11V7a4 4 0 0 1 8 0v4", false: "M8 11V6a4 4 0 0 1 8 -1" };

export default (component) => mount(component, Latent, ".latent");

class Latent extends Reporter {
  constructor(root) {
    super();
    this.root = root;
    const one = (selector) => root.querySelector(selector);
    [this.decoded, this.original] = [one(".decoded"), one(".original")];
    [this.dial, this.across, this.up] = [one(".dial"), one(".across"), one(".up")];
    this.lines = [...one(".terms").children];
    this.pad = new Panel(one(".pad"));
    this.sheet = document.createElement("canvas"); // the pad's thumbnails
    this.thumbnail = document.createElement("canvas");
  }

  close() {
    super.close();
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.filling);
    cancelAnimationFrame(this.frame);
  }

  // What Python sends

  receive(data) {
    this.data = data;
    if (!this.sliders) this.build();
    if (data.run !== this.run) {
      this.run = data.run;
      this.values = rounded(data.values);
      this.position = data.position;
      this.span(data.plane);
      this.opened();
      this.reference = null;
      this.locked.fill(false);
      this.sliders.forEach((_, i) => this.showLock(i));
      paint(this.original, data.image);
      this.leave();
    }
    this.original.nextElementSibling.textContent = data.caption;
    this.original.setAttribute("aria-label", data.caption);
    this.layout();
    whenLoaded(this.root.querySelector(".notice"), { model: data.weights }, ({ model }) => this.start(model));
  }

  start(model) {
    this.model = model;
    this.reference = null; // the terms at the first place, with which those here are compared
    this.priors = this.data.dial?.numbers.map((y) => model.prior(y));
    this.leave();
  }

  // Values (L,) of a place that a button leads to.
  placed(number) {
    const { length } = this.values, { places } = this.data;
    return rounded(places.subarray(number * length, (number + 1) * length));
  }

  // What stands where

  build() {
    const { names, order, shown, kl, reach, dial, titles, centre, directions, color } = this.data, count = names.length;
    this.values = new Array(count).fill(0);
    this.locked = new Array(count).fill(false);
    this.sliders = new Array(count);
    const most = Math.max(...kl), [first, rest] = this.root.querySelectorAll(".sliders");
    this.root.style.setProperty("--color", color);
    order.forEach((i, rank) => {
      const line = document.createElement("div");
      line.className = "slider";
      line.title = `mean KL ${kl[i].toFixed(2)} nats; a double click sets ${names[i]} to 0`;
      line.innerHTML =
        `<span class="name">${names[i]}<i class="use" style="width: ${(100 * kl[i]) / most}%"></i></span>` +
        `<input type="range" min="${-reach}" max="${reach}" step="0.05" aria-label="${names[i]}" />` +
        `<output></output><button class="lock" type="button" aria-label="Lock ${names[i]}">${LOCK}</button>`;
      (rank < shown ? first : rest).append(line);
      this.sliders[i] = line;
      this.listen(i, line);
    });
    const details = this.root.querySelector("details");
    details.hidden = shown >= count;
    details.firstElementChild.textContent = `The other ${count - shown} dimensions, hardly used`;

    const buttons = [...titles.map((title, number) => [title, () => this.placed(number)]),
      ["Random", () => rounded(new Random(2 ** 32 * Math.random()).normal(count))]];
    this.root.querySelector(".buttons").append(...buttons.map(([title, values]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: title });
      button.onclick = () => this.move(values(), true);
      return button;
    }));

    this.root.querySelector(".terms").hidden = Boolean(dial);
    if (dial) this.buildDial(dial);
    this.directions = [
      ...Array.from({ length: directions.length / count }, (_, p) => {
        const vector = directions.subarray(p * count, (p + 1) * count);
        return { name: `PCA ${p + 1}`, vector, offset: dot(vector, centre) };
      }),
      ...order.map((i) => ({ name: names[i], vector: names.map((_, k) => Number(k === i)), offset: 0 })),
    ];
    [this.across, this.up].forEach((select, axis) => {
      select.append(...this.directions.map(({ name }) => new Option(name)));
      select.onchange = () => this.turn(axis);
    });
    this.listenToPad(this.pad.canvas);
  }

  buildDial({ numbers, titles, of, between }) {
    const strip = this.root.querySelector(".strip");
    this.root.querySelector(".choice").hidden = false;
    this.root.style.setProperty("--count", numbers.length);
    this.strip = titles.map((title, k) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", tabIndex: -1 }); // by keyboard there is the dial
      button.innerHTML = `<canvas class="pixels" role="img" aria-label="${of} ${title}"></canvas><span>${title}</span>`;
      button.onclick = () => this.choose(k, true);
      strip.append(button);
      return button;
    });
    Object.assign(this.dial, { max: numbers.length - 1, step: between ? 0.05 : 1 });
    this.dial.setAttribute("aria-label", of);
    this.dial.oninput = () => this.choose(Number(this.dial.value));
    this.dial.onchange = () => this.report();
  }

  listen(i, line) {
    const range = line.querySelector("input");
    range.oninput = () => this.set(i, Number(range.value));
    range.onchange = () => this.report();
    range.ondblclick = () => this.set(i, 0, true);
    range.onkeydown = (event) => {
      if (["0", "Delete", "Backspace"].includes(event.key)) this.set(i, 0, true);
    };
    line.querySelector(".lock").onclick = () => {
      this.locked[i] = !this.locked[i];
      this.showLock(i);
      this.leave();
    };
  }

  // What the visitor does

  set(i, value, done = false) {
    this.values[i] = value;
    this.leave();
    if (done) this.report();
  }

  // To other values, as far as they are not locked.
  move(values, done = false) {
    this.values = this.values.map((value, i) => (this.locked[i] ? value : values[i]));
    this.leave();
    if (done) this.report();
  }

  choose(position, done = false) {
    this.position = position;
    this.leave();
    if (done) this.report();
  }

  // Another direction for an axis of the pad; two axes of one direction change places.
  turn(axis) {
    const numbers = [this.across, this.up].map((select) => select.selectedIndex);
    if (numbers[0] === numbers[1]) numbers[1 - axis] = this.chosen[axis];
    this.span(numbers);
    this.leave();
    this.report();
  }

  // The plane by the places of its two directions.
  span(numbers) {
    this.chosen = numbers;
    [this.across, this.up].forEach((select, axis) => (select.selectedIndex = numbers[axis]));
  }

  listenToPad(canvas) {
    canvas.setAttribute("aria-valuemin", -PAD);
    canvas.setAttribute("aria-valuemax", PAD);
    const to = (event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      this.put(PAD * (2 * ((event.clientX - left) / width) - 1), PAD * (1 - 2 * ((event.clientY - top) / height)));
    };
    const by = (dx, dy) => {
      const [x, y] = this.coordinates(this.values);
      this.put(x + dx, y + dy);
    };
    movable(canvas, to, by, () => this.report());
  }

  // To a point of the pad.
  put(x, y) {
    this.values = rounded(this.inPlane(clamp(x, PAD), clamp(y, PAD))); // as a link has them
    this.changed();
  }

  showLock(i) {
    const button = this.sliders[i].querySelector(".lock");
    button.setAttribute("aria-pressed", this.locked[i]);
    button.querySelector("path").setAttribute("d", SHACKLES[this.locked[i]]);
  }

  // What is reported.
  state() {
    return { run: this.run, z: rounded(this.values), choice: this.position, plane: this.chosen };
  }

  // The plane: through `base`, which stays while the pad alone moves the values

  get axes() {
    return this.chosen.map((number) => this.directions[number]);
  }

  coordinates(values) {
    return this.axes.map(({ vector, offset }) => dot(vector, values) - offset);
  }

  // The values at a point of the pad; locked ones do not follow.
  inPlane(x, y) {
    const [u, v] = this.axes, [x0, y0] = this.coordinates(this.base), slant = dot(u.vector, v.vector);
    const across = (x - x0 - slant * (y - y0)) / (1 - slant ** 2), up = (y - y0 - slant * (x - x0)) / (1 - slant ** 2);
    return this.base.map((value, i) =>
      this.locked[i] ? value : clamp(value + across * u.vector[i] + up * v.vector[i], this.data.reach));
  }

  // The plane through where one is: all thumbnails change.
  leave() {
    this.base = [...this.values];
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.filling);
    this.waiting = setTimeout(() => this.fill(), QUIET);
    this.changed();
  }

  // Decodes the thumbnails, a few on each frame.
  fill() {
    if (!this.model) return;
    let cell = 0;
    const slice = () => {
      const until = performance.now() + SLICE;
      do this.fillCell(cell++);
      while (cell < GRID ** 2 && performance.now() < until);
      this.keepPad();
      this.drawPad();
      if (cell < GRID ** 2) this.filling = requestAnimationFrame(slice);
    };
    slice();
  }

  fillCell(cell) {
    const column = cell % GRID, row = Math.floor(cell / GRID), { sheet, thumbnail } = this;
    const at = (number) => PAD * ((2 * number + 1) / GRID - 1);
    paint(thumbnail, this.decode(this.inPlane(at(column), -at(row))));
    const side = thumbnail.width;
    if (sheet.width !== GRID * side) sheet.width = sheet.height = GRID * side;
    sheet.getContext("2d").drawImage(thumbnail, column * side, row * side);
  }

  // What the model makes of it

  // The weights of the labels at the dial's position.
  weights() {
    const { numbers } = this.data.dial, weights = new Float32Array(numbers.length);
    const before = Math.floor(this.position), share = this.position - before;
    weights[numbers[before]] = 1 - share;
    if (share) weights[numbers[before + 1]] = share;
    return weights;
  }

  decode(values) {
    return this.data.dial ? this.model.write(Float32Array.from(values), this.weights()) : this.model.decode(values);
  }

  // log p(x | z) and log p(z), in nats.
  terms(values) {
    const logits = this.model.logits(values);
    return [this.model.logLikelihood(logits, this.data.image), logNormal(this.model.prior(), values)];
  }

  // Pictures

  changed() {
    this.hold();
    this.stale = this.strip?.length; // of the labels or clusters, how many show other values
    this.redraw();
  }

  // On the next frame, however much changes until then.
  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  layout() {
    if (!this.pad.fit()) return;
    this.keepPad();
    this.redraw();
  }

  // The pictures; words, numbers and sliders follow.
  draw() {
    if (this.model) {
      paint(this.decoded, this.decode(this.values));
      if (this.stale) this.drawStrip();
    }
    this.drawPad();
    this.follow();
  }

  // All labels or clusters in the same style: as many as there is time for, the others on the next frames.
  drawStrip() {
    const { numbers } = this.data.dial, epsilon = Float32Array.from(this.values), until = performance.now() + STRIP_SLICE;
    do {
      const k = (this.latest = ((this.latest ?? -1) + 1) % numbers.length);
      paint(this.strip[k].firstElementChild, this.model.decode(place(this.priors[k], epsilon), numbers[k]));
    } while (--this.stale && performance.now() < until);
    if (this.stale) this.redraw();
  }

  // What of the pad stays under the marker.
  keepPad() {
    const { pad, sheet } = this, { width } = pad;
    pad.keep((context) => {
      context.globalAlpha = 0.8;
      if (sheet.width) context.drawImage(sheet, 0, 0, width, width);
      Object.assign(context, { globalAlpha: 0.7, strokeStyle: "#9aa4b5", lineWidth: 1 });
      context.beginPath();
      context.moveTo(width / 2, 0);
      context.lineTo(width / 2, width);
      context.moveTo(0, width / 2);
      context.lineTo(width, width / 2);
      context.stroke();
      context.globalAlpha = 1;
    });
    this.marked = null;
  }

  drawPad() {
    const { pad, data } = this, { width, canvas } = pad, [u, v] = this.axes, [x, y] = this.coordinates(this.values);
    const marked = [u.name, v.name, x, y].join(), at = (value) => (width * (clamp(value, PAD) + PAD)) / (2 * PAD);
    if (!width || this.marked === marked) return;
    this.marked = marked;
    pad.show((context) => {
      Object.assign(context, { fillStyle: data.mark, strokeStyle: "#fff", lineWidth: 3 });
      context.beginPath();
      context.arc(at(x), width - at(y), 9, 0, 6.2832);
      context.fill();
      context.stroke();
    });
  }

  // Words, numbers and controls

  write() {
    this.sliders.forEach(({ children: [, range, output] }, i) => {
      const value = this.values[i], text = signed(value, 2);
      if (!setText(output, text)) return;
      range.value = value;
      range.setAttribute("aria-valuetext", text);
    });
    const { canvas } = this.pad, [u, v] = this.axes, [x, y] = this.coordinates(this.values);
    canvas.setAttribute("aria-label", `The plane of ${u.name} and ${v.name}`);
    canvas.setAttribute("aria-valuetext", `${u.name} ${signed(x, 1)}, ${v.name} ${signed(y, 1)}`);
    canvas.setAttribute("aria-valuenow", x.toFixed(1));
    if (!this.model) return;
    if (this.data.dial) this.nameChoice();
    else this.writeTerms();
  }

  writeTerms() {
    const here = this.terms(this.values), mean = (this.reference ??= this.terms(this.placed(0)));
    const titles = ["log p(x | z)", "log p(z)", "log p(x, z)"], withSum = ([a, b]) => [a, b, a + b];
    this.lines.forEach(({ children: [title, number] }, k) => {
      const value = withSum(here)[k];
      setText(title, `${titles[k]} (${signed(value - withSum(mean)[k], 1, "+")})`);
      setText(number, signed(value, 1));
    });
    this.say("decoded λ");
  }

  // The chosen label or cluster is framed; between two, both by their weights.
  nameChoice() {
    const { dial, mark } = this.data, { numbers, titles } = dial, weights = this.weights();
    this.strip.forEach((button, k) => {
      const weight = weights[numbers[k]];
      button.firstElementChild.style.outlineColor = `color-mix(in srgb, ${mark} ${100 * weight}%, transparent)`;
      button.setAttribute("aria-pressed", weight === 1);
    });
    const shares = titles.flatMap((title, k) => {
      const percent = Math.round(100 * weights[numbers[k]]);
      return percent ? [percent === 100 ? title : `${percent} % ${title}`] : [];
    });
    const chosen = shares.join(", ");
    this.dial.value = this.position;
    this.dial.setAttribute("aria-valuetext", chosen);
    this.say(shares.length > 1 ? chosen : `${dial.said} ${chosen}`);
  }

  say(caption) {
    if (setText(this.decoded.nextElementSibling, caption)) this.decoded.setAttribute("aria-label", caption);
  }
}

function rounded(values) {
  return Array.from(values, (value) => Math.round(100 * value) / 100);
}

function clamp(value, reach) {
  return Math.max(-reach, Math.min(reach, value));
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const FORMATS = [1, 2].map((digits) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

// With a true minus sign; with `plus` what is not below 0 has its sign too.
function signed(value, digits, plus = "") {
  const text = FORMATS[digits - 1].format(Math.abs(value));
  return (value < 0 && /[1-9]/.test(text) ? "−" : plus) + text;
}
