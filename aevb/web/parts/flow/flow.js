// An image's way through the model: x, the posterior q(z | x), a draw z, what it decodes to; and the ELBO in its terms.

import { digitChooser, follow, seedButton } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO, EVIDENCE, GENERATED } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { seed } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { inSlices } from "../../kit/slices.js";
import { drawWhiskers } from "../../kit/whiskers.js";
import { argsort } from "../../engine/arithmetic.js";
import { draw } from "../../engine/densities.js";
import { bound, components, mostProbable, terms } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const SAMPLES = 100; // of the importance bound

export const params = { seed };

export default part((model, el) => new Flow(model, el));

class Flow {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    const chooser = digitChooser(model);
    this.x = picture("large");
    this.lambda = picture("large");
    this.whiskers = new Panel(h("canvas.live", { role: "img", tabIndex: -1 }));
    this.numbers = equation([
      { name: "log p(x | z)", color: GENERATED },
      { name: "KL(q ‖ p)", sign: "−", color: DATA, line: "dashed" },
      { name: "ELBO, one sample", sign: "=", color: ELBO, line: "double" },
      {
        name: "bound, K = 100",
        color: EVIDENCE,
        line: "dotted",
        title: "in expectation it lies between the ELBO and log p(x)",
      },
    ]);
    const arrow = (/** @type {string} */ name, /** @type {string} */ under) =>
      h("div.arrow", { "aria-hidden": "true" }, h("span", {}, name), h("i"), h("span", {}, under));
    el.append(
      h("div.controls", { "data-control": "" }, chooser.element, seedButton(model, "Resample z")),
      h(
        "div.stages",
        { "data-instrument": "" },
        this.x.element,
        arrow("encoder", "q"),
        h(
          "figure.picture.posterior",
          {},
          this.whiskers.canvas,
          h("figcaption", {}, "q(z | x): μ ± σ, and ◆ a draw z; grey: the prior"),
        ),
        arrow("decoder", "p"),
        this.lambda.element,
      ),
      this.numbers.element,
    );
    this.computing = new AbortController();
    /** @type {any} */
    this.engine = null;
    /** The image as the model sees it, and its q. @type {any} */
    this.reading = null;
    /** Of the z that is drawn, in words. @type {string[]} */
    this.sampled = [];
    /** @type {string | null} */
    this.bound = null;
    /** @type {(() => void)[]} */
    this.ends = [chooser.end, onLayout(el, () => this.draw())];
    const load = () =>
      Promise.all([loadAbout(model.get("checkpoint").about), loadModel(model.get("checkpoint"), ["p", "q"])]);
    this.ends.push(whenLoaded(el, load, ([about, engine]) => {
      this.engine = engine;
      this.order = argsort(about.measures.use);
      this.ends.push(whenSubject(el, model, (subject) => this.read(subject)));
      this.ends.push(follow(model, ["seed"], () => this.sample()));
    }));
  }

  end() {
    this.computing.abort();
    for (const end of this.ends) end();
  }

  /** @param {import("../../kit/controls.js").Subject} subject */
  read(subject) {
    const { engine } = this, { pixels, label, title } = subject, x = engine.observe(pixels);
    const mixture = components(engine, x, label);
    this.subject = subject;
    this.reading = { x, mixture, ...mostProbable(mixture) };
    this.bound = null;
    this.x.show(pixels, `x: ${title}`);
    this.sample();
    this.computing.abort();
    this.computing = new AbortController();
    inSlices(bound(engine, x, label, SAMPLES, new Random(SAMPLES)), { signal: this.computing.signal })
      .then((value) => {
        if (value === undefined) return;
        this.bound = signed(value);
        this.tell();
      });
  }

  /** Another z of the same image: the bound stays, which is of its own. */
  sample() {
    if (!this.reading) return;
    const { engine, reading: { x, mixture, q, y }, subject } = this, seed = this.model.get("seed");
    const found = terms(engine, x, subject?.label ?? null, new Random(seed), mixture);
    const z = this.z = draw(q, new Random(seed));
    this.lambda.show(engine.decode(z, y), "λ, decoded from z");
    const [likelihood, minusKl] = addingUp([found.reconstruction, found.minus_kl_z]);
    this.sampled = [signed(likelihood), signed(-minusKl), signed(likelihood + minusKl)];
    this.draw();
    this.tell();
  }

  tell() {
    this.numbers.show([...this.sampled, this.bound]);
  }

  draw() {
    const { whiskers, reading } = this;
    if (!reading || !whiskers.fit()) return;
    const theme = themeOf(this.el),
      { z } = this,
      { q } = reading,
      left = 2.4 * theme.size,
      bottom = 2.6 * theme.size;
    const box = { left, top: 6, width: whiskers.width - left - 4, height: whiskers.height - bottom - 6 };
    whiskers.show((context) => {
      drawWhiskers(context, theme, box, { ...q, z, order: this.order ?? [], color: DATA, drawn: GENERATED });
      Object.assign(context, { textAlign: "center", textBaseline: "bottom", fillStyle: theme.text });
      context.font = `${theme.size}px ${theme.font}`;
      context.fillText("dimension of z", box.left + box.width / 2, whiskers.height);
    });
    whiskers.canvas.setAttribute(
      "aria-label",
      `The posterior of ${this.subject?.title}, dimension by dimension`,
    );
  }
}
