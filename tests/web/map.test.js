import assert from "node:assert/strict";
import { Gestures } from "../../aevb/web/parts/map/gestures.js";
import { Lasso } from "../../aevb/web/parts/map/lasso.js";
import { beside, COLORS, colouredAs, NONE } from "../../aevb/web/parts/map/picture.js";
import { inverseDistances, Points } from "../../aevb/web/parts/map/points.js";
import { View } from "../../aevb/web/parts/map/view.js";
import { Random } from "../../aevb/web/engine/random.js";

const random = new Random(1), COUNT = 200;
const points = new Points(Float32Array.from(random.normal(2 * COUNT)).buffer);
const place = (/** @type {number} */ i) => Array.from(points.places.subarray(2 * i, 2 * i + 2));

Deno.test("the nearest points are those of the smallest distances, without those that take no part", () => {
  const out = Uint8Array.from({ length: COUNT }, (_, i) => i % 3 ? 0 : 1);
  const away = (/** @type {number} */ i) => Math.hypot(place(i)[0] - 0.3, place(i)[1] + 0.2);
  const wanted = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 3).sort((a, b) =>
    away(a) - away(b)
  );
  const { found, distances } = points.nearest([0.3, -0.2], 8, out);
  assert.deepEqual(found, wanted.slice(0, 8));
  distances.forEach((distance, k) => assert.ok(Math.abs(distance - away(found[k])) < 1e-6));
  assert.equal(points.nearest([0, 0], 8, out.fill(1)).found.length, 0);
});

Deno.test("at a point it alone is decoded, and weights add up to 1", () => {
  assert.ok(inverseDistances([0, 1, 2])[0] > 1 - 1e-6);
  assert.deepEqual(inverseDistances([1, 2, 2]), [0.5, 0.25, 0.25]);
});

Deno.test("within a loop is what a ray leaves an odd number of times, concave or not", () => {
  const square = points.within([-1, -1, 1, -1, 1, 1, -1, 1]);
  const inner = Array.from({ length: COUNT }, (_, i) => i).filter((i) =>
    Math.max(...place(i).map(Math.abs)) < 1
  );
  assert.deepEqual(square, inner);
  const notched = points.within([-1, -1, 1, -1, 1, 1, 0, 0, -1, 1]);
  assert.deepEqual(notched, inner.filter((i) => place(i)[1] < Math.abs(place(i)[0])));
});

Deno.test("every class has a colour, those beyond the colours that of none", () => {
  assert.deepEqual([-1, 0, 9, 10, 11, 46].map((value) => colouredAs(value, NONE)), [10, 0, 9, 10, 10, 10]);
  assert.equal(COLORS[colouredAs(2, 2)], COLORS[NONE]);
});

Deno.test("medians are of the classes that have points", () => {
  const classes = Uint8Array.from({ length: COUNT }, (_, i) => i < 5 ? 2 : 0);
  const [own, none, five] = points.medians(classes, 3);
  assert.ok(own && !none && five);
  assert.equal(five[0], [0, 1, 2, 3, 4].map((i) => place(i)[0]).sort((a, b) => a - b)[2]);
});

Deno.test("a link says a view, which leads to the same places", () => {
  const view = new View();
  Object.assign(view, { width: 600, height: 400, bounds: points.bounds });
  view.take(null, points);
  assert.equal(view.said(points), null);
  view.zoomBy(4, [200, 100]);
  const there = view.toMap([200, 100]), said = view.said(points);
  const other = Object.assign(new View(), { width: 600, height: 400, bounds: points.bounds });
  other.take(said, points);
  assert.ok(Math.hypot(...other.toScreen(there).map((value, k) => value - [200, 100][k])) < 0.5);
  const before = view.toScreen([0, 0]);
  view.shift(10, 5);
  const after = view.toScreen([0, 0]);
  assert.ok(Math.abs(after[0] - before[0] - 10) < 1e-9 && Math.abs(after[1] - before[1] - 5) < 1e-9);
});

Deno.test("points in a line, or all in one place, are in the middle of a map that a link can say", () => {
  for (const places of [[-1, 0, 3, 0, 1, 0], [0, 2, 0, -2], [5, 5, 5, 5]]) {
    const line = new Points(Float32Array.from(places).buffer), { bounds: [left, bottom, right, top] } = line;
    assert.ok(right - left > 0 && right - left === top - bottom);
    const view = Object.assign(new View(), { width: 600, height: 400, bounds: line.bounds });
    view.whole();
    view.zoomBy(2);
    assert.deepEqual(view.said(line), [0.5, 0.5, 2]);
    assert.ok(line.within([left - 1, bottom - 1, right + 1, bottom - 1, left, top + 9]).length);
  }
});

Deno.test("a loop that a second finger or the page interrupts is given up, and the one before stands", () => {
  const values = { loop: "tsne,0,0,1,0,1,1" }, classes = new Set();
  const model = {
    get: () => values.loop,
    set: (/** @type {string} */ _, /** @type {string} */ value) => (values.loop = value),
  };
  const lasso = new Lasso(/** @type {any} */ (model), () => "tsne");
  /** @type {any} */
  const canvas = {
    classList: {
      add: (/** @type {string} */ name) => classes.add(name),
      remove: classes.delete.bind(classes),
    },
    setPointerCapture() {},
    addEventListener() {},
  };
  let kind = "lasso";
  const done = (/** @type {boolean} */ loop) => assert.equal(loop, false);
  /** @type {any} */
  const acts = { kind: () => kind, draw: lasso.draw.bind(lasso), undraw: lasso.undraw.bind(lasso), done };
  for (const name of ["pan", "zoom", "point"]) acts[name] = () => {};
  new Gestures(canvas, acts);
  const event = (/** @type {number} */ pointerId, /** @type {number} */ offsetX) => ({
    button: 0,
    pointerType: "pen",
    pointerId,
    offsetX,
    offsetY: 0,
  });
  const begin = () => {
    canvas.onpointerdown(event(1, 0));
    for (const x of [30, 60]) canvas.onpointermove(event(1, x));
  };
  const before = values.loop;
  begin();
  assert.deepEqual([lasso.drawn.length, values.loop], [6, ""]);
  assert.deepEqual([lasso.shown.places.length, lasso.shown.corners], [3, false]); // none was clicked
  canvas.onpointerdown(event(2, 90));
  assert.deepEqual([lasso.drawn.length, values.loop], [0, before]);
  canvas.onpointermove(event(2, 120));
  for (const finger of [1, 2]) canvas.onpointerup(event(finger, 120));
  assert.deepEqual([lasso.drawn.length, values.loop], [0, before]);
  begin();
  canvas.onpointercancel(event(1, 60));
  assert.deepEqual([lasso.drawn.length, values.loop], [0, before]);
  kind = "pan";
  begin();
  assert.ok(classes.has("dragging"));
  canvas.onpointercancel(event(1, 60));
  assert.ok(!classes.has("dragging"));
});

Deno.test("a numeral stands above or below the target that would cover it, and nowhere else", () => {
  assert.deepEqual(beside([50, 50], null, 20), [50, 50]);
  assert.deepEqual(beside([50, 50], [120, 50], 20), [50, 50]);
  for (const y of [35, 49, 50, 64]) {
    const [x, height] = beside([52, y], [50, 50], 20);
    assert.equal(x, 52);
    assert.ok(Math.abs(height - 50) >= 19 + 10 && (height < 50) === (y < 50), `${y} goes to ${height}`);
  }
});
