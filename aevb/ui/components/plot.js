// What the components that draw on canvases share: data from Python, colours from the theme, axes, playing.
// Their Python puts this before their own script, so that each is one module.

// Streamlit calls a component again, on the same elements, whenever its data or the theme changes: the
// view made at the first call receives what is new. It is laid out again when its place changes its size,
// and when a font has arrived: what a canvas has written stays in the font that was there.
const views = new WeakMap();

function mount({ data, parentElement, setStateValue, setTriggerValue }, Kind, selector, place = selector) {
  let view = views.get(parentElement);
  if (!view) {
    views.set(parentElement, (view = new Kind(parentElement.querySelector(selector))));
    const layout = () => view.layout();
    view.resizes = new ResizeObserver(layout);
    view.resizes.observe(parentElement.querySelector(place));
    view.fonts = new AbortController();
    document.fonts.addEventListener("loadingdone", layout, { signal: view.fonts.signal });
  }
  view.tell = setStateValue;
  view.trigger = setTriggerValue;
  view.receive(unpack(data));
  return () => {
    view.resizes.disconnect();
    view.fonts.abort();
    view.close?.();
    views.delete(parentElement);
  };
}

const FOLLOW = 40; // ms until words follow pictures

// A view whose `state()` Python hears of as "view", a moment after the visitor has let go, where it is another:
// arrows held down report once. It draws pictures on every frame; what it `write`s follows at a slower beat, since
// any change of words or controls is laid out and painted with all around them, which takes longer than to decode.
class Reporter {
  report() {
    this.hold();
    this.telling = setTimeout(() => {
      const state = this.state();
      if (JSON.stringify(state) !== JSON.stringify(this.told)) this.tell("view", state);
      this.told = state;
    }, 250);
  }

  follow() {
    this.following ??= setTimeout(() => {
      this.following = null;
      this.write();
    }, FOLLOW);
  }

  // Nothing is said while a drag goes on.
  hold() {
    clearTimeout(this.telling);
  }

  // What it opens with is not news.
  opened() {
    this.hold();
    this.told = this.state();
  }

  close() {
    this.hold();
    clearTimeout(this.following);
  }
}

// Sets a text that is another than before, and says whether: the same set again would be laid out again.
function setText(element, text) {
  const changed = element.textContent !== text;
  if (changed) element.textContent = text;
  return changed;
}

// Lets one pointer, or the arrow keys, move something over a canvas: `to` gets the pointer's event, `by` a step
// along both axes; `done` is called when the visitor lets go.
function movable(canvas, to, by, done) {
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    to(event);
  };
  canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
  canvas.onlostpointercapture = done;
  canvas.onkeydown = (event) => {
    const step = event.shiftKey ? 0.5 : 0.1;
    const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowDown: [0, -step], ArrowUp: [0, step] };
    if (!steps[event.key]) return;
    event.preventDefault();
    by(...steps[event.key]);
    done();
  };
}

// The counterpart of pack() in packing.py: a header, and float32 arrays by name.
function unpack(bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  let offset = 4 + length;
  for (const [name, count] of header.arrays) {
    arrays[name] = new Float32Array(buffer, offset, count);
    offset += 4 * count;
  }
  return { ...header, ...arrays };
}

function themeOf(element) {
  const style = getComputedStyle(element);
  const variable = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    text: variable("--st-text-color", "#1A2233"),
    background: variable("--st-background-color", "#FFFFFF"),
    border: variable("--st-border-color", "#D5DCE8"),
    font: variable("--st-font", "sans-serif"),
  };
}

// A canvas in CSS pixels, sharp on any display, with a layer below for what does not move.
class Panel {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.layer = document.createElement("canvas");
    this.width = this.height = 0;
  }

  // Fits the canvas to its place in the page; false where it has none (a hidden tab).
  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !height) return false;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.layer]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    Object.assign(this, { width, height });
    return true;
  }

  // Draws the still part once: `paint` gets the layer's context.
  keep(paint) {
    const context = this.layer.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    paint(context);
  }

  // Draws a frame: the still part, and `paint` over it.
  show(paint) {
    this.context.clearRect(0, 0, this.width, this.height);
    if (this.layer.width) this.context.drawImage(this.layer, 0, 0, this.width, this.height);
    paint(this.context);
  }
}

const PLAY = "M7 4v16l13-8z";
const PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

// A play button: from where one is to the last frame, in so many seconds.
class Player {
  // `frame` and `last` say where one is and where it ends; `go` goes to a frame; `stopped` is called
  // when the visitor has paused it or the last frame is reached.
  constructor(button, { seconds, frame, last, go, stopped }) {
    Object.assign(this, { button, seconds, frame, last, go, stopped, playing: false });
    button.onclick = () => (this.playing ? this.stop(true) : this.start());
  }

  start() {
    if (this.frame() >= this.last()) this.go(0);
    this.playing = true;
    this.label();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let before = performance.now(), exact = this.frame();
    const tick = (now) => {
      if (!this.playing) return;
      const interval = still ? 800 : 0; // without motion: a dozen still pictures
      if (now - before >= interval) {
        exact += (Math.max(now - before, 1) / 1000 / this.seconds) * this.last();
        before = now;
        this.go(Math.min(this.last(), Math.round(exact)));
      }
      if (this.frame() >= this.last()) this.stop(true);
      else this.ticking = requestAnimationFrame(tick);
    };
    this.ticking = requestAnimationFrame(tick);
  }

  stop(tell = false) {
    if (this.playing && tell) this.stopped();
    this.playing = false;
    cancelAnimationFrame(this.ticking);
    this.label();
  }

  label() {
    this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.button.querySelector("path").setAttribute("d", this.playing ? PAUSE : PLAY);
  }
}

// A rectangle of the canvas with the values at its edges; `log` is for the vertical axis.
class Axes {
  constructor({ left, top, width, height }, [x0, x1], [y0, y1], log = false) {
    Object.assign(this, { left, top, width, height, x0, x1, y0, y1, log });
  }

  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * this.width;
  }

  y(value) {
    const [v, a, b] = this.log ? [value, this.y0, this.y1].map(Math.log10) : [value, this.y0, this.y1];
    return this.top + this.height - ((v - a) / (b - a)) * this.height;
  }

  // The horizontal value under a pixel.
  valueAt(pixel) {
    return this.x0 + ((pixel - this.left) / this.width) * (this.x1 - this.x0);
  }

  clip(context, paint) {
    context.save();
    context.beginPath();
    context.rect(this.left, this.top, this.width, this.height);
    context.clip();
    paint();
    context.restore();
  }

  // The frame, light grid lines and numbers at round values.
  draw(context, theme, size, { xTicks = true, yTicks = true, xCount = 5, yCount = 5 } = {}) {
    const across = ticks(this.x0, this.x1, xCount);
    const linear = yTicks ? ticks(this.y0, this.y1, yCount) : [];
    const up = this.log ? decades(this.y0, this.y1) : linear;
    context.save();
    context.font = `${size}px ${theme.font}`;
    context.lineWidth = 1;
    context.strokeStyle = theme.border;
    context.fillStyle = theme.text;
    context.beginPath();
    for (const value of across) {
      context.moveTo(this.x(value), this.top);
      context.lineTo(this.x(value), this.top + this.height);
    }
    for (const value of up) {
      context.moveTo(this.left, this.y(value));
      context.lineTo(this.left + this.width, this.y(value));
    }
    context.rect(this.left, this.top, this.width, this.height);
    context.stroke();
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of up) context.fillText(number(value), this.left - 6, this.y(value));
    context.textBaseline = "top";
    if (xTicks) {
      for (const value of across) {
        const x = this.x(value);
        const atEdge = x > this.left + this.width - size;
        context.textAlign = atEdge ? "right" : "center";
        context.fillText(number(value), atEdge ? this.left + this.width : x, this.top + this.height + 5);
      }
    }
    context.restore();
  }
}

// What the two axes stand for, inside the frame where there is room, legible over points.
function nameAxes(context, axes, theme, size, across, up) {
  context.save();
  context.font = `600 ${size}px ${theme.font}`;
  Object.assign(context, { strokeStyle: theme.background, fillStyle: theme.text, lineWidth: 5, lineJoin: "round" });
  for (const [text, align, baseline, x, y] of [
    [across, "right", "bottom", axes.left + axes.width - 6, axes.top + axes.height - 4],
    [up, "left", "top", axes.left + 6, axes.top + 5],
  ]) {
    Object.assign(context, { textAlign: align, textBaseline: baseline });
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
  context.restore();
}

function ticks(from, to, count) {
  const rough = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.75);
  const values = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * step; i++) values.push(i * step);
  return values;
}

function decades(from, to) {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  const stride = Math.ceil((last - first + 1) / 4);
  const values = [];
  for (let power = last; power >= first; power -= stride) values.push(10 ** power);
  return values;
}

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 6 });

// A number for an axis: no tail of rounding errors, a true minus sign.
function number(value) {
  return NUMBER.format(Number(value.toPrecision(6))).replace("-", "−");
}

// Discs of one colour, in one path.
function dots(context, count, x, y, radius) {
  context.beginPath();
  for (let i = 0; i < count; i++) {
    const px = x(i), py = y(i);
    context.moveTo(px + radius, py);
    context.arc(px, py, radius, 0, 6.2832);
  }
  context.fill();
}

// An arrow in one colour, over a thin halo in another.
function arrow(context, [x0, y0, x1, y1], width, color, halo) {
  const angle = Math.atan2(y1 - y0, x1 - x0), head = 3.5 * width;
  const shaft = new Path2D(), point = new Path2D();
  shaft.moveTo(x0, y0);
  shaft.lineTo(x1 - 0.7 * head * Math.cos(angle), y1 - 0.7 * head * Math.sin(angle));
  point.moveTo(x1, y1);
  for (const side of [-0.45, 0.45]) {
    point.lineTo(x1 - head * Math.cos(angle + side), y1 - head * Math.sin(angle + side));
  }
  point.closePath();
  Object.assign(context, { strokeStyle: halo, lineWidth: width + 3 });
  context.stroke(shaft);
  context.lineWidth = 3;
  context.stroke(point);
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: width });
  context.stroke(shaft);
  context.fill(point);
}

// The ellipse at `sigmas` standard deviations of N(mean, [[a, b], [b, c]]), as a path.
function ellipse(context, axes, [mx, my], [a, b, c], sigmas) {
  const middle = (a + c) / 2, spread = Math.hypot((a - c) / 2, b);
  const angle = 0.5 * Math.atan2(2 * b, a - c);
  const long = sigmas * Math.sqrt(Math.max(0, middle + spread));
  const short = sigmas * Math.sqrt(Math.max(0, middle - spread));
  context.beginPath();
  for (let i = 0; i <= 72; i++) {
    const t = (i * Math.PI) / 36, u = long * Math.cos(t), v = short * Math.sin(t);
    const x = mx + u * Math.cos(angle) - v * Math.sin(angle);
    const y = my + u * Math.sin(angle) + v * Math.cos(angle);
    context.lineTo(axes.x(x), axes.y(y));
  }
  context.closePath();
}

function quantile(values, fraction) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.round(fraction * (sorted.length - 1))];
}
