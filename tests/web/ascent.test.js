/** The small VAE that learns in a page: what a course of steps is, and what steps do. */

import assert from "node:assert/strict";
import { Random } from "../../aevb/web/engine/random.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { exactElbo, logEvidence } from "../../aevb/web/engine/quadrature.js";
import { params } from "../../aevb/web/parts/ascent/ascent.js";
import { Course, MOST, TURN } from "../../aevb/web/parts/ascent/course.js";
import { IMAGES, taskOf } from "../../aevb/web/parts/ascent/images.js";
import { taskOf as taskOfPoints } from "../../aevb/web/parts/ascent/points.js";
import { CELLS, density, divergence, knownBy, posteriorOf } from "../../aevb/web/parts/ascent/known.js";
import { Pupil } from "../../aevb/web/parts/ascent/pupil.js";
import { EDGE, pointsOf } from "../../aevb/web/parts/ascent/shapes.js";

/** Images of a bright square somewhere. @param {number} count @param {number} [side] */
function squares(count, side = 28) {
  const random = new Random(3);
  return Array.from({ length: count }, () => {
    const [left, top] = [0, 1].map(() => Math.floor(random.uniform() * side * 0.6)), size = 0.4 * side;
    return new Float32Array(side * side).map((_, i) => {
      const x = i % side - left, y = Math.floor(i / side) - top;
      return x >= 0 && x < size && y >= 0 && y < size ? 1 : 0;
    });
  });
}

/** @param {Pupil} pupil @param {string} text */
function go(pupil, text) {
  const course = new Course(text), first = pupil.step;
  for (let step = 0; step < course.length; step++) finish(pupil.advance(course.phase(step)));
  assert.equal(pupil.step, first + course.length);
  return pupil;
}

/** @param {Pupil} pupil */
const weightsOf = (pupil) =>
  Object.fromEntries(Object.entries(pupil.model.arrays).map(([name, w]) => [name, [...w]]));

Deno.test("a course is read and written as a link says it", () => {
  const course = new Course("B400,E100,T120");
  assert.equal(course.length, 620);
  assert.equal(String(course), "B400,E100,T120");
  const phases = [0, 399, 400, 499, 500, 500 + TURN, 500 + 2 * TURN].map((step) => course.phase(step));
  assert.deepEqual(phases, ["EM", "EM", "E", "E", "E", "M", "E"]);
  assert.throws(() => course.phase(620), RangeError);
  course.go("T");
  course.go("M");
  assert.equal(String(course), "B400,E100,T121,M1");
  assert.equal(String(new Course("")), "");
});

Deno.test("a link of no course is refused", () => {
  for (const text of ["B400", "E1,M1,B5000"]) assert.equal(params.course.read(text), text);
  for (const text of ["B", "B0", "B-1", "b4", "B1,", "B12345", "X3", Array(201).fill("B1").join()]) {
    assert.equal(params.course.read(text), undefined, text);
  }
});

Deno.test("a course ends at its last step, and at its last leg", () => {
  assert.ok(!new Course(`B${MOST}`).takes("B"));
  assert.ok(new Course(`B${MOST - 1}`).takes("E"));
  const legs = new Course(Array.from({ length: 200 }, (_, k) => "BE"[k % 2] + 1).join());
  assert.ok(legs.takes("E") && !legs.takes("B"));
});

Deno.test("E-steps leave the decoder alone, M-steps the encoder, and the ELBO climbs", () => {
  const pupil = new Pupil(taskOf(squares(60, 8)), 0);
  for (const [course, moved] of [["E12", "q_z_given_x"], ["M12", "p_x_given_z"]]) {
    const before = weightsOf(pupil), after = weightsOf(go(pupil, course));
    for (const name of Object.keys(before)) {
      const same = before[name].every((value, i) => value === after[name][i]);
      assert.equal(same, !name.startsWith(moved), `${name} after ${course}`);
    }
  }
  const { measured } = go(pupil, "B160"), [first, last] = [measured[0], measured[measured.length - 1]];
  assert.equal(last.phase, "EM");
  assert.ok(last.elbo > first.elbo + 30, `from ${first.elbo} to ${last.elbo}`);
  assert.ok(measured.every(({ elbo, evidence }) => elbo <= evidence + 0.01), "the ELBO is no lower bound");
});

Deno.test("an E-step leaves the evidence as it is", () => {
  const { measured } = go(new Pupil(taskOf(squares(60, 8)), 1), "B47,E40,M25");
  const at = (/** @type {number} */ step) => measured.find((one) => one.step === step);
  assert.deepEqual([47, 87, 100].map((step) => at(step)?.phase), ["EM", "E", "M"]);
  assert.equal(at(87)?.evidence, at(47)?.evidence);
  assert.notEqual(at(100)?.evidence, at(87)?.evidence);
});

Deno.test("a course that is gone again comes to the same weights, by another seed to others", () => {
  const images = squares(60, 8),
    [once, again, other] = [4, 4, 5].map((seed) => go(new Pupil(taskOf(images), seed), "B9,T60"));
  assert.deepEqual(weightsOf(once), weightsOf(again));
  assert.deepEqual(once.measured, again.measured);
  assert.notDeepEqual(weightsOf(once), weightsOf(other));
});

Deno.test("it learns from what there is, also where that is less than a batch", () => {
  assert.equal(new Pupil(taskOf(squares(IMAGES, 14)), 0).shown.length, 200);
  for (const count of [1, 3, 7, 33]) {
    const { measured } = go(new Pupil(taskOf(squares(count, 8)), 0), "B10");
    assert.ok(
      measured.every(({ elbo, evidence }) => Number.isFinite(elbo) && Number.isFinite(evidence)),
      `${count} images`,
    );
  }
});

Deno.test("a course is cut, and known to begin as another", () => {
  const course = new Course("B10,T120,M5");
  for (
    const [steps, text] of [[135, "B10,T120,M5"], [132, "B10,T120,M2"], [130, "B10,T120"], [7, "B7"], [0, ""]]
  ) {
    course.cut(Number(steps));
    assert.equal(String(course), text);
  }
  const whole = new Course("B10,T60,E5");
  assert.ok(
    whole.beginsAs(new Course("B10,T60,E5,M9"), 75) && whole.beginsAs(new Course("B10,E50,M10,E1"), 71),
  );
  assert.ok(!whole.beginsAs(new Course("B10,E49,M10"), 60) && !whole.beginsAs(new Course("B9"), 10));
  assert.ok(whole.beginsAs(new Course("E9"), 0));
});

Deno.test("a curve is learnt that tells the points apart, less so those of a ring", () => {
  for (const [name, widest, least] of /** @type {const} */ ([["wave", 0.9, 0.9], ["ring", 1.8, 0.3]])) {
    const points = pointsOf(name), { model, measured } = go(new Pupil(taskOfPoints(points), 0), "B300");
    const { evidence, elbo } = measured[measured.length - 1], { scale } = model.decoder;
    assert.ok(elbo <= evidence + 0.01, `${name}: the ELBO is no lower bound`);
    const apart = points.filter((x) => model.encode(x).scale[0] < 0.8).length / points.length;
    assert.ok(scale < widest && apart > least, `${name}: σ = ${scale}, ${apart} of the points`);
  }
});

Deno.test("of points, E-steps leave the curve and its width alone", () => {
  const pupil = new Pupil(taskOfPoints(pointsOf("arc")), 2);
  const before = weightsOf(pupil), still = weightsOf(go(pupil, "E20")), moved = weightsOf(go(pupil, "M20"));
  for (const name of Object.keys(before).filter((name) => name.startsWith("p_x_given_z"))) {
    assert.deepEqual(still[name], before[name], name);
    assert.notDeepEqual(moved[name], before[name], name);
  }
  assert.ok("p_x_given_z.pre_scale" in before);
});

Deno.test("what is shown of a point is what is measured of it", () => {
  const pupil = go(new Pupil(taskOfPoints(pointsOf("ring")), 1), "B150"), known = finish(knownBy(pupil));
  const evidence = finish(logEvidence(pupil.model, pupil.shown));
  for (const [n, x] of pupil.shown.entries()) {
    const exact = posteriorOf(known, n), gap = evidence[n] - exactElbo(pupil.model, x);
    assert.ok(Math.abs(divergence(known.qs[n], exact) - gap) < 0.02, `point ${n}: a gap of ${gap}`);
  }
  const heights = density(known), corners = CELLS + 1, most = Math.max(...heights);
  const seen = Array.from(heights.keys()).filter((k) => heights[k] > 1e-3 * most);
  const at = (/** @type {number} */ place) => EDGE * (2 * place / CELLS - 1);
  const places = seen.map((k) => Float32Array.of(at(k % corners), at(Math.floor(k / corners))));
  const exact = finish(logEvidence(pupil.model, places)),
    highest = seen.findIndex((k) => heights[k] === most);
  assert.ok(seen.length > 100);
  for (const [n, k] of seen.entries()) {
    const difference = Math.log(heights[k] / most) - (exact[n] - exact[highest]);
    assert.ok(Math.abs(difference) < 0.02, `p(x) at ${places[n]}: ${difference} nats`);
  }
});
