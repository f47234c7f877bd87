// An image's style under every label, and its z, left as it is, under every label; what it is worth given its own.

import { ownChoice } from "../../kit/choices.js";
import { digitChooser, follow, seedButton, subjectOf } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, one, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO, EVIDENCE, GENERATED } from "../../kit/palette.js";
import { seed } from "../../kit/params.js";
import { picture } from "../../kit/pictures.js";
import { whileBusy } from "../../kit/slices.js";
import { bound, style, terms, write } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const SAMPLES = 100; // K

export const params = { seed };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const chooser = digitChooser(model);
    let computing = new AbortController();
    const load = () => Promise.all([loadModel(model.get("checkpoint"), ["p", "q"]), subjectOf(model)]);
    const unload = whenLoaded(el, load, ([engine]) => {
      const labels = Array.from({ length: engine.choices }, (_, y) => y);
      const original = picture();
      const restyled = labels.map(() => picture()), kept = labels.map(() => picture());
      const row = (/** @type {ReturnType<picture>[]} */ pictures) =>
        h("div.row", {}, ...pictures.map(({ element }) => element));
      const worth = equation([
        { name: "log p(x | z, y)", color: GENERATED },
        { name: "KL(q ‖ p(z | y))", sign: "−", color: DATA, line: "dashed" },
        { name: "ELBO, one sample", sign: "=", color: ELBO, line: "double" },
        { name: "bound, K = 100", color: EVIDENCE, line: "dotted" },
      ]);
      const given = h("span");
      el.append(h(
        "div.layout",
        {},
        h("div.original", {}, original.element),
        h("div.choice", { "data-control": "" }, chooser.element),
        h(
          "div.worth",
          {},
          worth.element,
          h("p.controls", {}, seedButton(model, "Resample z"), given),
        ),
        h(
          "section.styles",
          { "data-instrument": "" },
          h(
            "h3",
            {},
            "Its ",
            h("b", {}, "style"),
            " under all labels: ε = (z − μ(y)) / σ(y), then z′ = μ(y′) + σ(y′) ε",
          ),
          row(restyled),
        ),
        h(
          "section",
          {},
          h(
            "h3",
            {},
            "The same ",
            h("b", {}, "z"),
            " under all labels: little changes, for z itself tells the label",
          ),
          row(kept),
        ),
      ));

      /** @type {{ x: Float32Array, own: number, bound: number | null } | null} */
      let shown = null;
      const writeWorth = () => {
        if (!shown) return;
        const { reconstruction, minus_kl_z } = terms(
          engine,
          shown.x,
          shown.own,
          new Random(model.get("seed")),
        );
        const [likelihood, minusKl] = addingUp([reconstruction, minus_kl_z]);
        const bound = shown.bound === null ? null : signed(shown.bound);
        worth.show([signed(likelihood), signed(-minusKl), signed(likelihood + minusKl), bound]);
      };
      const ends = [
        whenSubject(el, model, ({ pixels, label, title }) => {
          const x = engine.observe(pixels), own = ownChoice(engine, x, label) ?? 0;
          original.show(pixels, label === null ? `${title}, taken for ${one(own)}` : title);
          given.textContent = `in nats, given the label ${own}${label === null ? ", a guess" : ""}`;
          const z = engine.encode(x, own).loc, epsilon = style(engine, z, own);
          for (const y of labels) {
            const mine = y === own, said = mine ? `${y}, its own` : String(y);
            restyled[y].show(write(engine, epsilon, y), said);
            kept[y].show(engine.decode(z, y), said);
            for (const { canvas } of [restyled[y], kept[y]]) canvas.classList.toggle("marked", mine);
          }
          const found = shown = { x, own, bound: /** @type {number | null} */ (null) };
          writeWorth();
          computing.abort();
          computing = new AbortController();
          const { signal } = computing;
          whileBusy(worth.element, bound(engine, x, own, SAMPLES, new Random(0)), { signal }).then(
            (value) => {
              if (value === undefined) return;
              found.bound = value;
              writeWorth();
            },
          );
        }),
        follow(model, ["seed"], writeWorth),
      ];
      return () => ends.forEach((end) => end());
    });
    return () => {
      unload();
      chooser.end();
      computing.abort();
    };
  },
};
