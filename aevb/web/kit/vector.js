// A canvas's context that draws an SVG: as much of it as plots use. What it cannot draw it throws at.

const SVG = "http://www.w3.org/2000/svg";
const ANCHORS = { left: "start", start: "start", center: "middle", right: "end", end: "end" };

const START = {
  fillStyle: "#000",
  strokeStyle: "#000",
  lineWidth: 1,
  lineCap: "butt",
  lineJoin: "miter",
  globalAlpha: 1,
  font: "10px sans-serif",
  textAlign: "start",
  textBaseline: "alphabetic",
  imageSmoothingEnabled: true,
};

let clips = 0; // whose ids are those of the whole document

/** @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string)} children */
function element(tag, attributes, ...children) {
  const found = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) found.setAttribute(name, String(value));
  }
  found.append(...children);
  return found;
}

/** @param {number} value */
const short = (value) => Number(value.toFixed(2));

export class VectorContext {
  /** @param {number} width @param {number} height in CSS pixels */
  constructor(width, height) {
    this.svg = element("svg", { width: "100%", height: "100%", viewBox: `0 0 ${width} ${height}` });
    this.measuring =
      /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    /** @type {number[]} */
    this.dash = [];
    this.transform = "";
    /** @type {string | undefined} */
    this.clipped = undefined;
    /** @type {string[]} */
    this.path = [];
    /** @type {any[]} */
    this.saved = [];
    Object.assign(this, START);
    /** The state that a canvas's context has, by its names. @type {any} */
    this.state = this;
  }

  save() {
    const { dash, transform, clipped, state } = this;
    const names = Object.keys(START);
    this.saved.push({
      dash,
      transform,
      clipped,
      ...Object.fromEntries(names.map((name) => [name, state[name]])),
    });
  }

  restore() {
    Object.assign(this, this.saved.pop());
  }

  /** @param {number} x @param {number} y */
  translate(x, y) {
    this.transform += `translate(${x} ${y})`;
  }

  /** @param {number} angle */
  rotate(angle) {
    this.transform += `rotate(${(180 * angle) / Math.PI})`;
  }

  // Paths

  beginPath() {
    this.path = [];
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    if (!Number.isFinite(x + y)) return; // as a canvas passes over it
    this.path.push(`M${short(x)} ${short(y)}`);
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    if (!Number.isFinite(x + y)) return;
    this.path.push(`${this.path.length ? "L" : "M"}${short(x)} ${short(y)}`);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  rect(x, y, width, height) {
    this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}z`);
  }

  /** @param {number} x @param {number} y @param {number} r @param {number} from @param {number} to */
  arc(x, y, r, from, to) {
    const at = (/** @type {number} */ angle) => [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    const end = Math.min(to, from + 2 * Math.PI), half = (from + end) / 2;
    this.lineTo(.../** @type {[number, number]} */ (at(from)));
    for (const angle of [half, end]) {
      this.path.push(`A${short(r)} ${short(r)} 0 0 1 ${at(angle).map(short).join(" ")}`);
    }
  }

  /** A whole one, against the clock. @param {number} x @param {number} y @param {number} long @param {number} wide @param {number} angle */
  ellipse(x, y, long, wide, angle) {
    const across = long * Math.cos(angle), down = long * Math.sin(angle);
    this.lineTo(x + across, y + down);
    for (const side of [-1, 1]) {
      const end = `${short(x + side * across)} ${short(y + side * down)}`;
      this.path.push(`A${short(long)} ${short(wide)} ${short(180 * angle / Math.PI)} 0 0 ${end}`);
    }
  }

  closePath() {
    this.path.push("z");
  }

  clip() {
    const id = `clip-${++clips}`, outer = this.clipped;
    const path = element("path", { d: this.path.join(""), transform: this.transform || undefined });
    this.svg.append(element("clipPath", { id, "clip-path": outer }, path));
    this.clipped = `url(#${id})`;
  }

  /** @param {Path2D} [path] */
  fill(path) {
    this.put("path", { d: this.words(path), ...this.filled });
  }

  /** @param {Path2D} [path] */
  stroke(path) {
    this.put("path", { d: this.words(path), ...this.stroked });
  }

  /** @param {Path2D} [path] */
  words(path) {
    if (path) throw new TypeError("A Path2D does not tell its points.");
    return this.path.join("");
  }

  get filled() {
    return { fill: this.state.fillStyle, "fill-opacity": this.state.globalAlpha };
  }

  get stroked() {
    const { strokeStyle, globalAlpha, lineWidth, lineCap, lineJoin } = this.state;
    return {
      fill: "none",
      stroke: strokeStyle,
      "stroke-opacity": globalAlpha,
      "stroke-width": lineWidth,
      "stroke-linecap": lineCap,
      "stroke-linejoin": lineJoin,
      "stroke-dasharray": this.dash.length ? this.dash.join(" ") : undefined,
    };
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = [...dash];
  }

  /** @param {string} tag @param {Record<string, any>} attributes @param {...string} words */
  put(tag, attributes, ...words) {
    const shown = { ...attributes, transform: this.transform || undefined, "clip-path": this.clipped };
    this.svg.append(element(tag, shown, ...words));
  }

  // What is no path

  /** Of a frame that begins there is nothing yet. */
  clearRect() {}

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    const [left, top] = [Math.min(x, x + width), Math.min(y, y + height)];
    this.put("rect", {
      x: left,
      y: top,
      width: Math.abs(width),
      height: Math.abs(height),
      ...this.filled,
    });
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  strokeRect(x, y, width, height) {
    this.put("rect", { x, y, width: Math.abs(width), height: Math.abs(height), ...this.stroked });
  }

  /** @param {CanvasImageSource} image @param {number} x @param {number} y @param {number} width @param {number} height */
  drawImage(image, x, y, width, height) {
    const rendering = this.state.imageSmoothingEnabled ? "auto" : "pixelated";
    const href = /** @type {HTMLCanvasElement} */ (image).toDataURL(),
      style = `image-rendering: ${rendering}`;
    const { globalAlpha: opacity } = this.state;
    this.put("image", { href, x, y, width, height, preserveAspectRatio: "none", opacity, style });
  }

  /** @param {string} text */
  measureText(text) {
    const { font, textBaseline } = this.state;
    Object.assign(this.measuring, { font, textBaseline });
    return this.measuring.measureText(text);
  }

  /** @param {string} text @param {number} x @param {number} y @param {number} [most] */
  fillText(text, x, y, most) {
    this.write(text, x, y, most, this.filled);
  }

  /** @param {string} text @param {number} x @param {number} y @param {number} [most] */
  strokeText(text, x, y, most) {
    this.write(text, x, y, most, this.stroked);
  }

  /** @param {string} text @param {number} x @param {number} y @param {number | undefined} most @param {Record<string, any>} look */
  write(text, x, y, most, look) {
    const { font, textAlign } = this.state, here = this.measureText(text);
    this.measuring.textBaseline = "alphabetic";
    const down = this.measuring.measureText(text).fontBoundingBoxAscent - here.fontBoundingBoxAscent;
    const squeezed = most !== undefined && here.width > most;
    this.put("text", {
      x: short(x),
      y: short(y + down),
      "text-anchor": ANCHORS[/** @type {keyof typeof ANCHORS} */ (textAlign)],
      style: `font: ${font}; white-space: pre`,
      textLength: squeezed ? most : undefined,
      lengthAdjust: squeezed ? "spacingAndGlyphs" : undefined,
      ...look,
    }, text);
  }
}
