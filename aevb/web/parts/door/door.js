// The door: a ring of digits that turns and can be turned, the tours, and cards that lead on.

import { button, follow } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { loadOnce } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { number } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Player } from "../../kit/player.js";
import { onNextFrame } from "../../kit/slices.js";
import { source } from "../../kit/source.js";
import { Ring } from "./ring.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {{ name: string, title: string, about: string, steps: number }} Tour
 */

const SECONDS = 40; // once around
const FRAMES = 1000; // of the player, all around

/** Where the mark is on the ring, in classes; null where nobody has touched it. */
export const params = { turn: number({ initial: null, least: 0, most: 100, digits: 2 }) };

export default part((model, el) => new Door(model, el));

class Door {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.turn = 0; // while it plays nobody has to know
    this.ring = new Ring(model.get("steps"), {
      to: (turn) => {
        this.player.stop();
        this.set(turn);
      },
      done: () => model.save_changes(),
    });
    this.player = new Player({
      seconds: SECONDS,
      frame: () => Math.round(FRAMES * this.turn / this.ring.classes),
      last: () => FRAMES,
      go: (frame) => {
        this.turn = this.ring.classes * frame / FRAMES;
        this.frame();
      },
      stopped: () => {
        this.set(this.ring.around(this.turn));
        model.save_changes();
      },
    });
    this.player.button.hidden = true;
    const place = h(
      "figure.ring",
      { "data-instrument": "", "data-control": "" },
      this.ring.canvas,
      this.player.button,
    );
    el.append(place, h("div.on", {}, this.tours(), ways()));
    this.frame = onNextFrame(() => this.ring.show(this.turn));
    this.ends = [
      this.frame.cancel,
      onLayout(place, () => {
        this.ring.layout(themeOf(el));
        this.ring.show(this.turn);
      }),
      follow(model, ["turn"], () => this.follow()),
      whenLoaded(place, () => load(model), (images) => {
        this.ring.fill(images);
        this.ring.show(this.turn);
        this.player.button.hidden = false;
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        if (model.get("turn") === null && !still) this.player.start();
      }, "Loading the digits …"),
    ];
  }

  end() {
    this.player.stop();
    for (const end of this.ends) end();
  }

  /** The link's place, if it has one. */
  follow() {
    const turn = this.model.get("turn");
    if (turn === null) return;
    this.player.stop();
    this.turn = this.ring.around(turn);
    this.frame();
  }

  /** @param {number} turn */
  set(turn) {
    this.model.set("turn", Math.round(100 * turn) / 100);
  }

  tours() {
    const { el } = this;
    const begin = (/** @type {string | File} */ chosen) =>
      el.dispatchEvent(new CustomEvent("tour", { bubbles: true, detail: chosen }));
    const cards = this.model.get("tours").map((/** @type {Tour} */ { name, title, about, steps }) =>
      h(
        "a.card",
        {
          href: source.address("", `?tour=${name}`),
          onclick: (/** @type {MouseEvent} */ event) => {
            if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            begin(name);
          },
        },
        h("h3", {}, title, h("small", {}, `${steps} steps`)),
        h("p", {}, about),
      )
    );
    const file = h("input", {
      type: "file",
      accept: ".txt,text/plain",
      hidden: true,
      "aria-label": "A tour of your own",
      onchange: () => {
        const [chosen] = file.files;
        file.value = ""; // so that the same file, mended, may be chosen again
        if (chosen) begin(chosen);
      },
    });
    const section = h(
      "section.tours",
      {
        ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
        ondrop: (/** @type {DragEvent} */ event) => {
          event.preventDefault();
          const [dropped] = event.dataTransfer?.files ?? [];
          if (dropped) begin(dropped);
        },
      },
      h(
        "header.controls",
        {},
        h("h3", {}, "Tours"),
        button("A tour of your own …", () => file.click(), {
          title: "A text file, chosen or dropped here; the README tells its form",
        }),
      ),
      file,
      ...cards,
    );
    return section;
  }
}

/** The ring's images, side by side. @param {Model} model */
function load(model) {
  const ring = model.get("ring");
  if (!ring) {
    return Promise.reject(new Error("The digits are missing: the VAE’s checkpoint is missing or damaged."));
  }
  return loadOnce(ring, "The ring of digits", (buffer) => new Uint8Array(buffer));
}

/** What else there is, as whole cards. */
function ways() {
  const card = (
    /** @type {string} */ title,
    /** @type {string} */ about,
    /** @type {Record<string, string>} */ to,
  ) => h("a.card", to, h("h3", {}, title), h("p", {}, about));
  return h(
    "nav.ways",
    { "aria-label": "On from here" },
    card("The one idea", "Evidence, bound and gap, to be moved by hand.", {
      href: source.address("", "?scene=idea"),
      "data-scene": "idea",
    }),
    card("Five models", "What each observes, what it infers, and its page.", {
      href: source.address("", "?scene=models"),
      "data-scene": "models",
    }),
    card("Draw a digit", "Four models answer while you draw.", {
      href: source.address("draw", ""),
      "data-page": "",
    }),
  );
}
