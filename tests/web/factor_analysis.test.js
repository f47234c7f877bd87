/** Factor analysis in the browser, by its own laws. tests/test_parity_fa.py holds it against the library. */

import assert from "node:assert/strict";
import { pointsOf, synthetic, trueEvidence, trueModel } from "../../aevb/web/engine/factor_analysis/data.js";
import {
  classicEM,
  EXPERIMENT_1,
  EXPERIMENT_2,
  initialModel,
  run,
  runOnce,
  stepsPerPass,
  train,
  walk,
} from "../../aevb/web/engine/factor_analysis/experiments.js";
import * as matrices from "../../aevb/web/engine/factor_analysis/matrices.js";
import { FactorAnalysis, generate, inverseSoftplus } from "../../aevb/web/engine/factor_analysis/model.js";
import {
  drawnMoment,
  expectedMoment,
  sampledMoment,
  secondMoment,
} from "../../aevb/web/engine/factor_analysis/moments.js";
import { miniBatches } from "../../aevb/web/engine/factor_analysis/training.js";
import { softplus } from "../../aevb/web/engine/arithmetic.js";
import { Random } from "../../aevb/web/engine/random.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { inSight } from "../../aevb/web/parts/factor_analysis/chart.js";
import { Beside } from "../../aevb/web/parts/factor_analysis/em.js";
import { Families } from "../../aevb/web/parts/factor_analysis/families.js";
import { accountOf } from "../../aevb/web/parts/factor_analysis/hand.js";
import { params } from "../../aevb/web/parts/factor_analysis/settings.js";
import { Watch } from "../../aevb/web/parts/factor_analysis/watch.js";

/** @typedef {import("../../aevb/web/engine/factor_analysis/matrices.js").Matrix} Matrix */

const SIZES = [[3, 1], [3, 2], [3, 3], [8, 3]];

/**
 * @param {number} found
 * @param {number} expected
 * @param {number} most
 */
function near(found, expected, most = 1e-9) {
  assert.ok(Math.abs(found - expected) <= most, `${found} is not ${expected} within ${most}`);
}

/**
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} expected
 * @param {number} [most]
 */
function allNear(found, expected, most) {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) near(found[i], expected[i], most);
}

/**
 * A model with a full C, 40 points and the moment of u with a sample for each.
 * @param {number} D
 * @param {number} L
 */
function example(D, L) {
  const random = new Random(10 * D + L), model = FactorAnalysis.initial(D, L, random);
  for (let k = 0; k < L; k++) {
    for (let l = 0; l <= k; l++) model.preTril[k * L + l] = random.normal(1)[0];
  }
  const points = pointsOf(Float64Array.from(random.normal(40 * D)), D);
  const all = points.values.slice(0, 40).map((_, i) => i);
  return { model, points, random, moment: sampledMoment(points.values, all, random.normal(40 * L), D) };
}

Deno.test("a Cholesky factor solves, and has the determinant", () => {
  const A = Float64Array.of(4, 2, 1, 2, 5, 3, 1, 3, 6), B = Float64Array.of(1, 2, 3, 4, 5, 6);
  const C = matrices.cholesky(A);
  allNear(matrices.multiplyTransposed(C, C, 3), A);
  allNear(matrices.multiply(A, matrices.solve(C, B), 3), B);
  near(matrices.logDeterminant(C), Math.log(67));
  assert.ok(Number.isNaN(matrices.cholesky(Float64Array.of(1, 2, 2, 1))[3]));
});

Deno.test("products by transposes are those of the transposes", () => {
  const A = Float64Array.from({ length: 6 }, (_, i) => i),
    B = Float64Array.from({ length: 8 }, (_, i) => i * i);
  const expected = matrices.multiply(A, B, 2);
  allNear(expected.subarray(0, 4), [16, 25, 36, 49]);
  allNear(matrices.transposedMultiply(matrices.transpose(A, 3), B, 2), expected);
  allNear(matrices.multiplyTransposed(A, matrices.transpose(B, 2), 2), expected);
  allNear(matrices.rowDots(A, A, 2), [1, 13, 41]);
  near(matrices.dot(A, A), 55);
});

Deno.test("the inverse of softplus holds over all magnitudes", () => {
  for (const y of [1e-6, 1e-3, 1, 30, 1e4]) near(softplus(inverseSoftplus(y)) / y, 1);
});

for (const [D, L] of SIZES) {
  const name = (/** @type {string} */ text) => `D = ${D}, L = ${L}: ${text}`;

  Deno.test(name("the gradient is that of finite differences"), () => {
    const { model, moment } = example(D, L), step = 1e-5, { theta, phi } = model.gradient(moment);
    for (const [parameters, gradient] of [[model.theta, theta.slice()], [model.phi, phi.slice()]]) {
      for (let i = 0; i < parameters.length; i++) {
        const value = parameters[i];
        if (value === 0) { // above the diagonal of C
          assert.equal(gradient[i], 0);
          continue;
        }
        parameters[i] = value + step;
        const above = model.elbo(moment);
        parameters[i] = value - step;
        const below = model.elbo(moment);
        parameters[i] = value;
        near(gradient[i], (above - below) / (2 * step), 1e-6 * Math.max(1, Math.abs(gradient[i])));
      }
    }
  });

  Deno.test(name("the gap is what the evidence exceeds the ELBO by, of all points and of each"), () => {
    const { model, points } = example(D, L);
    const one = (/** @type {number} */ i) => secondMoment(points.values.slice(i * D, (i + 1) * D), D);
    for (const S of [points.moment, one(0), one(1), one(2)]) {
      const gap = model.gap(S), evidence = model.evidence(S);
      assert.ok(gap > 0);
      near(evidence - model.elbo(expectedMoment(S, L)), gap, 1e-9 * Math.max(1, gap));
    }
  });

  Deno.test(name("after an E-step the ELBO is the evidence"), () => {
    const { model, points } = example(D, L), evidence = model.evidence(points.moment);
    model.eStep();
    near(model.elbo(expectedMoment(points.moment, L)), evidence);
    near(model.gap(points.moment), 0);
    allNear(model.V, model.exactPosterior().V);
  });

  Deno.test(name("an M-step is the maximum of the exact ELBO, whatever q is"), () => {
    const { model, points } = example(D, L);
    model.mStep(points.moment);
    const { theta } = model.gradient(expectedMoment(points.moment, L));
    allNear(theta, new Float64Array(theta.length), 1e-8);
  });

  Deno.test(name("EM never lowers the evidence"), () => {
    const { model, points } = example(D, L);
    let before = model.evidence(points.moment);
    for (let iteration = 0; iteration < 100; iteration++) {
      model.eStep();
      model.mStep(points.moment);
      const evidence = model.evidence(points.moment);
      assert.ok(evidence >= before - 1e-10);
      before = evidence;
    }
  });

  Deno.test(name("the drawn moment is distributed as the moment of samples"), () => {
    const { model, points, random } = example(D, L),
      all = points.values.slice(0, 40).map((_, i) => i),
      runs = 4000;
    const spread = (/** @type {() => Matrix} */ draw) => {
      const values = Array.from({ length: runs }, () => model.elbo(draw()));
      const mean = values.reduce((sum, value) => sum + value) / runs;
      return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / runs) };
    };
    const sampled = spread(() => sampledMoment(points.values, all, random.normal(40 * L), D));
    const drawn = spread(() => drawnMoment(points.moment, 40, L, random));
    const exact = model.elbo(expectedMoment(points.moment, L));
    near(sampled.mean, exact, 5 * sampled.sd / Math.sqrt(runs));
    near(drawn.mean, exact, 5 * drawn.sd / Math.sqrt(runs));
    near(drawn.sd / sampled.sd, 1, 0.1);
  });
}

Deno.test("what a model generates has its covariance", () => {
  const { W, sigma } = trueModel(), x = generate({ W, sigma }, new Random(0).normal(5 * 100_000));
  const expected = matrices.multiplyTransposed(W, W, 2);
  sigma.forEach((value, d) => expected[4 * d] += value ** 2);
  allNear(secondMoment(x, 3), expected, 0.06);
});

Deno.test("the true model is the tutorial's", () => {
  const { train, test } = synthetic(0);
  assert.deepEqual([train.count, test.count], [1000, 1000]);
  assert.notDeepEqual(train.moment, test.moment);
  allNear(trueModel().sigma, [0.4, 0.2, 0.3]);
  near(trueModel().gap(test.moment), 0);
  near(trueEvidence(0), -3.95, 0.1);
});

Deno.test("an epoch takes each point once, and drops a last, short batch", () => {
  const x = Float64Array.from({ length: 10 }, (_, i) => 2 ** i); // their squares tell which are in a batch
  const batches = miniBatches(pointsOf(x, 1), 1, 4, new Random(0)), seen = new Set();
  for (const epoch of [0, 1]) {
    const sums = [0, 1].map((batch) => 4 * batches.at(2 * epoch + batch)[0]);
    const bits = sums.map((sum) => [...sum.toString(2)].filter((bit) => bit === "1").length);
    assert.deepEqual(bits, [4, 4]);
    assert.equal((sums[0] + sums[1]).toString(2).replaceAll("0", "").length, 8);
    seen.add(sums[0]);
  }
  assert.equal(seen.size, 2);
  assert.equal(batches.at(1), batches.at(1));
});

Deno.test("an experiment's trajectory is its own, all at once and in slices", () => {
  const experiment = { ...EXPERIMENT_1, steps: 120 }, trajectory = train(experiment);
  assert.equal(trajectory.count, 121);
  assert.deepEqual([...trajectory.position], Array.from({ length: 121 }, (_, i) => i));
  assert.deepEqual(new Set(trajectory.phase), new Set(["", "EM"]));
  let yields = 0;
  for (const growing of run(experiment)) {
    assert.equal(growing.count, ++yields);
    assert.equal(growing.elbo[yields - 1], trajectory.elbo[yields - 1]);
    assert.equal(growing.estimate[yields - 1], trajectory.estimate[yields - 1]);
  }
  assert.equal(yields, 121);
  train({ ...experiment, learningRate: 0.1 }); // the same batches, and they stay as they are
  assert.deepEqual(train(experiment), trajectory);
  assert.notEqual(train({ ...experiment, seed: 1 }).evidence[0], trajectory.evidence[0]);
});

Deno.test("a run that was lately done to its end is not done again", () => {
  const experiment = { ...EXPERIMENT_1, steps: 40 }, rough = finish(runOnce(experiment, 20));
  assert.deepEqual(rough, finish(run(experiment, 20)));
  const left = runOnce({ ...experiment, seed: 2 }, 20);
  for (let i = 0; i < 5; i++) left.next();
  assert.deepEqual([...runOnce(experiment, 20)], [rough]);
  assert.equal(finish(runOnce({ ...experiment }, 20)), rough);
  assert.equal(
    [...runOnce({ ...experiment, seed: 2 }, 20)].length,
    rough.count,
    "that was not done to its end",
  );
  assert.equal(finish(runOnce(experiment)).count, 41);
  assert.notDeepEqual(finish(runOnce({ ...experiment, schedule: { eSteps: 1, mSteps: 1 } }, 20)), rough);
});

Deno.test("what is compared with a run is computed anew where a setting changes it, and only there", () => {
  const model = { get: () => "full" }, experiment = { ...EXPERIMENT_1, steps: 40 };
  const others = (/** @type {any} */ given) => /** @type {any[]} */ (Families.prototype.others.call(
    /** @type {any} */ ({ model, run: { experiment: given, rough: false } }),
  ));
  const [before] = others(experiment), [again] = others({ ...experiment });
  assert.equal(before.name, "diagonal");
  assert.equal(again.y.buffer, before.y.buffer);
  assert.notDeepEqual(others({ ...experiment, learningRate: 0.1 })[0].y, before.y);
  const emOf = (/** @type {any} */ given) => {
    /** @type {any} */
    const beside = { pass: 31, called: "AEVB", run: { experiment: given }, chart: { keep() {} } };
    Beside.prototype.keep.call(beside, finish(runOnce(given)));
    return beside.em;
  };
  const em = emOf(experiment);
  assert.equal(emOf({ ...experiment, learningRate: 0.1 }), em);
  assert.notEqual(emOf({ ...experiment, latentDim: 1 }), em);
});

Deno.test("panes follow a moving setting one by one", () => {
  /** @type {any[]} */
  const drawn = [];
  /** @type {any} */
  const watch = {
    planes: { panels: ["x1x2", "x1x3", "x2x3"] },
    turn: 0,
    drawPlanes: (/** @type {number} */ only) => drawn.push(only),
    drawLatent: () => drawn.push("latent"),
  };
  for (let i = 0; i < 5; i++) Watch.prototype.drawNext.call(watch);
  assert.deepEqual(drawn, [0, 1, 2, "latent", 0]);
});

Deno.test("a trajectory measures each of its states", () => {
  const trajectory = train({ ...EXPERIMENT_1, steps: 60 }), { moment } = synthetic(EXPERIMENT_1.seed).test;
  for (const index of [0, 1, 30, 60]) {
    const model = trajectory.model(index);
    near(model.evidence(moment), trajectory.evidence[index]);
    near(model.elbo(expectedMoment(moment, 2)), trajectory.elbo[index]);
    near(model.gap(moment), trajectory.gap[index]);
  }
  assert.ok(trajectory.elbo.every((elbo, i) => elbo <= trajectory.evidence[i] + 1e-12));
});

Deno.test("long runs keep at most about 800 states, among them the ends of phases", () => {
  const trajectory = train({ ...EXPERIMENT_2, steps: 4004, schedule: { eSteps: 1001, mSteps: 1001 } });
  assert.deepEqual(trajectory.spans(), [
    { from: 0, to: 1001, phase: "E" },
    { from: 1001, to: 2002, phase: "M" },
    { from: 2002, to: 3003, phase: "E" },
    { from: 3003, to: 4004, phase: "M" },
  ]);
  assert.equal(trajectory.count, 405); // every tenth, and the ends
  assert.equal(trajectory.position[trajectory.nearest(1000.4)], 1000);
  assert.equal(trajectory.position[trajectory.nearest(1e9)], 4004);
});

Deno.test("E-steps leave the evidence, and M-steps leave q", () => {
  const trajectory = train({ ...EXPERIMENT_1, steps: 100, schedule: { eSteps: 30, mSteps: 20 } });
  const { evidence, gap } = trajectory;
  assert.equal(new Set(evidence.subarray(0, 31)).size, 1);
  assert.deepEqual(trajectory.state(50).V, trajectory.state(30).V);
  assert.notDeepEqual(trajectory.state(50).W, trajectory.state(30).W);
  assert.ok(gap[30] < gap[0]);
});

for (const seed of [0, 1, 2]) {
  Deno.test(`AEVB reaches the evidence of the true model, seed ${seed}`, () => {
    const steps = { steps: 4000, learningRate: 0.03, batchSize: 1000 }; // as in tests/test_experiments.py
    const { evidence, gap } = train({ ...EXPERIMENT_1, ...steps, seed });
    near(/** @type {number} */ (evidence.at(-1)), trueEvidence(seed), 0.02);
    near(/** @type {number} */ (gap.at(-1)), 0, 0.02);
  });
}

Deno.test("classic EM closes the gap and reaches the evidence of the true model", () => {
  const experiment = { ...EXPERIMENT_1, seed: 1 }, trajectory = classicEM(experiment, 40);
  assert.deepEqual([...trajectory.position.subarray(0, 4)], [0, 0.5, 1, 1.5]);
  assert.deepEqual(trajectory.phase.slice(0, 3), ["", "E", "M"]);
  const { moment } = synthetic(1).train;
  let before = -Infinity;
  for (let i = 0; i < trajectory.count; i++) {
    if (i % 2) near(trajectory.gap[i], 0);
    const evidence = trajectory.model(i).evidence(moment);
    assert.ok(evidence >= before - 1e-10);
    before = evidence;
  }
  near(trajectory.evidence[80], trueEvidence(1), 0.02);
  assert.equal(trajectory.evidence[0], train({ ...experiment, steps: 1 }).evidence[0]);
  assert.equal(stepsPerPass(experiment), 31);
});

Deno.test("a walk takes exact and approximate steps, the same whatever follows", () => {
  /** @type {import("../../aevb/web/engine/factor_analysis/experiments.js").Move[]} */
  const moves = [{ phase: "E", steps: 0 }, { phase: "M", steps: 0 }, { phase: "E", steps: 40 }];
  const { count, position, phase, evidence, gap, W } = walk(EXPERIMENT_1, moves);
  assert.equal(count, 43);
  assert.deepEqual(phase.slice(0, 4), ["", "E", "M", "E"]);
  near(position[3], 2 + 1 / 40);
  assert.equal(position[42], 3);
  near(gap[1], 0);
  near(evidence[1], evidence[0], 0);
  assert.ok(evidence[2] > evidence[0] + 0.5 && gap[2] > 0.1 && gap[42] < gap[2]);
  assert.deepEqual(W.slice(-6), W.slice(12, 18));
  const longer = walk(EXPERIMENT_1, [...moves, { phase: "M", steps: 25 }]);
  assert.deepEqual(longer.evidence.slice(0, 43), evidence);
  assert.equal(walk(EXPERIMENT_1, Array(20).fill({ phase: "E", steps: 200 })).count, 801);
});

Deno.test("the account of a walk says that a gap closes from however many nats", () => {
  /** @type {import("../../aevb/web/engine/factor_analysis/experiments.js").Move[]} */
  const moves = [{ phase: "E", steps: 0 }, { phase: "M", steps: 0 }, { phase: "E", steps: 25 }];
  const [third, second, first] = accountOf(walk({ ...EXPERIMENT_1, seed: 23 }, moves), moves);
  assert.match(first, /the gap closed from \d,\d{3}\.\d+ to 0\./);
  assert.match(second, /the gap opened from 0\.0+ to /);
  assert.match(third, /the gap narrowed from /);
});

Deno.test("too high a learning rate is said", () => {
  assert.throws(() => train({ ...EXPERIMENT_1, learningRate: 1e12 }), /lower the learning rate/);
});

Deno.test("the model before the first step has standard normal parameters, and C = I", () => {
  const { scaleTril, W } = initialModel({ ...EXPERIMENT_1, latentDim: 3 });
  allNear(scaleTril, matrices.identity(3));
  assert.equal(W.length, 9);
});

Deno.test("a run of fewer states is the same run", () => {
  const experiment = { ...EXPERIMENT_1, steps: 300 },
    all = train(experiment),
    few = finish(run(experiment, 30));
  assert.deepEqual([...few.position.subarray(0, 3), few.position.at(-1)], [0, 10, 20, 300]);
  assert.equal(few.count, 31);
  for (let i = 0; i < few.count; i++) {
    const same = all.nearest(few.position[i]);
    assert.deepEqual([few.elbo[i], few.evidence[i]], [all.elbo[same], all.evidence[same]]);
    assert.deepEqual(few.state(i), all.state(same));
  }
  /** @type {import("../../aevb/web/engine/factor_analysis/experiments.js").Move[]} */
  const moves = [{ phase: "E", steps: 50 }, { phase: "M", steps: 0 }], walked = walk(EXPERIMENT_1, moves, 5);
  assert.deepEqual([...walked.position], [0, 0.2, 0.4, 0.6, 0.8, 1, 2]);
  assert.equal(walked.evidence.at(-1), walk(EXPERIMENT_1, moves).evidence.at(-1));
});

Deno.test("links of before name the experiments as they did", () => {
  const { read } = params.experiment;
  assert.deepEqual(["E and M in turn", "E and M together", "turn", "both"].map(read), [
    "turn",
    "together",
    "turn",
    undefined,
  ]);
});

Deno.test("a curve is in sight between two of its states too", () => {
  const line = { x: [0, 20, 40], y: [1, 3, -1] };
  assert.deepEqual(inSight(line, [5, 15]), [1.5, 2.5]);
  assert.deepEqual(inSight(line, [10, 30]), [2, 1, 3]);
  assert.deepEqual(inSight(line, [0, 40]), [1, -1, 3]);
  assert.deepEqual(inSight({ x: [0, 20], y: [1, 100] }, [0, 10], true), [1, 10]); // as it is drawn there
  assert.deepEqual(inSight(line, [50, 60]), [-1, -1]); // of a run that is still growing
});
