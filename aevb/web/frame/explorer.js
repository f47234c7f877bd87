// A page of scenes: shows the one that the link names, and follows keys, presses and links to others.

import { adoptStyle, h, withCommand } from "../kit/elements.js";
import { holdFocus } from "../kit/focus.js";
import { source } from "../kit/source.js";
import { Aside } from "./aside.js";
import { ask, Chip, refusal } from "./kept.js";
import { Link, SceneModel, unembedded } from "./link.js";
import { Strip } from "./strip.js";
import { Warnings } from "./warnings.js";

/**
 * @typedef {object} Scene
 * @property {string} id its address, `?scene=id`
 * @property {string} title
 * @property {string} part the instrument: a module of parts/
 * @property {string} says one sentence above it, in HTML
 * @property {string} [below] at most two below it
 * @property {string} [mathematics] where its mathematics is
 * @property {string} [cell] where a notebook's cell is that computes what it shows
 * @property {Record<string, any>} [options] what the part is told
 * @property {import("./ask.js").Question[]} [questions] what is asked before it is shown
 */

/**
 * @typedef {object} Page
 * @property {string} page its name, which is the last part of its address
 * @property {string} title
 * @property {string} brief the same where there is little room
 * @property {string[]} pages the names of all pages
 * @property {Scene[]} scenes
 * @property {string} [problem] a sentence where the page has nothing to show
 * @property {{ page: string, scene: string, title: string }[]} [elsewhere] scenes that come nearest then
 * @property {string} [notes] where the lecturer's notes on its scenes are
 * @property {string[]} [checkpoints] the shipped ones that it looks at, where others may stand in their place
 * @property {Record<string, any>} shared what all parts are told: where digits and checkpoints are
 * @property {string} tours where the tours are, and the names of all pages' scenes
 */

const UNNOTICED = 300; // ms

/** What had the focus as the page before was left: its tour, or its scene. @type {"" | "tour" | "scene"} */
let handedOn = "";

function focusedNowhere() {
  const { activeElement, body } = document;
  return !activeElement || activeElement === body;
}

/** What leads to a scene of another page. @param {{ page: string, scene: string, title: string }} to */
function leading({ page, scene, title }) {
  return [" ", h("a.button", { href: source.address(page, `?scene=${scene}`), "data-page": "" }, title)];
}

/** @type {Map<string, Promise<any>>} */
const parts = new Map();

/** A part's module and style sheet, fetched once. @param {string} name @param {Document | ShadowRoot} root */
function loadPart(name, root) {
  let found = parts.get(name);
  if (!found) {
    found = source.module(`parts/${name}/${name}.js`);
    found.catch(() => parts.delete(name));
    parts.set(name, found);
  }
  return Promise.all([found, adoptStyle(root, `parts/${name}/${name}.css`)]).then(([module]) => module);
}

export class Explorer {
  /**
   * @param {HTMLElement} root
   * @param {Page} page
   * @param {{ address: ConstructorParameters<typeof Link>[1], navigate?: (url: string) => void }} host
   */
  constructor(root, page, host) {
    this.root = root;
    this.page = page;
    // A lecture goes on from page to page.
    const navigate = host.navigate && ((/** @type {string} */ url) => {
      this.handOn();
      host.navigate?.(this.carried(url));
    });
    this.host = { ...host, navigate };
    this.tree = /** @type {ShadowRoot | Document} */ (root.getRootNode());
    const ids = page.scenes.map(({ id }) => id);
    this.link = new Link(
      {
        page: page.page,
        scenes: ids,
        digits: page.shared.digits?.count ?? 0,
        checkpoints: Boolean(page.checkpoints?.length),
      },
      {
        read: host.address.read,
        write: (search, entry) => {
          host.address.write(search, entry);
          this.tellAddress();
        },
      },
    );
    /** In a frame on a page of somebody else's: nothing but the scene. */
    this.embedded = new URLSearchParams(host.address.read()).get("embed") === "true";
    /** @type {import("./present.js").Presenter | null} */
    this.presenter = null;
    /** @type {import("./lesson.js").Lesson | null} */
    this.lesson = null;
    /** @type {import("./ask.js").Asking | null} */
    this.asking = null;
    /** What leads through the scenes, where the link names it. @type {import("./tour.js").Tour | null} */
    this.tour = null;
    /** What all parts are told. @type {Record<string, any>} */
    this.shared = {};
    /** Says why there is nothing to see, where there is nothing. @type {HTMLElement | null} */
    this.problem = null;
    this.chip = new Chip(() => {
      this.link.choose("");
      this.take();
    });
    this.aside = new Aside(this);
    this.strip = new Strip(this);
    this.warnings = new Warnings();
    this.number = 0; // counts the scenes that were shown
    this.checkpoints = 0; // counts those that were opened
    this.opening = false; // whether one is awaited, without which there is nothing to show
    /** @type {(() => void) | null} */
    this.leave = null;
    /** What takes over the focus from the page before. @type {typeof handedOn} */
    this.came = "";
    this.ended = new AbortController();
    this.build();
    this.link.on("scene", () => this.show());
    this.link.on("checkpoint", () => this.open());
    this.link.on("present", () => this.present());
    this.link.on("free", () => this.teach());
    this.link.on("tour", () => this.guide());
    const { signal } = this.ended;
    const forget = () => this.warnings.forget();
    this.root.addEventListener("change", forget, { signal });
    for (const key of ["scene", "digit", "strokes"]) this.link.on(key, forget);
    if (this.embedded) this.leaveAlone(signal);
    else document.addEventListener("keydown", (event) => this.key(event), { signal });
    this.root.addEventListener("click", (event) => this.follow(/** @type {MouseEvent} */ (event)), {
      signal,
    });
    const refuse = (/** @type {any} */ event) => {
      this.link.refuse(event.detail);
      queueMicrotask(() => this.warnings.tellUnread(this.link)); // all refused ones in a sentence
    };
    this.root.addEventListener("unread", refuse, { signal });
    const begin = async (/** @type {any} */ event) => {
      (await this.tours())?.begin(this, event.detail);
    };
    this.root.addEventListener("tour", begin, { signal });
    this.release = holdFocus(root);
    this.ready = this.begin();
  }

  /** Dresses the page, and shows what its link says. @returns {Promise<void>} */
  async begin() {
    const { root, ended: { signal } } = this;
    try {
      await adoptStyle(this.tree, "style/base.css");
    } catch {
      if (signal.aborted) return;
      return new Promise((done) => { // nothing can be seen without it
        const again = () => {
          root.replaceChildren(this.beside, this.aside.element);
          done(this.begin());
        };
        const button = h("button", { type: "button", onclick: again }, "Try again");
        const style = { visibility: "visible", margin: "4em 1em" }; // in place of what base.css says
        root.replaceChildren(h("p", { role: "alert", style }, "The explorer could not be loaded. ", button));
      });
    }
    if (signal.aborted) return;
    root.classList.add("styled");
    this.came = focusedNowhere() ? handedOn : "";
    handedOn = "";
    if (this.came) this.take();
    this.present();
    this.guide();
    if (this.link.free) await this.teach();
    await this.open();
  }

  /** Nothing of the page is left. */
  close() {
    this.link.flush();
    this.handOn();
    this.release();
    this.lesson?.end();
    this.end();
    this.checkpoints++;
    this.ended.abort();
    this.warnings.end();
    this.tour?.close();
    this.tour = null; // or one that is awaited would open all the same
    this.presenter?.turn(false);
    this.root.replaceChildren();
  }

  build() {
    this.heading = h("h2");
    this.says = h("p.says");
    this.whole = h("a.whole", { target: "_blank", rel: "noopener" }, "Open in AEVB Explorer ↗");
    this.instrument = h("div.instrument");
    this.below = h("p.below");
    this.scene = h(
      "section.scene",
      { tabIndex: -1 },
      h("header.top", {}, this.heading, this.says, this.embedded && this.whole),
      this.instrument,
      this.below,
    );
    const { notice, away } = this.warnings;
    this.beside = h("div.beside", {}, this.strip.element, notice, this.scene, !this.embedded && away);
    this.root.replaceChildren(this.beside, this.aside.element);
    this.root.dataset.page = this.page.page;
    this.root.classList.toggle("embedded", this.embedded);
    this.tellAddress();
  }

  /** Shows the scenes on the checkpoint that the link names, or else on the shipped one. */
  async open() {
    const name = this.link.get("checkpoint") ?? "", { page } = this, mine = ++this.checkpoints;
    this.end();
    this.opening = true;
    /** @type {import("./kept.js").Told} */
    const told = name ? await ask(name, page.page) : { shared: page.shared, problem: page.problem };
    if (mine !== this.checkpoints) return;
    this.opening = false;
    this.shared = told.shared ?? {};
    this.chip.show(name, told.title);
    this.problem = null;
    if (told.problem) {
      this.problem = name
        ? refusal(name, told, () => this.link.choose(""))
        : h("p.notice", { role: "alert" }, told.problem, ...(page.elsewhere ?? []).flatMap(leading));
    } else this.link.count(this.shared.digits?.count ?? 0);
    await this.show();
  }

  /** The scene as a whole gets the focus, and the keys with it. */
  take() {
    this.scene.focus({ preventScroll: true });
  }

  /** Another page goes on with the focus where it is here, if anywhere: in a tour, or in a scene. */
  handOn() {
    const { activeElement } = this.tree;
    if (!activeElement || !this.root.contains(activeElement)) return;
    handedOn = this.tour?.element.contains(activeElement) ? "tour" : "scene";
  }

  /** Ends the scene in view. Returns the number of the next. */
  end() {
    // A focus within goes to the scene as a whole, not on to what the next scene has in that place (kit/focus.js).
    if (this.tree.activeElement?.closest(".scene > :is(.top, .instrument, .below) *")) this.take();
    this.leave?.();
    this.leave = null;
    this.asking?.end();
    this.asking = null;
    delete this.root.dataset.shown;
    this.instrument.replaceChildren();
    return ++this.number;
  }

  get current() {
    const id = this.link.get("scene");
    return this.page.scenes.find((scene) => scene.id === id) ?? this.page.scenes[0];
  }

  /** Shows the scene that the link names; only that is computed. */
  async show() {
    const scene = this.current, mine = this.end();
    this.root.dataset.scene = scene.id;
    this.heading.textContent = scene.title;
    this.says.innerHTML = scene.says;
    if (!this.embedded) this.aside.explain(this.says);
    this.below.innerHTML = scene.below ?? "";
    this.below.hidden = !scene.below;
    this.strip.show(scene);
    this.aside.close();
    this.instrument.className = `instrument ${scene.part}`;
    this.scene.scrollTop = 0;
    this.presenter?.tell();
    if (this.opening) return; // it comes with its checkpoint
    if (this.problem) return this.instrument.replaceChildren(this.problem);
    let part, question;
    try {
      [part, question] = await Promise.all([loadPart(scene.part, this.tree), this.loadQuestions(scene)]);
    } catch {
      if (mine === this.number) this.failed();
      return;
    }
    if (mine !== this.number) return;
    this.link.learn(part.params ?? {});
    if (this.link.texts.size && !this.embedded) await this.learnInTime(); // it has values of other scenes
    if (mine !== this.number) return;
    this.warnings.tellUnread(this.link);
    const model = new SceneModel(this.link, { ...this.shared, ...scene.options });
    let end;
    try {
      this.asking = question?.(model, Object.keys(part.params ?? {})) ?? null; // before anything is seen
      end = await part.default.render({ model, el: this.instrument });
    } catch (error) {
      reportError(error);
      if (mine === this.number) this.failed();
      return;
    }
    if (mine !== this.number) return end?.();
    this.leave = end ?? null;
    this.root.dataset.shown = scene.id;
    this.prepareOthers();
  }

  /**
   * What asks a scene's questions; without it the scene is shown all the same.
   * @param {Scene} scene
   */
  async loadQuestions({ id, part, questions }) {
    if (!questions || this.embedded) return null;
    const mine = this.number;
    try {
      const [{ Asking, params }, { asks }] = await Promise.all([
        source.module("frame/ask.js"),
        source.module(`parts/${part}/asks.js`),
        adoptStyle(this.tree, "style/ask.css"),
      ]);
      this.link.learn(params);
      const { root, scene, instrument, says, link } = this, name = `${this.page.page}/${id}`;
      return (/** @type {SceneModel} */ model, /** @type {string[]} */ keys) =>
        new Asking({ root, scene, instrument, says, link, model, keys, name, questions, asks });
    } catch (error) {
      console.error(error);
      if (mine === this.number) {
        this.warnings.tell("This scene’s questions could not be loaded: reload the page.");
      }
      return null;
    }
  }

  failed() {
    this.end();
    const again = h("button.button", { type: "button", onclick: () => this.show() }, "Try again");
    this.instrument.replaceChildren(
      h("p.notice", { role: "alert" }, "This scene could not be loaded. ", again),
    );
  }

  /** The other scenes' modules, while nobody waits: they open at once then. */
  prepareOthers() {
    const idle = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ f) => setTimeout(f, 500));
    idle(async () => {
      await this.learnOthers();
      if (!this.ended.signal.aborted) this.warnings.tellUnread(this.link);
    });
  }

  /** The parameters of all scenes. A module that does not come is told when its scene is asked for. */
  async learnOthers() {
    const found = await Promise.allSettled(this.page.scenes.map(({ part }) => loadPart(part, this.tree)));
    if (this.ended.signal.aborted) return;
    for (const one of found) if (one.status === "fulfilled") this.link.learn(one.value.params ?? {});
    if (found.every(({ status }) => status === "fulfilled")) this.link.checkFree();
  }

  /** The same before anything can be chosen, as long as nobody notices the wait. */
  learnInTime() {
    return Promise.race([this.learnOthers(), new Promise((done) => setTimeout(done, UNNOTICED))]);
  }

  /** @param {number} by */
  step(by) {
    if (this.tour) {
      if (this.tour.step(by)) this.presenter?.tell();
      return;
    }
    const { scenes } = this.page, to = scenes[scenes.indexOf(this.current) + by];
    if (to) this.link.go(to.id);
  }

  // For a lecture

  togglePresent() {
    this.link.set("present", !this.link.get("present"));
    this.link.save();
  }

  /** Presents, or ends it, as the link says. */
  async present() {
    const wanted = () => this.link.get("present") && !this.embedded && !this.ended.signal.aborted;
    if (!this.presenter && wanted()) {
      try {
        this.presenter = new (await source.module("frame/present.js")).Presenter(this);
      } catch {
        return this.presentLater();
      }
    }
    if (this.presenter) await this.presenter.turn(wanted()).catch(() => this.presentLater());
    else document.documentElement.classList.remove("presenting"); // the page before was
  }

  /** The presentation did not load: the key p fetches it again. */
  presentLater() {
    document.documentElement.classList.remove("presenting"); // the page before was
    if (this.ended.signal.aborted) return;
    this.link.set("present", false);
    this.link.save();
    this.warnings.tell("The presentation could not be loaded: press p to try again.");
  }

  /** Hides all controls but those that a lesson's link leaves free. */
  async teach() {
    this.lesson?.end();
    this.lesson = null;
    const wanted = this.link.get("free");
    if (!wanted) return;
    try {
      const { Lesson } = await source.module("frame/lesson.js");
      if (wanted === this.link.get("free") && !this.ended.signal.aborted) this.lesson = new Lesson(this);
    } catch {
      this.warnings.tell("The lesson could not be loaded, so all controls are there: reload the page.");
    }
  }

  /** A link to another page, which is presented as this one is. @param {string} url */
  carried(url) {
    if (!this.link.get("present")) return url;
    const link = new URL(url, location.href);
    link.searchParams.set("present", "true");
    return link.href.replaceAll("%2C", ",");
  }

  // Tours

  /** Their module, which most visits never need. */
  async tours() {
    try {
      return await source.module("frame/tour.js");
    } catch {
      this.warnings.tell("The tour could not be loaded: reload the page.");
    }
  }

  /** Shows the tour that the link names. */
  async guide() {
    const name = this.link.get("tour");
    const tour = name && !this.embedded ? await (await this.tours())?.follow(this) : null;
    if (name !== this.link.get("tour")) return;
    this.tour?.close();
    this.tour = tour ?? null;
    try {
      await this.tour?.open();
    } catch {
      this.tour = null; // or its steps would be taken unseen
      this.warnings.tell("The tour could not be loaded: reload the page.");
    }
  }

  /** The address has changed: what holds it follows. */
  tellAddress() {
    this.whole.href = unembedded(location.href);
    this.presenter?.redraw();
    this.aside.redraw();
  }

  // Keys, and links within the app

  /** A frame leaves keys to the page around it, and the wheel too until the visitor has pressed into it. @param {AbortSignal} signal */
  leaveAlone(signal) {
    const guard = (/** @type {WheelEvent} */ event) => {
      if (!document.hasFocus() && !event.ctrlKey) event.stopPropagation();
    };
    this.root.addEventListener("wheel", guard, { capture: true, passive: true, signal });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (withCommand(event) || event.defaultPrevented) return;
    const at = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (event.key === "Escape" && !this.aside.element.hidden) return this.aside.close(true);
    const typing = at.matches?.(
      "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]",
    );
    if (this.presenter?.key(event, typing)) return event.preventDefault();
    const moving = at.matches?.("[type=range], [role=slider], [role=application], [role=grid]");
    const letter = /^[a-z?]$/.test(event.key);
    if (typing || (moving && !letter)) return; // the key is that control's own
    const scene = /^[1-9]$/.test(event.key) && this.page.scenes[Number(event.key) - 1];
    if (scene) this.link.go(scene.id);
    else if (event.key === "ArrowRight" || event.key === "PageDown") this.step(1);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") this.step(-1);
    else if (event.key === "a") this.tour?.reveal.click();
    else if (event.key === "m") this.aside.toggle("mathematics");
    else if (event.key === "g" || event.key === "?") this.aside.toggle("glossary");
    else if (event.key === "s") this.aside.toggle("share");
    else if (event.key === "p") this.togglePresent();
    else if (event.key === "k" && this.asking) this.asking.toggle();
    else if (event.key === "r") {
      const again = /** @type {HTMLElement | null} */ (this.instrument.querySelector("[data-key=r]"));
      if (again?.checkVisibility()) again.click();
    } else return;
    event.preventDefault();
  }

  /** A link to a scene, or to another page of the app, is followed without loading the document anew. @param {MouseEvent} event */
  follow(event) {
    const link =
      /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.composedPath()[0]).closest?.(
        "a",
      ));
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.dataset.scene) {
      event.preventDefault();
      this.link.go(link.dataset.scene);
    } else if (this.embedded) {
      link.target = "_blank"; // the frame is for this scene
    } else if (link.dataset.page !== undefined && this.host.navigate) {
      event.preventDefault();
      this.link.flush();
      this.host.navigate(link.href);
    }
  }
}
