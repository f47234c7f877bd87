// The test set where the encoder puts it, projected to a plane: move over it, point at a digit, compare those in a loop,
// decode what lies between them.

import { choicesOf, inWords } from "../../kit/choices.js";
import { loadClusters } from "../../kit/clusters.js";
import { chooseDigit, digitChooser, follow, segments } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { loadLatents } from "../../kit/latents.js";
import { loadAbout, loadModel, loadOnce } from "../../kit/loading.js";
import { whenever, whenLoaded } from "../../kit/notice.js";
import { onLayout } from "../../kit/panel.js";
import { choice, number, numbers, unread } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { paint } from "../../kit/pictures.js";
import { marker } from "../../kit/plot.js";
import { nearest } from "../../engine/explore.js";
import { bar } from "./bar.js";
import { Chosen } from "./chosen.js";
import { Compared } from "./compared.js";
import { Gestures } from "./gestures.js";
import { Lasso, loop } from "./lasso.js";
import { Lens } from "./lens.js";
import { cross, lasso, neighbour, target } from "./marks.js";
import { COLORS, colouredAs, NONE, Picture } from "./picture.js";
import { inverseDistances, Points } from "./points.js";
import { NEIGHBOURS, Swept } from "./swept.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/choices.js").Choices} Choices
 * @typedef {import("../../kit/clusters.js").Clusters} Clusters
 */

/** @type {Record<string, string>} */
const PROJECTIONS = { tsne: "t-SNE", umap: "UMAP", pca: "PCA", style: "PCA of ε" };
const TOOLS = { explore: "Explore", lasso: "Lasso", sweep: "Sweep" };
const HELP = {
  explore: "Drag to move, pinch or turn the wheel to zoom, click a point to load its digit.",
  lasso: "Draw a loop around some points, or click its corners and then the first one again.",
  sweep: "Move the pointer, also between the points.",
};
const POOR =
  "No t-SNE or UMAP is recorded with this checkpoint, so that PCA is shown. “python -m aevb map” makes them.";

export const params = {
  map: choice({ initial: "tsne", of: Object.keys(PROJECTIONS) }),
  by: choice({ initial: "cluster", of: ["cluster", "digit"] }),
  tool: choice({ initial: "explore", of: Object.keys(TOOLS) }),
  /** Across and up, in shares of the map, and the zoom. */
  view: numbers({ reach: 60, digits: 4, count: 3 }),
  /** The class that is shown alone. */
  only: number({ initial: null, least: 0, most: NONE }),
  loop,
};

export default part((model, el) => new DigitMap(model, el));

class DigitMap {
  labels = new Uint8Array(0);
  /** @type {Clusters | null} */
  clusters = null;
  /** @type {Choices | null} */
  choices = null;
  /** The class of each cluster, −1 where it has none. @type {number[]} */
  classOf = [];
  /** 1 for the points of other classes than the one that is shown alone: they take no part. @type {Uint8Array | null} */
  out = null;
  under = -1; // the point that is pointed at
  picking = 0; // counts how often the digits of a loop were asked for
  /** @type {any} */
  engine = null;
  /** The latent values of all test images, styles ε or means of z. @type {{ values: Float32Array, styles: boolean } | null} */
  latents = null;
  unneed = () => {};
  /** The points under a sweep, nearest first. @type {{ found: number[], weights: number[] } | null} */
  between = null;
  /** Those nearest to a drawing. @type {number[]} */
  near = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  hinting = undefined;

  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.checkpoint = model.get("checkpoint");
    this.digits = digitsAt(model.get("digits"));
    this.known = Math.min(this.digits.classes.length, NONE); // how many classes have a colour
    // The stage
    this.canvas = h("canvas.points.live", {
      tabIndex: 0,
      role: "application",
      "aria-roledescription": "map",
    });
    this.tipImage = h("canvas.pixels", { width: 28, height: 28 });
    this.tipName = h("figcaption");
    this.tip = h("figure.tip", { "aria-hidden": "true", hidden: true }, this.tipImage, this.tipName);
    this.hinted = h("p.hint", { "aria-hidden": "true", hidden: true });
    this.stage = h("div.stage", { "data-instrument": "" }, this.canvas, this.tip, this.hinted);
    this.picture = new Picture(this.canvas, {
      look: () => this.look(),
      mark: (context, { text }) => this.mark(context, text),
      chosen: () => this.model.get("strokes") ? -1 : this.model.get("digit"),
    });
    this.lasso = new Lasso(model, () => this.projection);
    this.lens = new Lens(this.digits, () => this.picture.request());
    this.gestures = this.listen();
    this.bar = bar(model, this.known, {
      in: () => this.zoom(1.6),
      out: () => this.zoom(1 / 1.6),
      whole: () => this.turnView((view) => view.whole()),
      chosen: () => this.turnView((view) => view.centre(this.placeOf(this.marked[0]))),
    });
    // The side
    this.help = h("p.help");
    this.spoken = h("p.spoken", { role: "status" });
    this.place = h("div.side");
    this.chosen = new Chosen(model, this.place, () => this.meet());
    this.rings = h("p", { hidden: true }, `Ringed: the ${NEIGHBOURS} test digits nearest to it.`);
    this.compared = new Compared(model, this.digits, this.known, {
      all: () => this.enclose(),
      clear: () => this.clear(),
      name: (i) => this.name(i),
    });
    this.swept = new Swept();
    this.ends = [...this.build(), ...this.follow()];
  }

  end() {
    for (const end of this.ends) end();
    this.unneed();
    clearTimeout(this.hinting);
    this.picture.end();
    this.chosen.end();
    this.compared.end();
  }

  build() {
    const { model, el, checkpoint: { maps, clusters } } = this;
    const titles = Object.fromEntries(Object.keys(maps).map((method) => [method, PROJECTIONS[method]]));
    const tool = segments(model, "tool", "What a drag or a press does", TOOLS);
    const projection = segments(model, "map", "Projection", titles);
    projection.element.addEventListener("click", () => model.set("view", null), { capture: true });
    const by = segments(model, "by", "Colours by", { cluster: "cluster", digit: "digit" });
    const chooser = digitChooser(model);
    this.explore = h("div.part", {}, this.chosen.element, this.rings, chooser.element);
    this.place.append(this.explore, this.compared.element, this.swept.element);
    const said = h(
      "div.said",
      {},
      tool.element,
      this.help,
      projection.element,
      !("tsne" in maps || "umap" in maps) && h("p", {}, POOR),
      clusters && h("div.named", {}, h("span", {}, "Colours by"), by.element),
    );
    el.append(this.stage, this.bar.element, said, this.place, this.spoken);
    return [tool.end, projection.end, by.end, chooser.end, this.bar.end];
  }

  /** Follows the link. */
  follow() {
    const { model, picture } = this;
    return [
      follow(model, ["map"], () => this.expect()),
      follow(model, ["tool"], () => this.turn()),
      whenever(
        this.stage,
        model,
        ["map"],
        () => this.load(),
        (loaded) => this.arrive(loaded),
        "Loading the map …",
      ),
      follow(model, ["by"], () => this.recolour()),
      follow(model, ["only"], () => this.isolate()),
      follow(model, ["loop"], () => this.pick()),
      follow(model, ["view"], () => this.takeView()),
      follow(model, ["digit", "strokes"], () => picture.request()),
      whenLoaded(this.place, () => loadModel(this.checkpoint, ["p", "q"]), (engine) => {
        this.engine = engine;
        this.chosen.learn(engine);
      }),
      onLayout(this.stage, () => picture.layout()),
    ];
  }

  // What is fetched

  /** A projection that this checkpoint lacks is told, and another shown. */
  expect() {
    const { model, el, checkpoint: { maps } } = this;
    if (!(model.get("map") in maps) && model.get("map") !== params.map.initial) unread(el, "map");
    model.set("map", this.projection);
  }

  /** Which is shown: a lesson that leaves the link's value as it is may name one that is not there. @returns {string} */
  get projection() {
    const { model, checkpoint: { maps } } = this, said = model.get("map");
    return said in maps ? said : Object.keys(maps)[0];
  }

  /** @param {string} projection @returns {Promise<Points>} */
  pointsOf(projection) {
    return loadOnce(this.checkpoint.maps[projection], "The map", (buffer) => new Points(buffer));
  }

  load() {
    const { about, clusters } = this.checkpoint;
    return Promise.all([
      this.pointsOf(this.projection),
      this.digits.loadLabels(),
      loadAbout(about),
      clusters ? loadClusters(clusters) : null,
    ]);
  }

  /** @param {[Points, Uint8Array, any, Clusters | null]} loaded */
  arrive([points, labels, about, clusters]) {
    Object.assign(this, { labels, clusters, choices: choicesOf(about) });
    this.classOf = about.measures.class_of ?? [];
    this.picture.take(points);
    this.picture.view.take(this.model.get("view"), points);
    this.lasso.drop();
    this.recolour();
    this.pick();
    this.need();
    this.picture.layout();
  }

  get points() {
    return this.picture.points;
  }

  /** Whether the map is of the styles ε. */
  get styled() {
    return this.projection === "style";
  }

  /** Loads the latent values where they are needed: for a sweep, and for what is near a drawing. */
  need() {
    const { checkpoint, digits, styled: styles } = this, kind = styles ? "styles" : "means";
    this.unneed();
    this.near = [];
    this.rings.hidden = true;
    if (this.model.get("tool") !== "sweep" && !this.drawing) return;
    this.unneed = whenLoaded(this.place, () => loadLatents(checkpoint, kind, digits), (values) => {
      this.latents = { values, styles };
      if (this.drawing && this.engine) {
        this.near = nearest(values, this.chosen.encode()[this.styled ? "epsilon" : "z"], NEIGHBOURS);
      }
      this.rings.hidden = !this.near.length;
      this.picture.request();
    }, "Loading the latent values …");
  }

  /** Whether what is shown is a drawing, which has no point of its own. */
  get drawing() {
    return Boolean(this.chosen.subject?.drawn);
  }

  /** Another digit or drawing is there. */
  meet() {
    this.need();
    this.picture.request();
  }

  // What the points look like

  get byCluster() {
    return Boolean(this.clusters) && this.model.get("by") === "cluster";
  }

  recolour() {
    const { picture, labels, clusters, classOf, known } = this;
    if (!this.points) return;
    picture.classes = clusters && this.byCluster
      ? clusters.of.map((cluster) => colouredAs(classOf[cluster], known))
      : labels.map((label) => colouredAs(label, known));
    this.bar.unmatched(picture.classes.includes(NONE));
    this.isolate();
  }

  /** Shows the points of one class alone, if the link says one: the others fade and take no part. */
  isolate() {
    const { picture, points, known } = this, only = this.model.get("only"), { classes } = picture;
    if (only !== null && only >= known && only !== NONE) return unread(this.el, "only");
    if (!points) return;
    const alone = classes.includes(only);
    this.out = alone ? classes.map((value) => Number(value !== only)) : null;
    picture.numerals = points.medians(classes, NONE).map((own, value) =>
      alone && value !== only ? null : own
    );
    this.between = null;
    this.compare();
  }

  /** Finds the digits within the link's loop, wherever it was drawn. */
  async pick() {
    const { said } = this.lasso, mine = ++this.picking;
    if (!this.points) return;
    if (said && !(said.projection in this.checkpoint.maps)) return unread(this.el, "loop");
    const points = said && await this.pointsOf(said.projection).catch(() => null);
    if (mine !== this.picking) return;
    this.lasso.take(points, said?.shares ?? [], points === this.points);
    this.compare();
  }

  compare() {
    const { points, out, lasso: { chosen }, picture } = this;
    if (!points) return;
    const shown = out ? chosen.filter((i) => !out[i]) : chosen;
    picture.faded = out;
    if (chosen.length) {
      picture.faded = new Uint8Array(points.count).fill(1);
      for (const i of shown) picture.faded[i] = 0;
      this.say(`${shown.length} digits compared`);
    }
    this.compared.show(shown, this.labels);
    picture.request();
  }

  /** @param {number} i */
  name(i) {
    const { choices, clusters } = this, name = this.digits.title(i);
    if (!choices || !clusters || !this.byCluster) return name;
    return `${name}, in the ${inWords(choices, choices.numbers.indexOf(clusters.of[i]))}`;
  }

  get alt() {
    const method = this.styled ? "PCA of the styles" : `${PROJECTIONS[this.projection]} of the latent means`;
    return `${method} of the test images, coloured by ${this.byCluster ? "cluster" : "digit"}`;
  }

  // What the visitor does

  /** @returns {Gestures} */
  listen() {
    const { model, lasso, picture: { view } } = this;
    return new Gestures(this.canvas, {
      kind: (event) => {
        this.picture.flight = null;
        const tool = model.get("tool");
        if (event.shiftKey || tool === "lasso") return "lasso";
        return tool === "sweep" && event.pointerType === "touch" ? "sweep" : "pan";
      },
      pan: (dx, dy) => this.turnView((view) => view.shift(dx, dy)),
      zoom: (factor, about) => this.zoom(factor, about),
      whole: () => this.turnView((view) => view.whole()),
      point: () => {
        this.picture.request();
        if (this.gestures.byKeyboard) this.speak();
      },
      click: (at, reach, kind) => {
        if (!this.points) return;
        if (kind === "lasso") this.corner(at, reach);
        else this.choose(this.nearestTo(at, reach));
      },
      draw: (at, begins) => {
        if (begins) model.set("tool", "lasso");
        lasso.draw(view.toMap(at), begins);
      },
      undraw: () => lasso.undraw(),
      enter: () => {
        if (model.get("tool") !== "lasso") this.choose(this.under);
        else if (lasso.corners.length >= 6 && this.points) lasso.finish(this.points, lasso.corners);
        else this.enclose();
      },
      clear: () => this.clear(),
      done: (drawn) => {
        if (drawn && this.points) lasso.finish(this.points, lasso.drawn);
        model.save_changes();
        this.picture.request();
      },
      hint: (words) => this.hint(words),
    });
  }

  turn() {
    const { model, explore, compared, swept } = this;
    /** @type {keyof typeof TOOLS} */
    const tool = model.get("tool");
    if (tool !== "lasso") this.lasso.drop();
    this.canvas.classList.toggle("aiming", tool !== "explore");
    this.help.textContent = HELP[tool];
    explore.hidden = tool !== "explore";
    compared.element.hidden = tool !== "lasso";
    swept.element.hidden = tool !== "sweep";
    this.need();
    this.picture.request();
  }

  /** @param {(view: import("./view.js").View) => void} turn */
  turnView(turn) {
    const { picture: { view }, points } = this;
    if (!points) return;
    turn(view);
    this.model.set("view", view.said(points));
    this.picture.request();
  }

  takeView() {
    const { picture: { view }, points } = this, said = this.model.get("view");
    if (!points || String(said) === String(view.said(points))) return;
    view.take(said, points);
    this.picture.request();
  }

  /** @param {number} factor @param {number[]} [about] */
  zoom(factor, about) {
    const { view } = this.picture, before = view.zoom;
    this.turnView(() => view.zoomBy(factor, about));
    return view.zoom !== before;
  }

  /** @param {number} digit −1 for none */
  choose(digit) {
    if (digit < 0) return;
    chooseDigit(this.model, digit);
    this.say(`${this.name(digit)} is loaded`);
  }

  /** One more corner of a loop; the first one again closes it. @param {number[]} at @param {number} reach */
  corner(at, reach) {
    const { lasso, points, picture: { view } } = this, first = view.toScreen(lasso.corners);
    this.model.set("tool", "lasso");
    if (lasso.corners.length >= 6 && points && Math.hypot(first[0] - at[0], first[1] - at[1]) <= reach) {
      return lasso.finish(points, lasso.corners);
    }
    lasso.add(view.toMap(at));
    this.say(`corner ${lasso.corners.length / 2}`);
  }

  /** The loop is around all that is in view. */
  enclose() {
    const { points, picture: { view } } = this, { width, height } = view;
    const corners = [[0, 0], [width, 0], [width, height], [0, height]];
    if (points) this.lasso.finish(points, corners.flatMap((corner) => view.toMap(corner)));
  }

  clear() {
    this.lasso.clear();
    this.picture.request();
  }

  /** @param {string} words */
  hint(words) {
    Object.assign(this.hinted, { textContent: words, hidden: false });
    clearTimeout(this.hinting);
    this.hinting = setTimeout(() => (this.hinted.hidden = true), 1600);
  }

  /** @param {string} words */
  say(words) {
    setText(this.spoken, words);
  }

  speak() {
    if (!this.points) return;
    this.look();
    this.say(this.under >= 0 ? this.name(this.under) : "no digit here");
  }

  // What is seen

  /** The chosen digit; of a drawing those nearest to it. @returns {number[]} */
  get marked() {
    return this.model.get("strokes") ? this.near : [this.model.get("digit")];
  }

  /** @param {number | undefined} i the middle for none */
  placeOf(i) {
    const { points, picture: { view } } = this;
    return points && i !== undefined ? [points.places[2 * i], points.places[2 * i + 1]] : view.middle;
  }

  /** @param {number[]} at @param {number} reach */
  nearestTo(at, reach) {
    const { picture: { view } } = this, points = /** @type {Points} */ (this.points);
    const { found, distances } = points.nearest(view.toMap(at), 1, this.out);
    return distances[0] * view.scale <= reach ? found[0] : -1;
  }

  /** What the pointer is at: the digit under it, and in a sweep the image decoded there. */
  look() {
    const { gestures: { pointer, dragging, reach }, picture } = this;
    this.under = pointer && !picture.flight && !dragging ? this.nearestTo(pointer, reach) : -1;
    const name = this.under >= 0 ? `: ${this.name(this.under)}` : "";
    const label = `${this.alt}${name}. Arrow keys move it, plus and minus zoom, Enter loads a digit.`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    const tool = this.model.get("tool");
    if (tool === "sweep") this.sweep();
    this.showTip(tool === "explore" ? this.under : -1);
  }

  /** @param {number} i −1 for none */
  showTip(i) {
    const { tip, picture: { view } } = this;
    tip.hidden = i < 0;
    if (tip.hidden) return;
    const image = this.lens.peek(i);
    if (image) paint(this.tipImage, image);
    this.tipImage.hidden = !image;
    setText(this.tipName, this.name(i) + (this.lens.failed === i ? ": its image could not be loaded" : ""));
    // Beside the point, within the stage; its size is known to the style alone, or all would be laid out here.
    const [x, y] = this.picture.spot(i), { width, height } = view;
    const left = x > width / 2 ? `max(4px, ${x - 18}px - 100%)` : `${x + 18}px`;
    tip.style.transform = `translate(${left}, clamp(4px, ${y}px - 50%, ${height - 4}px - 100%))`;
  }

  sweep() {
    const { engine, latents, points, swept, picture: { view }, gestures: { pointer } } = this;
    if (!points || !engine || !latents || latents.styles !== this.styled) return;
    if (pointer || !this.between) {
      const at = view.toMap(pointer ?? [view.width / 2, view.height / 2]);
      const { found, distances } = points.nearest(at, NEIGHBOURS, this.out);
      this.between = { found, weights: inverseDistances(distances) };
    }
    const [first] = this.between.found;
    swept.decode(engine, latents, this.between, this.labels[first]);
    swept.show(this.lens.peek(first), this.name(first));
  }

  /** @param {CanvasRenderingContext2D} context @param {string} ink */
  mark(context, ink) {
    const { picture, between, under, gestures: { byKeyboard, pointer } } = this, { shown } = this.lasso;
    if (shown.places.length) {
      lasso(context, shown.places.map((place) => picture.view.toScreen(place)), shown);
    }
    for (const i of this.marked) (this.model.get("strokes") ? neighbour : target)(context, picture.spot(i));
    if (this.model.get("tool") === "sweep") {
      between?.found.forEach((i, k) => {
        const [x, y] = picture.spot(i);
        marker(context, x, y, { ring: ink, radius: 4 + 9 * between.weights[k], width: 2 });
      });
    } else if (under >= 0) {
      const [x, y] = picture.spot(under), color = COLORS[picture.classes[under]];
      marker(context, x, y, { color, ring: ink, radius: 7, width: 2.5 });
    }
    if (byKeyboard && pointer) cross(context, pointer, { from: 5, to: 15, width: 2, color: ink });
  }
}
