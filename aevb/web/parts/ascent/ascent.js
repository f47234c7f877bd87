// A small VAE that learns in the page: E-steps move the encoder, M-steps the decoder; what both know is a view of its own.

import { button, follow, seedButton, segments } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, number as said, signed } from "../../kit/format.js";
import { whenLoaded } from "../../kit/notice.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { choice, seed, text, unread } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { atLeisure, inSlices, onNextFrame, whileBusy } from "../../kit/slices.js";
import { Curves } from "./curves.js";
import { Course, FORM, KINDS, MOST } from "./course.js";
import { Images } from "./images.js";
import { params as ofPoints, Points } from "./points.js";
import { Pupil } from "./pupil.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const BUDGET = 12; // ms of a frame: nothing else moves
const DRAWN = 5; // steps between two drawings
const PASSED = 25; // the same, while the steps that a link names are taken again
const FEW = 25; // steps, of the button that takes so many

const VIEWS = { images: Images, points: Points };

export const params = {
  seed,
  course: text({ form: FORM }),
  moves: choice({ initial: "B", of: KINDS }),
  ...ofPoints,
};

/** @type {Record<string, string>} */
const WORDS = {
  "": "nothing has been learned yet",
  E: "E-step: the encoder moves, the decoder stands still",
  M: "M-step: the decoder moves, the encoder stands still",
  EM: "both nets move together",
};

export default part((model, el) => new Ascent(model, el));

/**
 * What was learnt last, by what of: whoever comes back to it need not wait.
 * @type {Map<unknown, { course: Course, pupil: Pupil }>}
 */
const learnt = new Map();

class Ascent {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.view = new VIEWS[/** @type {keyof typeof VIEWS} */ (model.get("view"))](model);
    this.curves = new Curves();
    this.when = h("b");
    this.what = h("span");
    this.spoken = h("p.spoken", { role: "status" }); // once it stands still
    this.sum = equation([
      { name: "evidence", color: EVIDENCE, title: "log p(x)" },
      { name: "ELBO", sign: "=", color: ELBO, line: "dashed" },
      { name: "gap", sign: "+", color: GAP, line: "double", title: "KL(q ‖ p(z | x))" },
    ]);
    const moves = segments(model, "moves", "What a step moves", {
      B: "both: AEVB",
      E: "φ: E-steps",
      M: "θ: M-steps",
      T: "in turn",
    });
    this.play = button("Learn", () => this.toggle(), { "data-sets": this.view.course });
    this.play.classList.add("primary");
    this.few = button(`${FEW} steps`, () => this.start(FEW), { "data-sets": this.view.course });
    this.reset = button("Forget all", () => this.begin(new Course()), { "data-sets": this.view.course });
    for (const one of [this.play, this.few, this.reset]) one.disabled = true; // until there is something to train
    const again = seedButton(model, "Other weights");
    el.append(
      h(
        "div.controls",
        { "data-control": "" },
        this.play,
        this.few,
        moves.element,
        ...this.view.controls,
        this.reset,
        again,
      ),
      h("div.planes", { "data-instrument": "" }, ...this.view.planes),
      h("div.told", {}, h("p.when", {}, this.when, this.what), this.sum.element, this.spoken),
      this.curves.canvas,
    );
    this.course = new Course();
    this.noted = ""; // what the link says of it
    /** What is done: nothing, the link's steps, or more. @type {"" | "catching up" | "learning"} */
    this.doing = "";
    this.playing = false; // whether more steps are to come
    this.until = MOST; // the step at which it pauses
    this.working = new AbortController();
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    const { view, draw } = this;
    /** @type {(() => void)[]} */
    this.ends = [
      moves.end,
      () => view.end(),
      ...[...view.panels, this.curves.panel].map(({ canvas }) => onLayout(canvas, () => this.layout())),
      whenLoaded(el, () => view.load(), () => {
        this.ends.push(
          follow(model, [view.course, "seed", ...view.keys.learnt], () => this.read()),
          follow(model, view.keys.shown, draw),
        );
      }, "Loading the digits …"),
      follow(model, ["moves"], this.write),
    ];
  }

  end() {
    this.working.abort();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** Learns what the link says, anew, unless that is what has been learnt. */
  read() {
    const { model, noted, pupil, view } = this, told = model.get(view.course);
    if (pupil?.seed === model.get("seed") && told === noted && this.of === view.of) return;
    const course = new Course(told); // other weights or points go the way that has been gone
    if (course.length > MOST) {
      unread(this.el, view.course);
      course.cut(0);
    }
    this.begin(course);
  }

  /** @param {Course} course that is gone first */
  begin(course) {
    const { model, view } = this, seed = model.get("seed"), of = this.of = view.of, last = learnt.get(of);
    this.working.abort();
    this.working = new AbortController();
    const known = last && last.pupil.seed === seed && course.beginsAs(last.course, last.pupil.step);
    const pupil = this.pupil = last && known ? last.pupil : new Pupil(view.task(), seed);
    learnt.set(of, { course, pupil });
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
    if (doing === "catching up" && pupil) {
      course.cut(pupil.step);
      this.begin(course);
    } else if (doing) this.playing = false;
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
      this.note();
      yield* pupil.advance(course.phase(pupil.step));
      if (pupil.step % DRAWN === 0) yield* this.look();
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
    this.write();
  }

  /** Notes the course in the link: each step, so that whoever goes elsewhere and comes back finds them all. */
  note() {
    this.noted = String(this.course);
    const { model, view } = this;
    if (model.get(view.course) === this.noted) return;
    model.set(view.course, this.noted);
    model.save_changes();
  }

  /** Has both nets show what they know. */
  *look() {
    if (!this.pupil) return;
    yield* this.view.look(this.pupil);
    this.draw();
    this.write();
  }

  layout() {
    this.theme = themeOf(this.el);
    for (const panel of [...this.view.panels, this.curves.panel]) panel.fit();
    this.draw();
  }

  paint() {
    const { theme, pupil, view, curves } = this;
    if (!theme || !pupil?.measured.length) return;
    if (view.panels.every(({ width }) => width)) view.paint(theme);
    if (curves.panel.width) curves.show(theme, pupil.measured);
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
