// The test set on a map: drag, zoom, point at a digit, compare those in a loop, decode what lies between
// them. Python hears only of a digit that is to be loaded.

const NEIGHBOURS = 8; // whose latents are averaged under the pointer
const MOST_ZOOM = 60;
const SHOWN = 24; // digits of a comparison
const MARGIN = 24; // around the whole map, in CSS pixels, as all lengths here
const FLIGHT = 700; // milliseconds from one projection to the next
const HELP = {
  explore: "Drag to move, click to load a digit, Shift-drag for a lasso.",
  lasso: "Draw a loop around some points. Escape clears it.",
  sweep: "Move the pointer, also between the points.",
};

export default (component) => mount(component, DigitMap, ".map", ".stage");

class DigitMap {
  constructor(root) {
    this.root = root;
    this.one = (selector) => root.querySelector(selector);
    this.canvas = this.one(".plane");
    this.panel = new Panel(this.canvas);
    this.scatter = new Scatter();
    this.mode = "explore";
    this.pointers = new Map(); // those that are down
    this.pointer = null; // where one points, [x, y]; the middle, by keyboard
    this.under = -1; // the point that is pointed at
    this.loop = []; // of the lasso, in the map's own units
    this.chosen = []; // the digits within it
    this.listen();
    this.one(".help").textContent = HELP.explore;
  }

  close() {
    cancelAnimationFrame(this.waiting);
    clearTimeout(this.hinting);
    this.closed = true;
  }

  // What Python sends

  receive(data) {
    this.data = data;
    this.digit = data.digit;
    if (!this.points) this.canvas.setAttribute("aria-label", data.alt);
    const wanted = (buffer) => new Points(buffer);
    whenLoaded(this.one(".map-notice"), { points: data.urls.points }, ({ points }) => this.arrive(points), {
      points: (url) => loadOnce(url, "The map", wanted),
    }, "Loading the map …");
    if (this.mode === "sweep") this.needModel();
    this.medians = this.points?.medians(data.by);
    this.layout();
    this.showDigit(data.x, data.decoded);
  }

  arrive(points) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.points && !still) this.flight = { from: this.screen.slice(), since: performance.now() };
    this.points = points;
    this.medians = points.medians(this.data.by);
    this.screen = new Float32Array(2 * points.count);
    this.loop = []; // what it held stays chosen
    this.reset();
    this.layout();
    this.showDigit(this.data.x, this.data.decoded);
  }

  // The real digits are fetched as soon as somebody takes an interest.
  needDigits() {
    whenLoaded(this.one(".digits-notice"), { digits: this.data.urls.digits }, ({ digits }) => {
      this.digits = digits;
      this.compare();
      this.request();
    }, { digits: loadDigits }, "Loading the digits …");
  }

  needModel() {
    const { latents, weights } = this.data.urls;
    this.needDigits();
    whenLoaded(this.one(".sweep-notice"), { model: weights, values: latents }, (loaded) => {
      this.decoder = { ...loaded, of: latents };
      this.request();
    }, { values: loadLatents });
  }

  // What the visitor does

  listen() {
    const { canvas } = this;
    for (const mode of Object.keys(HELP)) this.one(`.${mode}`).onclick = () => this.turn(mode);
    this.one(".in").onclick = () => this.zoomBy(1.6);
    this.one(".out").onclick = () => this.zoomBy(1 / 1.6);
    this.one(".reset").onclick = () => this.reset();
    canvas.onpointerenter = canvas.onfocus = () => this.needDigits();
    canvas.onpointerdown = (event) => this.press(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = (event) => this.release(event);
    canvas.onpointercancel = (event) => {
      if (event.pointerType === "touch" && !this.focused()) this.hint("Tap the map, then drag to move it");
      this.pointers.delete(event.pointerId);
      this.pull = null;
    };
    canvas.onpointerleave = () => this.pointAt(null);
    canvas.onwheel = (event) => this.wheel(event);
    canvas.onkeydown = (event) => this.key(event);
    canvas.onblur = () => this.byKeyboard && this.pointAt(null);
  }

  turn(mode) {
    if (this.mode === "lasso" && mode !== "lasso") this.clear();
    this.mode = mode;
    for (const name of Object.keys(HELP)) this.one(`.${name}`).setAttribute("aria-pressed", name === mode);
    this.root.classList.toggle("lassoing", mode === "lasso");
    this.root.classList.toggle("sweeping", mode === "sweep");
    this.one(".help").textContent = HELP[mode];
    this.one(".chosen").hidden = mode !== "explore";
    this.one(".compared").hidden = mode !== "lasso";
    this.one(".swept").hidden = mode !== "sweep";
    if (mode === "lasso") this.needDigits();
    if (mode === "sweep") this.needModel();
    this.request();
  }

  focused() {
    return this.canvas.matches(":focus");
  }

  press(event) {
    if (event.button !== 0 || !this.points) return;
    const { canvas, pointers } = this, at = [event.offsetX, event.offsetY];
    this.flight = null;
    if (event.pointerType !== "touch" || this.focused()) canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at);
    const kind = event.shiftKey || this.mode === "lasso" ? "lasso"
      : this.mode === "sweep" && event.pointerType === "touch" ? "sweep" : "pan";
    this.pull = { kind: pointers.size > 1 ? "pinch" : kind, from: at, moved: pointers.size > 1 };
    if (this.pull.kind === "pinch") this.loop = [];
    this.byKeyboard = false;
    this.pointAt(at);
  }

  move(event) {
    const at = [event.offsetX, event.offsetY], { pull, pointers } = this;
    this.byKeyboard = false;
    if (!pull || !pointers.has(event.pointerId)) return this.pointAt(at);
    const before = pointers.get(event.pointerId), slack = event.pointerType === "touch" ? 10 : 4;
    if (!pull.moved) {
      if (Math.hypot(at[0] - pull.from[0], at[1] - pull.from[1]) < slack) return;
      pull.moved = true;
      if (pull.kind === "lasso") this.begin(pull.from);
    }
    if (pull.kind === "pinch") {
      const [other] = [...pointers.keys()].filter((id) => id !== event.pointerId).map((id) => pointers.get(id));
      pointers.set(event.pointerId, at);
      if (!other) return;
      const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
      const apart = (a) => Math.max(10, Math.hypot(a[0] - other[0], a[1] - other[1]));
      this.shift((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
      return this.zoomBy(apart(at) / apart(before), middle);
    }
    pointers.set(event.pointerId, at);
    if (pull.kind === "lasso") this.loop.push(...this.toMap(at));
    if (pull.kind === "pan") {
      this.canvas.classList.add("dragging");
      this.shift(at[0] - before[0], at[1] - before[1]);
    }
    this.pointAt(at);
  }

  release(event) {
    const { pull, pointers } = this;
    if (!pointers.delete(event.pointerId)) return;
    this.canvas.classList.remove("dragging");
    if (!pull.moved && pull.kind !== "sweep") {
      this.under = this.nearestTo([event.offsetX, event.offsetY], event.pointerType === "touch" ? 24 : 14);
      if (this.under >= 0) this.choose(this.under);
    } else if (pull.kind === "lasso") {
      this.compareWithin();
    }
    if (pointers.size) this.pull = { kind: "pinch", moved: true }; // one finger of two stays: nothing more
    else this.pull = null;
    this.request();
  }

  // The wheel zooms only once the map has been clicked, or a page could not be scrolled past it.
  wheel(event) {
    const asked = event.ctrlKey || event.metaKey;
    if (!this.points || (event.deltaY > 0 && this.zoom <= 1 && !asked)) return;
    if (!asked && !this.focused()) return this.hint("Click the map, then scroll to zoom");
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    this.zoomBy(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), [event.offsetX, event.offsetY]);
  }

  key(event) {
    if (!this.points || event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.panel, step = Math.min(width, height) / 12;
    const steps = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key in steps) this.shift(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.3);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.3);
    else if (event.key === "0") this.reset();
    else if (event.key === "Escape") this.clear();
    else if (event.key === "Enter") this.enter();
    else return;
    event.preventDefault();
    if (event.key === "Enter" || event.key === "Escape") return;
    this.byKeyboard = true;
    this.pointAt([width / 2, height / 2]);
    this.follow();
    this.say(this.under >= 0 ? this.name(this.under) : "no digit here");
  }

  enter() {
    const { width, height } = this.panel;
    if (this.mode === "lasso") { // all that is in view
      this.loop = [[0, 0], [width, 0], [width, height], [0, height]].flatMap((corner) => this.toMap(corner));
      this.compareWithin();
    } else if (this.under >= 0) {
      this.choose(this.under);
    }
  }

  clear() {
    this.loop = [];
    this.chosen = [];
    this.compare();
    this.pointAt(null);
    this.request(true);
  }

  choose(digit) {
    this.say(`${this.name(digit)} is loaded`);
    if (digit !== this.digit) {
      this.digit = digit;
      this.showDigit(this.digits?.image(digit), null);
      this.trigger("digit", digit);
    }
    this.request();
  }

  hint(text) {
    const hint = this.one(".hint");
    Object.assign(hint, { textContent: text, hidden: false });
    clearTimeout(this.hinting);
    this.hinting = setTimeout(() => (hint.hidden = true), 1600);
  }

  say(text) {
    this.one(".spoken").textContent = text;
  }

  name(i) {
    const cluster = this.points.cluster[i];
    const where = this.data.by === "cluster" && cluster < NO_CLASS ? `, in the cluster of ${cluster}s` : "";
    return `digit ${i}, a ${this.points.digit[i]}${where}`;
  }

  // Where things are: the map's `middle` is in the middle of the canvas, `zoom` times as large as at first

  reset() {
    const [left, bottom, right, top] = this.points.bounds;
    this.middle = [(left + right) / 2, (bottom + top) / 2];
    this.zoom = 1;
    this.request(true);
  }

  // Pixels of a unit of the map.
  get scale() {
    const [left, bottom, right, top] = this.points.bounds, { width, height } = this.panel;
    const fit = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (top - bottom));
    return this.zoom * Math.max(fit, 1e-9);
  }

  toMap([x, y]) {
    const { width, height } = this.panel;
    return [this.middle[0] + (x - width / 2) / this.scale, this.middle[1] - (y - height / 2) / this.scale];
  }

  toScreen([x, y]) {
    const { width, height } = this.panel;
    return [width / 2 + (x - this.middle[0]) * this.scale, height / 2 - (y - this.middle[1]) * this.scale];
  }

  shift(dx, dy) {
    const [left, bottom, right, top] = this.points.bounds, [x, y] = this.middle;
    this.middle = [
      Math.min(right, Math.max(left, x - dx / this.scale)),
      Math.min(top, Math.max(bottom, y + dy / this.scale)),
    ];
    this.request(true);
  }

  // About a place of the canvas, which stays where it is.
  zoomBy(factor, about = [this.panel.width / 2, this.panel.height / 2]) {
    const before = this.toMap(about);
    this.zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const after = this.toMap(about);
    this.middle = [this.middle[0] + before[0] - after[0], this.middle[1] + before[1] - after[1]];
    this.shift(0, 0);
  }

  nearestTo(at, reach) {
    const { found, distances } = this.points.nearest(...this.toMap(at));
    return distances[0] * this.scale <= reach ? found[0] : -1;
  }

  pointAt(at) {
    this.pointer = at;
    this.request();
  }

  // The lasso

  begin(at) {
    this.turn("lasso");
    this.loop = this.toMap(at);
  }

  compareWithin() {
    this.chosen = this.points.within(this.loop);
    this.compare();
    this.say(`${this.chosen.length} digits compared`);
    this.request(true);
  }

  // Says at the side which digits are chosen.
  compare() {
    const { chosen, points, digits, data } = this;
    const some = chosen.length > 0;
    this.faded = null;
    if (some) {
      this.faded = new Uint8Array(points.count).fill(1);
      for (const i of chosen) this.faded[i] = 0;
    }
    const counts = new Array(10).fill(0);
    for (const i of chosen) counts[points.digit[i]]++;
    const most = Math.max(...counts, 1);
    const number = `${chosen.length.toLocaleString("en")} digit${chosen.length === 1 ? "" : "s"}`;
    this.one(".count").textContent = some ? number : "No digits yet";
    this.one(".bars").innerHTML = !some ? "" : counts.map((count, digit) =>
      `<li><span>${digit}</span><i style="width: ${(100 * count) / most}%; background: ${data.colors[digit]}"></i>` +
      `<span>${count}</span></li>`).join("");
    const ready = some && Boolean(digits);
    this.one(".mean").hidden = !ready;
    this.one(".some").replaceChildren();
    if (!ready) return;
    paint(this.one(".mean canvas"), digits.image(...chosen));
    const stride = Math.max(1, chosen.length / SHOWN);
    for (let k = 0; k < Math.min(SHOWN, chosen.length); k++) {
      const i = chosen[Math.floor(k * stride)], button = document.createElement("button");
      button.type = "button";
      button.title = this.name(i);
      button.setAttribute("aria-label", `Load ${this.name(i)}`);
      button.onclick = () => this.choose(i);
      const image = button.appendChild(document.createElement("canvas"));
      image.className = "pixels";
      paint(image, digits.image(i));
      this.one(".some").append(button);
    }
  }

  // Pictures

  layout() {
    if (!this.points || !this.panel.fit()) return;
    this.theme = themeOf(this.root);
    this.background = rgb(this.theme.background);
    this.palette = this.data.colors.map(rgb);
    this.ratio = this.canvas.width / this.panel.width;
    this.draw(true);
  }

  // At most one picture a frame; `moved` where the points themselves have.
  request(moved = false) {
    this.moved ||= moved;
    if (this.closed) return;
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      if (!this.theme || !this.points) return;
      this.follow();
      this.draw(this.moved || Boolean(this.flight));
    });
  }

  draw(moved) {
    this.moved = false;
    if (moved) this.place();
    if (moved) this.panel.keep((context) => this.drawPoints(context));
    this.panel.show((context) => this.drawMarks(context));
    if (this.flight) this.request(true);
  }

  // Every point's pixel of the display. A drag moves all by whole ones, so that none trembles.
  place() {
    const { places } = this.points, { ratio, screen } = this, scale = this.scale * ratio;
    const [left, top] = this.toScreen([0, 0]).map((value) => Math.round(value * ratio));
    for (let i = 0; i < places.length; i += 2) {
      screen[i] = left + Math.round(places[i] * scale);
      screen[i + 1] = top - Math.round(places[i + 1] * scale);
    }
    if (!this.flight) return;
    const { from, since } = this.flight, done = Math.min(1, (performance.now() - since) / FLIGHT);
    const share = done * done * (3 - 2 * done);
    for (let i = 0; i < screen.length; i++) screen[i] = Math.round(from[i] + share * (screen[i] - from[i]));
    if (done === 1) this.flight = null;
  }

  drawPoints(context) {
    const { panel, theme, points, data, ratio } = this;
    const radius = (panel.width < 520 ? 1.8 : 2.4) * Math.min(3.2, this.zoom ** 0.4);
    this.scatter.paint(context, {
      places: this.screen,
      classes: points[data.by],
      colors: this.palette,
      faded: this.faded,
      radius: radius * ratio,
      background: this.background,
    });
    if (this.flight) return;
    context.font = `700 ${panel.width < 520 ? 24 : 30}px ${theme.font}`;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
    Object.assign(context, { strokeStyle: "#10151F", fillStyle: "white", lineWidth: 5 });
    this.medians.forEach((median, digit) => {
      if (!median) return;
      const [x, y] = this.toScreen(median);
      context.strokeText(digit, x, y);
      context.fillText(digit, x, y);
    });
  }

  spot(i) {
    return [this.screen[2 * i] / this.ratio, this.screen[2 * i + 1] / this.ratio];
  }

  drawMarks(context) {
    if (this.flight) return;
    const { data, theme } = this;
    const circle = ([x, y], radius, fill, width, stroke) => {
      context.beginPath();
      context.arc(x, y, radius, 0, 6.2832);
      Object.assign(context, { fillStyle: fill, lineWidth: width, strokeStyle: stroke });
      context.fill();
      context.stroke();
    };
    if (this.loop.length > 2) {
      context.beginPath();
      for (let k = 0; k < this.loop.length; k += 2) context.lineTo(...this.toScreen(this.loop.slice(k, k + 2)));
      if (this.pull?.kind !== "lasso") context.closePath();
      Object.assign(context, { strokeStyle: data.mark, lineWidth: 2.5, lineJoin: "round" });
      context.stroke();
    }
    circle(this.spot(this.digit), 9, "transparent", 7, "white");
    circle(this.spot(this.digit), 9, "transparent", 4, data.mark);
    if (this.mode === "sweep" && this.between) {
      this.between.found.forEach((i, k) => {
        circle(this.spot(i), 4 + 9 * this.between.weights[k], "transparent", 2, theme.text);
      });
    } else if (this.under >= 0) {
      circle(this.spot(this.under), 7, data.colors[this.points[data.by][this.under]], 2.5, theme.text);
    }
    if (this.byKeyboard && this.pointer) {
      const [x, y] = this.pointer;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 5 * dx, y + 5 * dy);
        context.lineTo(x + 15 * dx, y + 15 * dy);
      }
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
      context.stroke();
    }
  }

  // What the pointer is at: the digit under it, and in a sweep the image decoded there.
  follow() {
    const { pointer, pull } = this;
    const lost = !pointer || this.flight || (pull?.moved && pull.kind !== "sweep");
    const reach = this.byKeyboard ? Infinity : 14;
    this.under = lost ? -1 : this.nearestTo(pointer, reach);
    const name = this.under >= 0 ? `: ${this.name(this.under)}` : "";
    const label = `${this.data.alt}${name}. Arrow keys move it, plus and minus zoom, Enter loads a digit.`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    if (this.mode === "sweep") this.sweep();
    this.showTip();
  }

  showTip() {
    const tip = this.one(".tip"), i = this.mode === "sweep" ? -1 : this.under;
    tip.hidden = i < 0;
    if (i < 0) return;
    if (this.digits) paint(this.one(".tip canvas"), this.digits.image(i));
    this.one(".tip canvas").hidden = !this.digits;
    this.one(".tip figcaption").textContent = this.name(i);
    const { width, height } = this.panel, [x, y] = this.spot(i);
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    const left = x + 18 + wide > width ? x - 18 - wide : x + 18;
    const top = Math.max(4, Math.min(height - high - 4, y - high / 2));
    tip.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
  }

  // Decodes the mean of the nearest points' latents, weighted by their inverse distances.
  sweep() {
    const { data, points, panel } = this;
    if (this.decoder?.of !== data.urls.latents) return;
    const { model, values } = this.decoder;
    if (this.pointer || !this.between) {
      const { found, distances } = points.nearest(...this.toMap(this.pointer ?? [panel.width / 2, panel.height / 2]), NEIGHBOURS);
      this.between = { found, weights: inverseDistances(distances) };
    }
    const { found, weights } = this.between, L = model.latentDim;
    const z = new Float32Array(L), nearest = found[0], label = points.digit[nearest];
    found.forEach((i, k) => {
      for (let l = 0; l < L; l++) z[l] += weights[k] * values[i * L + l];
    });
    paint(this.one(".here"), data.styles ? model.write(z, label) : model.decode(z, label));
    const as = data.labelled ? `decoded here, as a ${label}` : "decoded here";
    this.one(".swept figcaption").textContent = as;
    this.one(".real").hidden = !this.digits;
    if (!this.digits) return;
    paint(this.one(".real canvas"), this.digits.image(nearest));
    this.one(".real canvas").setAttribute("aria-label", this.name(nearest));
    this.one(".real figcaption").textContent = `nearest: ${this.name(nearest)}`;
  }

  // The chosen digit, and what the model makes of it once Python has said so.
  showDigit(x, decoded) {
    if (x) paint(this.one(".x"), x);
    if (decoded) paint(this.one(".decoded"), decoded);
    this.one(".decoded").style.opacity = decoded ? 1 : 0.3;
    if (!this.points) return;
    this.one(".what").textContent = this.name(this.digit);
    this.one(".x").setAttribute("aria-label", this.name(this.digit));
  }
}
