// Small models that differ in what the label conditions, side by side: draws of the same labels in the same noise. It
// needs their generative weights alone.

import { followAnew, seedButton, segments } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { choice, seed } from "../../kit/params.js";
import { picture } from "../../kit/pictures.js";
import { whileStale } from "../../kit/slices.js";
import { write } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 *
 * Where a model is told of: under weights_NAME its weights, under about_NAME what is known of it. Its density is in MathML.
 * @typedef {{ name: string, title: string, density: string }} Kind
 */

const DRAWS = 20; // of each model: five rows of four
const BUDGET = 12; // ms of each frame: nothing else moves
const RANDOM = "random";
const LABELS = Array.from({ length: 10 }, (_, y) => String(y)); // they are of MNIST, whatever the page is about

export const params = { seed, label: choice({ initial: "3", of: [RANDOM, ...LABELS] }) };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    /** @type {Kind[]} */
    const kinds = model.get("kinds").filter((/** @type {Kind} */ { name }) => model.get(`weights_${name}`));
    if (!kinds.length) el.append(h("p.notice", {}, "The models of this scene are missing."));
    const columns = kinds.map(({ title, density }) => {
      const pictures = Array.from({ length: DRAWS }, () => picture());
      const worth = h("p");
      const formula = h("p.density", { innerHTML: density });
      const draws = h("div.draws", { role: "group", "aria-label": `Draws: ${title}` });
      draws.append(...pictures.map(({ element }) => element));
      return { pictures, draws, worth, element: h("section", {}, h("h3", {}, title), formula, worth, draws) };
    });
    const whole = h("div.columns", { "data-instrument": "" }, ...columns.map(({ element }) => element));
    const titles = Object.fromEntries([...LABELS.map((y) => [y, y]), [RANDOM, "at random"]]);
    const labels = segments(model, "label", "Label y", titles);
    el.append(
      whole,
      h(
        "div.controls",
        { "data-control": "" },
        h("span", {}, "Label y"),
        labels.element,
        seedButton(model, "Next draws"),
      ),
    );
    const load = () =>
      Promise.all(kinds.map(({ name }) => {
        const [p, about] = [model.get(`weights_${name}`), model.get(`about_${name}`)];
        return Promise.all([loadModel(/** @type {any} */ ({ p }), ["p"]), loadAbout(about)]);
      }));
    const unload = whenLoaded(el, load, (loaded) => {
      loaded.forEach(([, { record }], k) => {
        const { elbo, standard_error } = record.test;
        columns[k].worth.append(
          "test ELBO ",
          h("b", {}, signed(elbo, 1, "+")),
          ` ±\u00a0${signed(standard_error)}\u00a0nats`,
        );
      });
      return followAnew(model, ["seed", "label"], (signal) => {
        const work = draw(loaded.map(([engine]) => engine), columns, model);
        whileStale(columns.map(({ draws }) => draws), work, { signal, budget: BUDGET });
      });
    });
    return () => {
      unload();
      labels.end();
    };
  },
};

/**
 * Each image under its label, by every model in turn.
 * @param {any[]} engines
 * @param {{ pictures: ReturnType<picture>[], draws: HTMLElement }[]} columns
 * @param {Model} model
 */
function* draw(engines, columns, model) {
  const random = new Random(model.get("seed")), label = model.get("label");
  for (const { draws } of columns) draws.classList.toggle("alike", label !== RANDOM); // what all are, the control says
  for (let k = 0; k < DRAWS; k++) {
    const drawn = Math.floor(LABELS.length * random.uniform()), epsilon = random.normal(engines[0].latentDim);
    const y = label === RANDOM ? drawn : Number(label);
    for (const [m, engine] of engines.entries()) {
      columns[m].pictures[k].show(write(engine, epsilon, y), String(y));
      yield;
    }
  }
}
