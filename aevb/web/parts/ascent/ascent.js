// A small VAE that learns in the page: E-steps move the encoder and with it the map, M-steps the decoder and its
// pictures.

import { button, follow, seedButton, segments } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, number as said, signed } from "../../kit/format.js";
import { whenLoaded } from "../../kit/notice.js";
import { DATA, DIGITS, ELBO, EVIDENCE, GAP, NO_CLASS } from "../../kit/palette.js";
import { choice, seed, text, unread } from "../../kit/params.js";
import { Sheet } from "../../kit/pictures.js";
import { Axes, ellipse, Notes, onLayout, Panel, themeOf } from "../../kit/plot.js";
import { atLeisure, inSlices, onNextFrame, whileBusy } from "../../kit/slices.js";
import { Curves } from "./curves.js";
import { Course, FORM, KINDS, MOST } from "./course.js";
import { IMAGES, Pupil } from "./pupil.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const BUDGET = 12; // ms of a frame: nothing else moves
const LEAST = 3, FARTHEST = 8; // of the plane of z, either way: as far as the images lie, and no farther than
const TILES = 9; // pictures of it, each way
const SPARSE = 0.6; // numerals on the map at most, for each square of their size
const DRAWN = 5, PASSED = 25; // steps between two drawings, and where a link's are caught up with
const NOTED = 100; // steps between two times that the link says them
const FEW = 25; // steps, of the button that takes so many

export const params = { seed, course: text({ form: FORM }), moves: choice({ initial: "B", of: KINDS }) };

/** @type {Record<string, string>} */
const WORDS = {
  "": "nothing has been learnt yet",
  E: "E-step: the encoder moves, the decoder stands still",
  M: "M-step: the decoder moves, the encoder stands still",
  EM: "both nets move together",
};

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const part = new Ascent(model, el);
    return () => part.close();
  },
};

/**
 * What was learnt last: whoever comes back to it need not wait.
 * @type {{ digits: import("../../kit/digits.js").Digits, course: Course, pupil: Pupil } | null}
 */
let learnt = null;

class Ascent {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.map = new Panel(h("canvas.live", { role: "img", "aria-label": "Where the encoder puts images" }));
    this.sheet = new Sheet({
      columns: TILES,
      rows: TILES,
      label: "What the decoder draws over the same plane",
    });
    this.curves = new Curves();
    this.when = h("b");
    this.what = h("span");
    this.spoken = h("p.spoken", { role: "status" }); // once it stands still
    this.sum = equation([
      { name: "evidence, log p(x)", color: EVIDENCE },
      { name: "ELBO", sign: "=", color: ELBO, line: "dashed" },
      { name: "gap, KL(q ‖ p(z | x))", sign: "+", color: GAP, line: "double" },
    ]);
    const moves = segments(model, "moves", "What a step moves", {
      B: "both: AEVB",
      E: "φ: E-steps",
      M: "θ: M-steps",
      T: "in turn",
    });
    this.play = button("Learn", () => this.toggle(), { "data-sets": "course" });
    this.play.classList.add("primary");
    this.few = button(`${FEW} steps`, () => this.start(FEW), { "data-sets": "course" });
    this.reset = button("Forget all", () => this.begin(new Course()), { "data-sets": "course" });
    for (const one of [this.play, this.few, this.reset]) one.disabled = true; // until there is something to train
    const again = seedButton(model, "Other weights");
    el.append(
      h("div.controls", { "data-control": "" }, this.play, this.few, moves.element, this.reset, again),
      h(
        "div.planes",
        { "data-instrument": "" },
        h("figure", {}, this.map.canvas, h("figcaption", {}, "encoder: images at μ(x)")),
        h("figure", {}, this.sheet.canvas, h("figcaption", {}, "decoder: the same plane")),
      ),
      h("div.told", {}, h("p.when", {}, this.when, this.what), this.sum.element, this.spoken),
      this.curves.canvas,
    );
    this.reach = LEAST;
    /** @type {Float32Array[]} */
    this.places = [];
    this.course = new Course();
    this.noted = ""; // what the link says of it
    /** What is done: nothing, the link's steps, or more. @type {"" | "catching up" | "learning"} */
    this.doing = "";
    this.playing = false; // whether more steps are to come
    this.until = MOST; // the step at which it pauses
    this.working = new AbortController();
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {(() => void)[]} */
    this.ends = [
      moves.end,
      onLayout(this.map.canvas, () => this.layout()),
      onLayout(this.curves.canvas, () => this.layout()),
    ];
    this.digits = digitsAt(model.get("digits"));
    const count = Math.min(IMAGES, this.digits.count);
    const load = () => Promise.all([this.digits.loadAll(Array(count).keys()), this.digits.loadLabels()]);
    this.ends.push(whenLoaded(el, load, () => {
      this.images = Array.from(
        { length: count },
        (_, i) => /** @type {Float32Array} */ (this.digits.peek(i)),
      );
      this.ends.push(follow(model, ["course", "seed"], () => this.read()));
    }, "Loading the digits …"));
    this.ends.push(follow(model, ["moves"], this.write));
  }

  close() {
    this.working.abort();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** Learns what the link says, anew, unless that is what has been learnt. */
  read() {
    const { model, noted, pupil } = this, told = model.get("course");
    if (pupil?.seed === model.get("seed") && told === noted) return;
    // Other weights go the way that has been gone, also since that was noted.
    const course = pupil && told === noted ? this.course : new Course(told);
    if (course.length > MOST) {
      unread(this.el, "course");
      course.cut(0);
    }
    this.begin(course);
  }

  /** @param {Course} course that is gone first */
  begin(course) {
    const { model, images, digits } = this, seed = model.get("seed");
    if (!images) return;
    this.working.abort();
    this.working = new AbortController();
    const known = learnt?.digits === digits && learnt.pupil.seed === seed && learnt.pupil.whole &&
      course.beginsAs(learnt.course, learnt.pupil.step);
    const pupil = this.pupil = known && learnt ? learnt.pupil : new Pupil(images, seed);
    learnt = { digits, course, pupil };
    Object.assign(this, { course, doing: "catching up", playing: false });
    this.note();
    whileBusy(this.el, this.catchUp(pupil), { budget: BUDGET, signal: this.working.signal });
    this.write();
  }

  /** @param {Pupil} pupil */
  *catchUp(pupil) {
    yield* pupil.measure();
    yield* this.look();
    while (pupil.step < this.course.length) {
      yield* pupil.advance(this.course.phase(pupil.step));
      if (pupil.step % PASSED === 0) yield* this.look();
    }
    yield* this.rest(pupil);
  }

  /** The button: goes on, pauses, or leaves out what the link has more. */
  toggle() {
    const { doing, course, pupil } = this;
    if (doing === "catching up" && pupil) course.cut(pupil.step + (pupil.whole ? 0 : 1));
    else if (doing) this.playing = false;
    else this.start(MOST);
    this.write();
  }

  /** Goes on for so many steps at most. @param {number} steps */
  start(steps) {
    const { pupil, course } = this;
    if (!pupil || this.doing) return;
    Object.assign(this, { doing: "learning", playing: true, until: course.length + steps });
    this.write();
    inSlices(this.learn(pupil), { budget: BUDGET, signal: this.working.signal });
  }

  /** @param {Pupil} pupil */
  *learn(pupil) {
    const { course, model } = this;
    while (this.playing && course.length < this.until && course.takes(model.get("moves"))) {
      course.go(model.get("moves"));
      yield* pupil.advance(course.phase(pupil.step));
      if (pupil.step % DRAWN === 0) yield* this.look();
      if (pupil.step % NOTED === 0) this.note();
    }
    this.playing = false;
    this.write();
    yield* this.rest(pupil);
  }

  /** @param {Pupil} pupil */
  *rest(pupil) {
    yield* pupil.measure();
    yield* this.look();
    this.doing = "";
    this.note();
    this.write();
  }

  /** Notes the course in the link. */
  note() {
    this.noted = String(this.course);
    if (this.model.get("course") === this.noted) return;
    this.model.set("course", this.noted);
    this.model.save_changes();
  }

  /** Has both nets show what they know: the encoder the images, the decoder the plane. */
  *look() {
    const { pupil, sheet } = this;
    if (!pupil) return;
    const { model } = pupil;
    /** @type {Float32Array[]} */
    const places = []; // of the means of q
    for (const x of pupil.mapped) {
      places.push(model.encode(x).loc);
      yield;
    }
    const farthest = Math.max(...places.map((z) => Math.max(...z.map(Math.abs))));
    const fitting = Math.min(FARTHEST, Math.max(LEAST, Math.ceil(farthest)));
    const reach = pupil.phase === "E" && this.places.length ? this.reach : fitting; // in E-steps pictures stand still
    const at = (/** @type {number} */ k) => reach * ((2 * k + 1) / TILES - 1);
    /** @type {Float32Array[]} */
    const tiles = [];
    for (let row = 0; row < TILES; row++) {
      for (let column = 0; column < TILES; column++) {
        tiles.push(model.decode(Float32Array.of(at(column), -at(row))));
        yield;
      }
    }
    tiles.forEach((x, k) => sheet.put(k % TILES, Math.floor(k / TILES), x));
    Object.assign(this, { places, reach });
    this.draw();
    this.write();
  }

  layout() {
    this.theme = themeOf(this.el);
    this.map.fit();
    this.curves.panel.fit();
    this.draw();
  }

  paint() {
    if (!this.theme || !this.pupil || !this.map.width || !this.curves.panel.width) return;
    if (!this.pupil.measured.length) return;
    this.paintMap(this.theme);
    this.curves.show(this.theme, this.pupil.measured);
  }

  /** @param {import("../../kit/plot.js").Theme} theme */
  paintMap(theme) {
    const { map, places, reach, digits } = this, { size } = theme;
    const axes = new Axes(
      { left: 1, top: 1, width: map.width - 2, height: map.height - 2 },
      [-reach, reach],
      [-reach, reach],
    );
    const inside = (/** @type {number} */ value) => Math.max(-0.97 * reach, Math.min(0.97 * reach, value));
    map.show((context) => {
      axes.draw(context, theme, { xTicks: false, yTicks: false, xCount: 1 });
      context.fillStyle = theme.border;
      context.fillRect(axes.left, axes.y(0) - 0.5, axes.width, 1);
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5 });
      context.setLineDash([3, 5]);
      ellipse(context, axes, [0, 0], [1, 0, 1], 2);
      context.stroke();
      context.setLineDash([]);
      Object.assign(context, {
        font: `700 ${size}px ${theme.font}`,
        textAlign: "center",
        textBaseline: "middle",
      });
      const room = Math.floor(SPARSE * (axes.width / size) ** 2);
      places.slice(0, room).forEach((z, i) => {
        const label = digits.label(i), y = Number(label);
        context.fillStyle = label === "" ? DATA : DIGITS[y] ?? NO_CLASS;
        context.fillText(label || "•", axes.x(inside(z[0])), axes.y(inside(z[1])));
      });
      new Notes(context, theme, axes).write("prior, 2 σ", [[axes.x(0) + 2.6 * size, axes.y(2) - 2]]);
    });
  }

  say() {
    const { pupil, course, model } = this;
    if (!pupil) return;
    const { doing, playing } = this, more = course.takes(model.get("moves"));
    const catching = doing === "catching up", behind = pupil.step < course.length;
    setText(this.play, catching && behind ? "Stop here" : playing ? "Pause" : "Learn");
    this.play.disabled = catching ? !behind : doing ? !playing : !more;
    this.few.disabled = Boolean(doing) || !more;
    this.reset.disabled = !course.length;
    const phase = pupil.phase;
    const end = catching && behind ? `of ${said(course.length)}` : more ? "" : "as far as it goes";
    setText(this.when, `Step ${said(pupil.step)}${end && " " + end}: `);
    setText(this.what, WORDS[phase]);
    const last = pupil.measured.at(-1);
    if (!last) return;
    const [elbo, gap] = addingUp([last.elbo, last.evidence - last.elbo], 2).map((value) => signed(value, 2));
    const evidence = signed(last.evidence, 2);
    this.sum.show([evidence, elbo, gap]);
    const figures = `after step ${said(last.step)} the evidence is ${evidence} nats, the ELBO ${elbo}, ` +
      `the gap ${gap}`;
    this.curves.say(figures);
    if (!doing) setText(this.spoken, `${WORDS[phase]}; ${figures}`);
  }
}
