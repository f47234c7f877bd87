// Latent dimensions under sliders and under a pad of two directions; what they decode to is painted on the
// same frame. Python hears of the values, and of the chosen label or cluster, when the visitor lets go.

const PAD = 4; // the pad goes from -4 to 4 along both directions
const GRID = 9; // thumbnails along each of them
const QUIET = 150; // ms without a change before they are decoded
const SLICE = 5; // ms of each frame that they may take
const LOCK = '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="4" y="11" width="16" height="11" rx="2"/><path/></svg>';
const SHACKLES = { true: "M8 11V7a4 4 0 0 1 8 0v4", false: "M8 11V6a4 4 0 0 1 8 -1" };

export default (component) => mount(component, Latent, ".latent");

class Latent {
  constructor(root) {
    this.root = root;
    const one = (selector) => root.querySelector(selector);
    [this.decoded, this.original] = [one(".decoded"), one(".original")];
    [this.dial, this.across, this.up] = [one(".dial"), one(".across"), one(".up")];
    this.pad = new Panel(one(".pad"));
    this.sheet = document.createElement("canvas"); // the pad's thumbnails
    this.thumbnail = document.createElement("canvas");
    this.resizes = new ResizeObserver(() => this.layout());
    this.resizes.observe(root);
  }

  close() {
    this.resizes.disconnect();
    clearTimeout(this.telling);
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
      clearTimeout(this.telling);
      this.values = rounded(data.values);
      this.position = data.position;
      this.told = this.state();
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
      select.selectedIndex = axis;
      select.onchange = () => this.turn(axis);
    });
    this.chosen = [0, 1];
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
    const selects = [this.across, this.up];
    if (selects[0].selectedIndex === selects[1].selectedIndex) selects[1 - axis].selectedIndex = this.chosen[axis];
    this.chosen = selects.map((select) => select.selectedIndex);
    this.leave();
  }

  listenToPad(canvas) {
    const to = (event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      this.put(PAD * (2 * ((event.clientX - left) / width) - 1), PAD * (1 - 2 * ((event.clientY - top) / height)));
    };
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      to(event);
    };
    canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
    canvas.onlostpointercapture = () => this.report();
    canvas.onkeydown = (event) => {
      const step = event.shiftKey ? 0.5 : 0.1, [x, y] = this.coordinates(this.values);
      const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowDown: [0, -step], ArrowUp: [0, step] };
      if (!steps[event.key]) return;
      event.preventDefault();
      this.put(x + steps[event.key][0], y + steps[event.key][1]);
      this.report();
    };
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

  // What is reported, a moment after the visitor has let go: arrows held down report once.

  state() {
    return { run: this.run, z: this.values.map((value) => Math.round(100 * value) / 100), choice: this.position };
  }

  report() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const state = this.state();
      if (JSON.stringify(state) !== JSON.stringify(this.told)) this.tell("view", state);
      this.told = state;
    }, 300);
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
  terms(values, logits = this.model.logits(values)) {
    return [this.model.logLikelihood(logits, this.data.image), logNormal(this.model.prior(), values)];
  }

  // Pictures

  changed() {
    clearTimeout(this.telling); // not while a drag goes on
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
    if (this.data && this.pad.fit()) this.redraw();
  }

  draw() {
    this.sliders.forEach((line, i) => {
      const value = this.values[i], text = signed(value, 2);
      const [range, output] = [line.querySelector("input"), line.querySelector("output")];
      if (output.textContent === text) return;
      range.value = value;
      range.setAttribute("aria-valuetext", text);
      output.textContent = text;
    });
    if (this.model) {
      if (this.data.dial) this.drawChoices();
      else this.drawTerms();
    }
    this.drawPad();
  }

  say(caption) {
    this.decoded.nextElementSibling.textContent = caption;
    this.decoded.setAttribute("aria-label", caption);
  }

  drawTerms() {
    const logits = this.model.logits(this.values), sum = ([a, b]) => a + b;
    paint(this.decoded, logits.map(sigmoid));
    const here = this.terms(this.values, logits), mean = (this.reference ??= this.terms(this.placed(0)));
    const lines = [["log p(x | z)", here[0], mean[0]], ["log p(z)", here[1], mean[1]], ["log p(x, z)", sum(here), sum(mean)]];
    this.root.querySelector(".terms").innerHTML = lines.map(([title, value, before]) =>
      `<div><dt>${title} (${signed(value - before, 1, "+")})</dt><dd>${signed(value, 1)}</dd></div>`).join("");
    this.say("decoded λ");
  }

  // All labels or clusters in the same style, the chosen one framed; between two, both by their weights.
  drawChoices() {
    const { dial, mark } = this.data, { numbers, titles } = dial, weights = this.weights();
    const epsilon = Float32Array.from(this.values);
    paint(this.decoded, this.decode(this.values));
    this.strip.forEach((button, k) => {
      const weight = weights[numbers[k]], canvas = button.firstElementChild;
      paint(canvas, this.model.decode(place(this.priors[k], epsilon), numbers[k]));
      canvas.style.outlineColor = `color-mix(in srgb, ${mark} ${100 * weight}%, transparent)`;
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

  drawPad() {
    const { pad, data } = this, { width, canvas } = pad;
    if (!width) return;
    const [x, y] = this.coordinates(this.values), at = (value) => (width * (clamp(value, PAD) + PAD)) / (2 * PAD);
    pad.show((context) => {
      context.globalAlpha = 0.8;
      if (this.sheet.width) context.drawImage(this.sheet, 0, 0, width, width);
      Object.assign(context, { globalAlpha: 0.7, strokeStyle: "#9aa4b5", lineWidth: 1 });
      context.beginPath();
      context.moveTo(at(0), 0);
      context.lineTo(at(0), width);
      context.moveTo(0, width - at(0));
      context.lineTo(width, width - at(0));
      context.stroke();
      context.globalAlpha = 1;
      Object.assign(context, { fillStyle: data.mark, strokeStyle: "#fff", lineWidth: 3 });
      context.beginPath();
      context.arc(at(x), width - at(y), 9, 0, 6.2832);
      context.fill();
      context.stroke();
    });
    const [u, v] = this.axes;
    canvas.setAttribute("aria-label", `The plane of ${u.name} and ${v.name}`);
    canvas.setAttribute("aria-valuetext", `${u.name} ${signed(x, 1)}, ${v.name} ${signed(y, 1)}`);
    for (const [name, value] of [["now", x.toFixed(1)], ["min", -PAD], ["max", PAD]]) canvas.setAttribute(`aria-value${name}`, value);
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

// With a true minus sign; with `plus` what is not below 0 has its sign too.
function signed(value, digits, plus = "") {
  const text = Math.abs(value).toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 && /[1-9]/.test(text) ? "−" : plus) + text;
}
