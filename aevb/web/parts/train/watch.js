// A run, while it is under way and afterwards: its curves, its pictures, the film of them, and the wheel.

import { button, follow, put, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, number, signed, termName } from "../../kit/format.js";
import { DATA, ELBO, GENERATED, TRUE_MODEL } from "../../kit/palette.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { within } from "../../kit/params.js";
import { Player } from "../../kit/player.js";
import { onNextFrame } from "../../kit/slices.js";
import { source } from "../../kit/source.js";
import { Curves } from "./chart.js";
import { Film } from "./film.js";
import { publish } from "./publish.js";
import { duration, ordinal, pointAt } from "./record.js";
import { KEYS, wordsOf } from "./specification.js";
import { Wheel } from "./wheel.js";
import { finished, ownRuns, Poll, urlOf } from "./wire.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./specification.js").Options} Options
 * @typedef {import("./wire.js").Told} Told
 */

const SECONDS = 8; // that a film takes
const AHEAD = 4; // frames fetched before they are played
const COLORS = [GENERATED, DATA, TRUE_MODEL];
const PHASES = { E: "E-step: φ moves", M: "M-step: θ moves", EM: "φ and θ move together" };

/** A run beside the visitor's last one, in the words of a link. @param {string} id */
function sideBySideWith(id) {
  return [id, ...ownRuns().filter((other) => other !== id).slice(0, 1)].join(",");
}

export class Watch {
  /** @param {Model} model @param {HTMLElement} el @param {Options} options @param {string} id */
  constructor(model, el, options, id) {
    this.model = model;
    this.el = el;
    this.options = options;
    this.id = id;
    this.mine = ownRuns().includes(id);
    /** @type {Told | null} */
    this.told = null;
    this.gone = false; // whether the server has no such run any more
    /** @type {Film | null} */
    this.film = null;
    /** @type {ReturnType<typeof equation> | null} */
    this.equation = null;
    /** What is drawn, and in which colours. @type {[any, string]} */
    this.drawn = [null, ""];
    this.draw = onNextFrame(() => this.redraw());
    this.layout = onNextFrame(() => {
      this.curves.fit();
      this.film?.fit();
      this.drawn = [null, ""];
      this.redraw();
    });
    this.curves = new Curves(this.layout);
    this.when = h("b", {}, "Step 0");
    this.phase = h("span");
    this.sum = h("div.sum");
    this.status = h("span", { role: "status" }, "Asking for the run …");
    this.time = h("span"); // beside it: a screen reader would read each second
    this.pictures = h("div.pictures");
    this.player = new Player({
      seconds: SECONDS,
      frame: () => this.frame,
      last: () => this.frames - 1,
      go: (frame) => this.go(frame),
      stopped: () => model.save_changes(),
    });
    this.slider = slider({
      label: "film",
      least: 0,
      most: 1,
      step: 1,
      input: (frame) => this.go(frame),
      done: () => model.save_changes(),
      say: (frame) => this.stepOf(frame),
    });
    this.publish = publish(id);
    this.wheel = new Wheel(id, () => this.poll.now());
    this.after = h("div.controls.after", { hidden: true });
    el.replaceChildren(h(
      "div.watch",
      {},
      h("div.state", {}, h("p.when", {}, this.when, this.phase), this.sum),
      h("p.status", {}, this.status, this.time),
      h("div.place", {}, this.curves.element),
      this.pictures,
      h("div.controls.timeline", {}, this.player.button, this.slider.element),
      h("div.steer", { "data-control": "" }, this.wheel.element, this.after),
    ));
    this.poll = new Poll(id, {
      told: (told) => this.tell(told),
      failed: (problem, again) => this.fail(problem, again),
    });
    this.ends = [
      () => this.poll.end(),
      () => this.publish.end(),
      () => this.player.stop(),
      () => this.film?.end(),
      this.draw.cancel,
      this.layout.cancel,
      onLayout(this.curves.element, this.layout),
      onLayout(el, this.layout),
      follow(model, ["frame"], this.draw),
    ];
  }

  end() {
    for (const end of this.ends) end();
  }

  get frames() {
    return this.told?.frames ?? 0;
  }

  /** The frame that is looked at; the newest unless the link says another. */
  get frame() {
    const last = this.frames - 1, chosen = this.model.get("frame");
    return chosen === null ? last : Math.min(chosen, last);
  }

  /** @param {number} frame */
  go(frame) {
    this.model.set("frame", frame >= this.frames - 1 ? null : frame);
    for (let next = frame + 1; next <= Math.min(frame + AHEAD, this.frames - 1); next++) {
      this.film?.frames.load(next);
    }
  }

  /** @param {number} frame */
  stepOf(frame) {
    const point = this.told && pointAt(this.told.points, frame);
    return point ? `step ${number(point.step)}` : "";
  }

  /** What the server tells of the run. @param {Told} told */
  tell(told) {
    this.told = told;
    const over = finished(told);
    if (!this.film && told.about && told.frames) this.begin(told.about);
    Object.assign(this.slider.range, { max: String(Math.max(1, told.frames - 1)) });
    if (over) within(this.model, this.el, "frame", { initial: null }, this.frames - 1);
    this.wheel.element.hidden = over || !this.mine;
    if (!over) this.wheel.show(told);
    this.say();
    this.offer();
    this.draw();
  }

  /** @param {NonNullable<Told["about"]>} about */
  begin(about) {
    this.film = new Film(this.id, about, { arrived: this.draw });
    this.pictures.replaceChildren(this.film.element);
    this.ends.push(onLayout(this.film.map.canvas, this.layout));
  }

  /** @param {string} problem @param {boolean} again */
  fail(problem, again) {
    setText(this.status, again ? `${problem} The page goes on asking.` : problem);
    setText(this.time, "");
    if (!again) {
      this.gone = true;
      this.wheel.element.hidden = true;
      this.offer();
    }
  }

  /** What is the matter with the run, in words. */
  say() {
    const { told } = this;
    if (!told) return;
    const { status, problem, place, wait_s: wait, left_s: left, points } = told;
    const last = points[points.length - 1];
    const elbo = points.findLast(({ validation }) => validation)?.validation?.elbo;
    const result = elbo === undefined ? "" : ` Validation ELBO ${signed(elbo, 1)} nats.`;
    const said = {
      queued: `${place ? `${ordinal(place)} in the line` : "In the line"}.`,
      running: "Under way.",
      paused: "Paused.",
      done: !told.specification
        ? "A checkpoint that was brought along."
        : `Done${last ? ` in ${duration(last.seconds)} of computing` : ""}.${result}`,
      stopped: `Stopped.${result}`,
      failed: problem,
      lost: problem || "The run is lost: the server was started anew.",
    };
    const look = this.mine || finished(told) ? "" : " Only who started it steers.";
    setText(
      this.status,
      `${said[status]}${status !== "failed" && status !== "lost" && problem ? ` ${problem}` : ""}${look}`,
    );
    const time = status === "queued" && wait
      ? ` About ${duration(wait)} to wait.`
      : status === "running" && left
      ? ` About ${duration(left)} left.`
      : "";
    setText(this.time, time);
    this.el.dataset.status = status;
  }

  /** What can be done now: a run that is over is taken home, or asked for again. */
  offer() {
    const { model, options } = this, told = this.gone ? null : this.told, over = !told || finished(told);
    this.after.hidden = !over && this.mine;
    const kind = over && told ? `${told.status} ${told.checkpoint}` : over ? "none" : "other";
    if (this.after.dataset.kind === kind) return;
    this.after.dataset.kind = kind;
    const again = (/** @type {Record<string, string>} */ words) => {
      for (const key of KEYS) model.set(key, words[key] ?? "");
      model.set("frame", null);
      put(model, "run", "");
    };
    const there = told?.checkpoint, asked = this.told?.specification; // none of what was brought along
    this.after.replaceChildren(...[
      button(
        over && asked ? "These settings again" : "A run of my own",
        () => again(asked ? wordsOf(options, asked) : {}),
        { className: "button primary" },
      ),
      told?.page && h(
        "a.button",
        { href: source.address(told.page, `?checkpoint=${this.id}`), "data-page": "" },
        "Explore it",
      ),
      told?.page && h(
        "a.button",
        { href: source.address("draw", `?checkpoint=${this.id}`), "data-page": "" },
        "Draw with it",
      ),
      told?.scene && h(
        "a.button",
        { href: `?scene=${told.scene}&run=${this.id}`, "data-scene": told.scene },
        "Its factors",
      ),
      there && h("a.button", { href: urlOf(`run/${this.id}/download`), download: "" }, "Download"),
      told && over && asked && h("a.button", {
        href: "?scene=compare",
        "data-scene": "compare",
        onclick: () => model.set("runs", sideBySideWith(this.id)),
      }, "Compare"),
      there && options.hub && this.publish.element,
    ].filter(Boolean));
  }

  redraw() {
    const { told, frame } = this, theme = themeOf(this.el);
    if (!told) return;
    const { points } = told, live = this.model.get("frame") === null;
    const point = live ? points[points.length - 1] : pointAt(points, frame);
    this.slider.show(Math.max(0, frame));
    if (!point) return;
    this.film?.show(theme, frame, { newest: live, sizes: pointAt(points, frame)?.scores?.sizes });
    if (this.drawn[0] !== points || this.drawn[1] !== theme.text) {
      this.curves.keep(theme, points);
      this.drawn = [points, theme.text];
    }
    this.curves.show(theme, live ? null : point.step);
    setText(this.when, `Step ${number(point.step)}${told.steps ? ` of ${number(told.steps)}` : ""}`);
    setText(this.phase, PHASES[point.phase]);
    this.add(point);
    this.film?.pictures.say(`step ${number(point.step)}`);
  }

  /** The ELBO of a point and its terms, which add up. @param {import("./record.js").Point} point */
  add({ terms, validation }) {
    const shown = validation?.terms ?? terms, names = Object.keys(shown);
    this.equation ??= this.equationOf(names);
    const values = addingUp(Object.values(shown), 1), sum = values.reduce((a, b) => a + b, 0);
    this.equation.show([...values, sum].map((value) => signed(value, 1)));
  }

  /** @param {string[]} names */
  equationOf(names) {
    const lines = ["solid", "dashed", "dotted"];
    const found = equation([
      ...names.map((name, k) => ({
        name: termName(name),
        sign: k ? "+" : "",
        color: COLORS[k % 3],
        line: lines[k % 3],
      })),
      { name: "ELBO, nats", sign: "=", color: ELBO },
    ]);
    this.sum.replaceChildren(found.element);
    return found;
  }
}
