// Train: a run is asked for, watched and steered; several are compared; or a factor analysis is looked at by what it has
// learnt. They are computed on the server; their names stand in the link.

import { follow } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { whenLoaded } from "../../kit/notice.js";
import { number, text } from "../../kit/params.js";
import { Compare, params as compared } from "./compare.js";
import { withOwn } from "./brought.js";
import { Learnt, params as latent } from "./factors.js";
import { Form } from "./form.js";
import { params as settings } from "./specification.js";
import { Watch } from "./watch.js";
import { ask } from "./wire.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

export const params = {
  run: text({ form: /^[\w-]{4,64}$/, entry: true }),
  frame: number({ initial: null, least: 0, most: 9999 }),
  ...settings,
  ...compared,
  ...latent,
};

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    /** @type {{ end(): void } | null} */
    let view = null;
    const unload = whenLoaded(
      el,
      async () => withOwn(await ask("options"), String(model.get("data") ?? "")),
      (/** @type {import("./specification.js").Options} */ options) => {
        if (!options.training) {
          const problem = "Training is switched off on this server.";
          el.replaceChildren(h("p.notice", { role: "alert", "data-ready": "" }, problem));
          return;
        }
        if (model.get("compares")) {
          view = new Compare(model, el, options);
          return;
        }
        if (model.get("factors")) {
          view = new Learnt(model, el);
          return;
        }
        const first = model.get("first"); // the model that is offered before any is chosen
        options.models.sort((a, b) => Number(b.name === first) - Number(a.name === first));
        return follow(model, ["run"], () => {
          view?.end();
          delete el.dataset.status;
          const id = model.get("run");
          view = id ? new Watch(model, el, options, id) : new Form(model, el, options);
        });
      },
      "Asking what can be trained here …",
    );
    return () => {
      unload();
      view?.end();
    };
  },
};
