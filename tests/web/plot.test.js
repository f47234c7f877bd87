import assert from "node:assert/strict";
import { onLayout, Panel } from "../../aevb/web/kit/panel.js";
import { Player } from "../../aevb/web/kit/player.js";
import { zoomable } from "../../aevb/web/kit/zoom.js";

/** What a module finds on a page, for as long as `act` takes. @param {Record<string, any>} page @param {() => void} act */
function on(page, act) {
  const before = Object.fromEntries(
    Object.keys(page).map((name) => [name, Reflect.get(globalThis, name)]),
  );
  Object.assign(globalThis, page);
  try {
    act();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) Reflect.deleteProperty(globalThis, name);
      else Reflect.set(globalThis, name, value);
    }
  }
}

/** A canvas of 100 × 50 CSS pixels that notes what is done on it. */
function canvasStandIn() {
  /** @type {any[]} */
  const done = [];
  /** @type {number[]} */
  const kept = [];
  let scale = 1;
  /** @type {any} */
  const context = {
    save: () => kept.push(scale),
    restore: () => (scale = kept.pop() ?? 1),
    setTransform: (/** @type {any} */ to) => (scale = to.a ?? to),
    getTransform: () => ({ a: scale }),
    resetTransform: () => (scale = 1),
    rect: (/** @type {number[]} */ ...box) => done.push(box.map((length) => scale * length)),
    clip: () => done.push("clip"),
    drawImage: () => done.push("layer"),
  };
  for (const name of ["clearRect", "beginPath"]) context[name] = () => {};
  const getBoundingClientRect = () => ({ width: 100, height: 50 });
  return context.canvas = { done, dataset: {}, getBoundingClientRect, getContext: () => context };
}

Deno.test("of a frame that is told to change a strip, its whole pixels are drawn anew", () => {
  on({ devicePixelRatio: 1.5, document: { createElement: canvasStandIn } }, () => {
    const canvas = canvasStandIn(), panel = new Panel(/** @type {any} */ (canvas));
    panel.fit();
    panel.keep(() => {});
    /** @type {[number, number]} */
    const strip = [10, 21];
    const drawn = (/** @type {[left: number, right: number]} */ changed) => {
      panel.show(() => canvas.done.push("more"), changed);
      return canvas.done.splice(0);
    };
    assert.deepEqual(drawn(strip), ["more"]); // there was no frame before
    assert.deepEqual(drawn(strip), ["layer", "more"]); // nor one from the layer
    assert.deepEqual(drawn(strip), [[15, 0, 17, 75], "clip", "layer", "more"]);
    panel.show(() => {});
    assert.deepEqual(canvas.done.splice(0), ["layer"]);
    panel.keep(() => {});
    assert.deepEqual(drawn(strip), ["more"]); // over something else
  });
});

Deno.test("what is drawn is laid out anew on each other screen, until it ends", () => {
  /** @type {Record<string, EventTarget>} */
  const asked = {};
  const page = {
    devicePixelRatio: 1,
    document: { fonts: new EventTarget() },
    matchMedia: (/** @type {string} */ query) => asked[query] ??= new EventTarget(),
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
  };
  on(page, () => {
    let laid = 0;
    const end = onLayout(/** @type {any} */ (new EventTarget()), () => laid++);
    const goTo = (/** @type {number} */ ratio) => {
      const before = asked[`(resolution: ${devicePixelRatio}dppx)`];
      Object.assign(globalThis, { devicePixelRatio: ratio });
      before.dispatchEvent(new Event("change"));
    };
    for (const ratio of [2, 1.25, 1]) goTo(ratio);
    assert.equal(laid, 3);
    end();
    goTo(2);
    assert.equal(laid, 3);
  });
});

Deno.test("a player goes to each frame once", () => {
  /** @type {((now: number) => void)[]} */
  const asked = [];
  const page = {
    document: { createElement: () => ({ setAttribute() {}, querySelector: () => null }) },
    matchMedia: () => ({ matches: false }),
    requestAnimationFrame: (/** @type {(now: number) => void} */ tick) => asked.push(tick),
    cancelAnimationFrame: () => {},
  };
  on(page, () => {
    /** @type {number[]} */
    const gone = [];
    let at = 0, stopped = 0;
    const player = new Player({
      seconds: 1,
      frame: () => at,
      last: () => 3,
      go: (frame) => {
        at = frame;
        gone.push(frame);
      },
      stopped: () => stopped++,
    });
    player.start();
    const begun = performance.now();
    for (let i = 1; asked.length; i++) asked.pop()?.(begun + 50 * i);
    assert.deepEqual([gone, stopped], [[1, 2, 3], 1]);
  });
});

Deno.test("the wheel zooms as far as it is turned, and scrolls what it cannot zoom", () => {
  const page = { getComputedStyle: (/** @type {any} */ { overflowY }) => ({ overflowY }) };
  on(page, () => {
    let more = true, focused = false, refused = 0;
    const around = { scrollHeight: 900, clientHeight: 600, overflowY: "hidden", parentElement: null };
    const canvas = Object.assign(new EventTarget(), { parentElement: around, matches: () => focused });
    /** @type {any[]} */
    const told = [];
    zoomable(/** @type {any} */ (canvas), (factor) => {
      told.push(factor);
      return more;
    }, () => refused++);
    const turn = (/** @type {number} */ deltaY, with_ = {}) => {
      const event = Object.assign(new Event("wheel", { cancelable: true }), {
        deltaY,
        deltaMode: 0,
        ...with_,
      });
      canvas.dispatchEvent(event);
      return event.defaultPrevented;
    };
    assert.ok(turn(-100) && turn(4));
    assert.ok(told[0] > 1.2 && told[0] < 1.25 && told[1] < 1 && told[1] > 0.99);
    more = false;
    assert.ok(turn(4), "nothing scrolls here");
    around.overflowY = "auto";
    assert.deepEqual([turn(4), refused, told.length], [false, 1, 3]);
    assert.ok(turn(4, { ctrlKey: true }), "which would zoom the page");
    focused = true;
    assert.deepEqual([turn(4), refused], [false, 1]);
    more = true;
    assert.ok(turn(4));
  });
});
