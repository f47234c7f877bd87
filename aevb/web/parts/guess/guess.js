// Which choice an image is of: p(y | x) by Bayes' rule where the model observes its labels, q(y | x) where it infers
// its clusters, and then the ELBO that comes of it.

import { choicesOf, FEW_SAMPLES, inWords } from "../../kit/choices.js";
import { digitChooser, follow, seedButton, subjectOf } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, one, probability, signed, stated } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO, EVIDENCE, GAP, GENERATED } from "../../kit/palette.js";
import { seed } from "../../kit/params.js";
import { picture } from "../../kit/pictures.js";
import { whileBusy } from "../../kit/slices.js";
import { argmax, softmax, sum } from "../../engine/arithmetic.js";
import { bound, labelBounds, terms } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";
import { finish } from "../../engine/steps.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/controls.js").Subject} Subject
 * @typedef {import("../../kit/choices.js").Choices} Choices
 */

/** How it is said of what a choice is. */
const WORDS = {
  label: {
    share: "p(y | x)",
    best: "guess",
    found: (/** @type {string} */ name) => name.replace("label", "Guess:"),
    right: () => "right",
    wrong: (/** @type {number} */ label) => `but it is ${one(label)}`,
  },
  cluster: {
    share: "q(y | x)",
    best: "its cluster",
    found: (/** @type {string} */ name) => `In the ${name}`,
    right: (/** @type {number} */ label) => `that is the one matched with its label, ${label}`,
    wrong: (/** @type {number} */ label) => `its label, ${label}, is matched with another`,
  },
};

export const SAMPLES = 100; // K of the bounds in the end; at once they are of FEW_SAMPLES
const BUDGET = 10; // ms of a frame: nothing else moves

export const params = { seed };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const chooser = digitChooser(model);
    const unload = whenLoaded(el, () => {
      const checkpoint = model.get("checkpoint");
      return Promise.all([
        loadModel(checkpoint, ["p", "q"]),
        loadAbout(checkpoint.about),
        subjectOf(model),
      ]);
    }, ([engine, about]) => {
      const guess = new Guess(model, engine, about, chooser.element);
      el.append(guess.element);
      const ends = [
        whenSubject(el, model, (subject) => guess.show(subject)),
        follow(model, ["seed"], () => guess.writeTerms()),
        () => guess.end(),
      ];
      return () => ends.forEach((end) => end());
    });
    return () => {
      unload();
      chooser.end();
    };
  },
};

class Guess {
  /** @param {Model} model @param {any} engine @param {any} about @param {HTMLElement} chooser */
  constructor(model, engine, about, chooser) {
    this.model = model;
    this.engine = engine;
    this.choices = /** @type {Choices} */ (choicesOf(about));
    const { numbers, of, titles } = this.choices;
    /** The class that each choice shown stands for. @type {number[]} */
    this.classes = about.labelled ? numbers : numbers.map((y) => about.measures.class_of?.[y] ?? -1);
    this.ended = new AbortController();
    this.original = picture();
    this.decoded = picture();
    this.verdict = h("p.verdict", { role: "status" });
    this.rows = titles.map((title) => {
      const note = h("small"), bar = h("div.bar"), value = h("td.number"), share = h("td.number");
      const element = h("tr", {}, h("th", { scope: "row" }, title, note), h("td", {}, bar), value, share);
      return { element, note, bar, value, share };
    });
    this.words = WORDS[of];
    this.measured = h("td", { colSpan: 2 });
    const column = (/** @type {string} */ name) => h("th", { scope: "col" }, name);
    const head = h("tr", {}, column(`${of} y`), this.measured, column(this.words.share));
    this.worth = equation([
      { name: "log p(x | z)", color: GENERATED },
      { name: "KL(z)", sign: "−", color: DATA, line: "dashed" },
      { name: "KL(y)", sign: "−", color: GAP, line: "dotted" },
      { name: "ELBO, one z for each y", sign: "=", color: ELBO, line: "double" },
      { name: "bound, K = 100", color: EVIDENCE, line: "dotted" },
    ]);
    /** In nats, once it is computed. @type {number | null} */
    this.bound = null;
    this.element = h(
      "div.layout",
      {},
      h("div.pictures", {}, this.original.element, this.decoded.element),
      h("div.choice", { "data-control": "" }, chooser),
      this.verdict,
      h(
        "table",
        { "data-instrument": "" },
        h("thead", {}, head),
        h("tbody", {}, ...this.rows.map(({ element }) => element)),
      ),
      engine.labelled ? "" : h(
        "div.worth.controls",
        {},
        seedButton(model, "Resample z"),
        this.worth.element,
        h("span", {}, "in nats"),
      ),
    );
  }

  end() {
    this.ended.abort();
  }

  /** @param {Subject} subject */
  show(subject) {
    this.ended.abort();
    this.ended = new AbortController();
    const { engine } = this, { signal } = this.ended, x = engine.observe(subject.pixels);
    this.subject = subject;
    this.x = x;
    this.original.show(subject.pixels, subject.title);
    if (engine.labelled) {
      this.showBounds(finish(labelBounds(engine, x, FEW_SAMPLES, new Random(0))), FEW_SAMPLES);
      whileBusy(this.element, labelBounds(engine, x, SAMPLES, new Random(0)), { signal, budget: BUDGET })
        .then((bounds) => bounds && this.showBounds(bounds, SAMPLES));
    } else {
      const weights = engine.weigh(x), shares = this.choices.numbers.map((y) => weights[y]);
      this.showShares(shares, shares);
      this.bound = null;
      this.writeTerms();
      whileBusy(this.element, bound(engine, x, null, SAMPLES, new Random(0)), { signal, budget: BUDGET })
        .then((found) => {
          if (found === undefined) return;
          this.bound = found;
          this.writeTerms();
        });
    }
  }

  /** The ELBO in its terms, with the z of the seed. */
  writeTerms() {
    if (!this.x || this.engine.labelled) return;
    const { reconstruction, minus_kl_z, minus_kl_y = 0 } = terms(
      this.engine,
      this.x,
      null,
      new Random(this.model.get("seed")),
    );
    const [likelihood, ...minusKl] = addingUp([reconstruction, minus_kl_z, minus_kl_y]);
    this.worth.show([
      signed(likelihood),
      ...minusKl.map((value) => signed(-value)),
      signed(likelihood + sum(minusKl)),
      this.bound === null ? null : signed(this.bound),
    ]);
  }

  /** @param {Float32Array} bounds on log p(x | y), by label @param {number} samples */
  showBounds(bounds, samples) {
    const best = Math.max(...bounds), below = Array.from(bounds, (value) => best - value);
    setText(this.measured, `nats below the best, by bounds of K = ${samples}`);
    this.showShares(Array.from(softmax(bounds)), below.map((value) => 1 - value / Math.max(...below)), below);
  }

  /**
   * @param {number[]} shares of the choices as they are shown
   * @param {number[]} lengths of their bars
   * @param {number[]} [below] what each lacks to the best, in nats
   */
  showShares(shares, lengths, below) {
    const { label } = /** @type {Subject} */ (this.subject), best = argmax(shares);
    this.rows.forEach(({ element, note, bar, value, share }, k) => {
      const own = label !== null && this.classes[k] === label;
      element.classList.toggle("own", own);
      element.classList.toggle("best", k === best);
      setText(note, [k === best && this.words.best, own && "true label"].filter(Boolean).join(", "));
      bar.style.width = `${100 * lengths[k]}%`;
      setText(value, below ? (k === best ? "best" : signed(below[k], below[k] < 10 ? 1 : 0)) : "");
      setText(share, probability(shares[k]));
    });
    this.say(best, shares[best], label);
    const { numbers } = this.choices, y = numbers[best];
    const { engine, x } = this;
    this.decoded.show(
      engine.decode(engine.encode(x, y).loc, y),
      `decoded, ${inWords(this.choices, best)}`,
    );
  }

  /** @param {number} best @param {number} share @param {number | null} label */
  say(best, share, label) {
    const { words, choices } = this, sure = stated(share);
    const end = label === null
      ? `${this.subject?.drawn ? "a drawing" : "this image"} has no label to compare with`
      : this.classes[best] === label
      ? words.right(label)
      : words.wrong(label);
    this.verdict.replaceChildren(
      h("b", {}, words.found(inWords(choices, best))),
      `, ${words.share} ${sure}; ${end}.`,
    );
  }
}
