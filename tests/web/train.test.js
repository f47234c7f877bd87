import assert from "node:assert/strict";
import { mark } from "../../aevb/web/kit/marks.js";
import {
  chartsOf,
  duration,
  itemsOf,
  ordinal,
  pointAt,
  rangeOf,
  unpackFrame,
} from "../../aevb/web/parts/train/record.js";
import {
  chosen,
  fieldsOf,
  params,
  read,
  specificationOf,
  stepsOf,
  wordsOf,
  write,
} from "../../aevb/web/parts/train/specification.js";
import { params as compared, runsIn } from "../../aevb/web/parts/train/compare.js";
import { onOneScale, sideBySide } from "../../aevb/web/parts/train/settings.js";
import { Contender } from "../../aevb/web/parts/train/contender.js";
import { params as factors, turned } from "../../aevb/web/parts/train/factors.js";
import { Form } from "../../aevb/web/parts/train/form.js";
import { Sheets } from "../../aevb/web/parts/train/sheets.js";
import { ask, Poll, Refused } from "../../aevb/web/parts/train/wire.js";
import { spansOf } from "../../aevb/web/engine/schedule.js";

/** @param {string} name @param {any} training */
const preset = (name, training) => ({
  id: name,
  title: name,
  says: "",
  specification: { model: "one", arguments: { latent_dim: 2 }, data: "small", training, seed: 0 },
});

/** @type {any} */
const OPTIONS = {
  training: true,
  models: [
    {
      name: "one",
      title: "One",
      conditional: false,
      arguments: [
        { name: "latent_dim", kind: "whole", least: 1, most: 256, default: 20 },
        { name: "hidden_dims", kind: "widths", most: 2048, layers: 6, default: [500, 500] },
        {
          name: "likelihood",
          kind: "choice",
          choices: ["continuous bernoulli", "gaussian"],
          default: "gaussian",
        },
      ],
      presets: [preset("quick", { epochs: 40 }), preset("slow", { steps: 9000, rate: "cosine" })],
    },
    {
      name: "two",
      title: "Two",
      conditional: false,
      arguments: [],
      presets: [preset("quick", { epochs: 3 })],
    },
  ],
  data: [
    { name: "large", title: "Large", count: 9000, shape: [28, 28] },
    { name: "small", title: "Small", count: 1457, shape: [8, 8] },
    { name: "points", title: "Points", count: 9000, shape: [2] },
  ],
};

/** @param {Record<string, string>} words */
const link = (words) => (/** @type {string} */ key) => words[key] ?? "";

Deno.test("a setting is read within its bounds, and nothing else is", () => {
  const whole = /** @type {const} */ ({ kind: "whole", least: 1, most: 256 });
  assert.deepEqual(["2", "256"].map((words) => read(whole, words)), [2, 256]);
  for (const words of ["0", "257", "1.5", "-2", "NaN", "Infinity", "0x10", "1,2", "two"]) {
    assert.equal(read(whole, words), undefined, words);
  }
  const rate = /** @type {const} */ ({ kind: "number", least: 0, most: 1 });
  assert.deepEqual(["1e-3", ".5", "1"].map((words) => read(rate, words)), [0.001, 0.5, 1]);
  const widths = /** @type {const} */ ({ kind: "widths", most: 2048 });
  assert.deepEqual(read(widths, "500,300"), [500, 300]);
  for (const words of ["0", "500,", "3000", "500;300"]) assert.equal(read(widths, words), undefined, words);
  const schedule = /** @type {const} */ ({ kind: "schedule" });
  assert.equal(read(schedule, "AEVB"), "AEVB");
  assert.deepEqual(read(schedule, "50,0"), [50, 0]);
  for (const words of ["0,0", "50", "50,50,50", "EM"]) assert.equal(read(schedule, words), undefined, words);
  assert.deepEqual(["yes", "no", "maybe", "constructor"].map((words) => read({ kind: "flag" }, words)), [
    true,
    false,
    undefined,
    undefined,
  ]);
  for (const value of [2, 0.001, [500, 300], true, "AEVB"]) {
    const kind = { kind: Array.isArray(value) ? "widths" : typeof value === "boolean" ? "flag" : "number" };
    if (value !== "AEVB") assert.deepEqual(read(/** @type {any} */ (kind), write(value)), value);
  }
});

Deno.test("a run is its preset, and what the link says otherwise", () => {
  const plain = specificationOf(OPTIONS, link({}));
  assert.deepEqual(plain, { specification: preset("quick", { epochs: 40 }).specification, unread: [] });
  const { specification, unread } = specificationOf(
    OPTIONS,
    link({ data: "large", latent_dim: "5", steps: "700", schedule: "10,20", seed: "3", hidden_dims: "64" }),
  );
  assert.deepEqual(unread, []);
  assert.deepEqual(specification, {
    model: "one",
    data: "large",
    arguments: { latent_dim: 5, hidden_dims: [64] },
    training: { steps: 700, schedule: [10, 20] }, // in steps and not in epochs
    seed: 3,
  });
  assert.deepEqual(
    OPTIONS.models[0].presets[0].specification.training,
    { epochs: 40 },
    "presets stay as they are",
  );
});

Deno.test("of vectors the likelihood is Gaussian, unless the link says otherwise", () => {
  const asked = (/** @type {Record<string, string>} */ words) =>
    specificationOf(OPTIONS, link({ data: "points", ...words })).specification.arguments;
  assert.equal(asked({}).likelihood, "gaussian");
  assert.equal(asked({ likelihood: "continuous bernoulli" }).likelihood, "continuous bernoulli");
  assert.ok(!("likelihood" in asked({ model: "two" })), "which has none");
});

Deno.test("what a link says and makes no sense is told, and the default stands", () => {
  const { specification, unread } = specificationOf(
    OPTIONS,
    link({ model: "none", preset: "none", data: "none", latent_dim: "9999" }),
  );
  assert.deepEqual(unread, ["model", "preset", "data", "latent_dim"]);
  assert.equal(specification.arguments.latent_dim, 2);
  assert.equal(specification.data, "small");
  const of = link({ clusters: "7" }); // which no model here has
  assert.deepEqual(specificationOf(OPTIONS, of).unread, ["clusters"]);
});

Deno.test("the words of a run ask for it again", () => {
  const asked = { model: "one", data: "large", latent_dim: "5", learning_rate: "0.01", beta: "4" };
  const { specification } = specificationOf(OPTIONS, link(asked));
  const words = wordsOf(OPTIONS, specification);
  assert.deepEqual(Object.fromEntries(Object.entries(words).filter(([, said]) => said)), asked);
  assert.deepEqual(specificationOf(OPTIONS, link(words)).specification, specification);
  assert.deepEqual(Object.keys(words), Object.keys(params), "all others are forgotten");
});

Deno.test("a model has its own settings and those of every training", () => {
  const own = fieldsOf(OPTIONS.models[0]), other = fieldsOf(chosen(OPTIONS, link({ model: "two" })).model);
  assert.equal(own.latent_dim.at, "arguments");
  assert.equal(own.beta.at, "training");
  assert.equal(own.seed.at, "");
  assert.ok(!("latent_dim" in other) && "learning_rate" in other);
  assert.ok(own.schedule.first && !own.weight_decay.first);
});

Deno.test("epochs are as many steps as whole batches, as in the library", () => {
  assert.equal(stepsOf({ epochs: 40 }, 1457), 560);
  assert.equal(stepsOf({ epochs: 2, batch_size: 64 }, 1457), 44);
  assert.equal(stepsOf({ steps: 7, epochs: 3 }, 1457), 7);
});

/** @param {number} step @param {any} [more] @returns {any} */
const point = (step, more) => ({
  step,
  phase: "EM",
  elbo: step,
  terms: { reconstruction: step + 1, minus_kl_z: -1 },
  validation: step % 2 ? null : { elbo: step, bound: step + 2, terms: {} },
  gradient: { p: 3, q: 4 },
  scores: {},
  mark: null,
  frame: step % 2 ? null : step / 2,
  ...more,
});

Deno.test("curves have the points that there are, and break where nothing moves", () => {
  const points = [point(1, { gradient: { q: 4 } }), point(2), point(3), point(4)];
  const [elbo, likelihood, kl, gradient] = chartsOf(points);
  assert.deepEqual(elbo.lines.map(({ name, x }) => [name, x]), [
    ["+ gap", [2, 4]],
    ["training", [1, 2, 3, 4]],
    ["validation", [2, 4]],
  ]);
  assert.deepEqual(likelihood.lines[0].y, [2, 3, 4, 5]);
  assert.deepEqual(kl.lines.map(({ name }) => name), ["−KL of z"]);
  assert.deepEqual(gradient.lines[0].y, [NaN, 3, 3, 3]);
  const clusters = chartsOf([point(2, { scores: { accuracy: 0.5, conditional_entropy: 1 } })]);
  assert.equal(clusters.length, 5);
});

Deno.test("the phases' spans lie side by side", () => {
  const phases = ["E", "E", "M", "E", "EM"];
  const spans = spansOf(phases.map((phase, i) => point(10 * (i + 1), { phase })));
  assert.deepEqual(spans, [
    { from: 0, to: 20, phase: "E" },
    { from: 20, to: 30, phase: "M" },
    { from: 30, to: 40, phase: "E" },
    { from: 40, to: 50, phase: "EM" },
  ]);
});

Deno.test("a chart shows where a run stays, not where it began", () => {
  const y = [-5000, ...Array(19).fill(0).map((_, i) => i)];
  const line = { name: "", color: "", dash: [], width: 1, x: y, y };
  const [low, high] = rangeOf({ title: "", lines: [line], cut: 0.1 });
  assert.ok(low > -10 && low < 1 && high > 18 && high < 25);
  const late = { ...line, y: [9000, ...y.slice(1)], late: true };
  assert.ok(rangeOf({ title: "", lines: [line, late], cut: 0.1 })[1] < 25);
  assert.deepEqual(rangeOf({ title: "", lines: [{ ...line, y: [3, 40, NaN] }], log: true }), [1, 100]);
  assert.deepEqual(rangeOf({ title: "", lines: [] }), [0, 1]);
});

Deno.test("a frame is its pictures, in levels from 0 to 1, and the places of the map", () => {
  const bytes = new Uint8Array(32 * 4 + 8).map((_, i) => (i < 64 ? 255 : i < 128 ? 51 : i));
  const { reconstructions, draws, places } = unpackFrame(bytes.buffer, { shape: [2, 2], shown: 16 });
  assert.equal(reconstructions.length, 16);
  assert.deepEqual([...reconstructions[15]], [1, 1, 1, 1]);
  assert.equal(draws.length, 16);
  assert.ok(Math.abs(draws[0][0] - 0.2) < 1e-6);
  assert.equal(places.length, 4);
  assert.equal(itemsOf(new Uint8Array(12).buffer, [2, 2]).length, 3);
  const vectors = new Float16Array([1, -2, 0.5, 3, 1, 1, 2, 2, 9, 8, 7, 6]);
  const cloud = unpackFrame(vectors.buffer, { shape: [2], shown: 2 });
  assert.deepEqual(cloud.reconstructions.map((x) => [...x]), [[1, -2], [0.5, 3]]);
  assert.deepEqual(cloud.draws.map((x) => [...x]), [[1, 1], [2, 2]]);
  assert.deepEqual([...cloud.places], [9, 8, 7, 6]);
  assert.equal(pointAt([point(1), point(2), point(3), point(4)], 1).step, 2);
  assert.equal(pointAt([point(1), point(2), point(3), point(4)], 9).step, 4);
});

Deno.test("times and places in words", () => {
  assert.deepEqual([0.2, 12.4, 89, 90, 3600, 7200].map(duration), [
    "less than a second",
    "12 s",
    "89 s",
    "2 min",
    "60 min",
    "2.0 h",
  ]);
  assert.deepEqual([1, 2, 3, 4, 11, 21].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "21st"]);
});

Deno.test("a run is asked for while it is in view and unfinished, more and more seldom where nobody answers", async () => {
  /** @type {{ again: () => Promise<void>, pause: number }[]} */
  const timers = [];
  /** @type {any[]} */
  const answers = [];
  let asked = 0;
  const page = Object.assign(new EventTarget(), { baseURI: "http://here/", visibilityState: "visible" });
  const real = { setTimeout: globalThis.setTimeout, fetch: globalThis.fetch };
  const fake = {
    document: page,
    setTimeout: (/** @type {any} */ again, /** @type {number} */ pause) => timers.push({ again, pause }),
    fetch: () => {
      asked++;
      const answer = answers.shift();
      return answer ? Promise.resolve(Response.json(answer)) : Promise.reject(new TypeError());
    },
  };
  Object.assign(globalThis, fake);
  try {
    /** @type {any[]} */
    const told = [];
    /** @type {any[]} */
    const failed = [];
    const answer = { status: "running", checkpoint: false, about: null };
    answers.push({ ...answer, points: [point(1)] });
    const poll = new Poll("abcd", {
      told: (found) => told.push(found),
      failed: (problem, again) => failed.push([problem, again]),
    });
    const settled = () => new Promise((done) => real.setTimeout(done, 0));
    const beat = async () => {
      const { again } = /** @type {any} */ (timers.pop());
      await again();
    };
    for (let i = 0; i < 20 && !timers.length; i++) await settled();
    assert.equal(timers[0].pause, 500);
    answers.push({ ...answer, points: [point(2)] });
    await beat();
    assert.deepEqual(told.map(({ points }) => points.length), [1, 2], "points come one after the other");
    await beat(); // nobody answers
    await beat();
    assert.deepEqual(failed, Array(2).fill(["The server does not answer.", true]));
    assert.equal(timers[0].pause, 1000);
    page.visibilityState = "hidden";
    const before = asked;
    await beat();
    assert.deepEqual([asked, timers.length], [before, 0], "out of view nothing is asked");
    page.visibilityState = "visible";
    answers.push({ ...answer, status: "stopped", points: [] }, {
      ...answer,
      status: "stopped",
      checkpoint: true,
      points: [],
    });
    await poll.now();
    assert.equal(timers.length, 1, "what it has learnt is still being saved");
    await beat();
    await poll.now();
    assert.deepEqual([asked, timers.length], [before + 2, 0], "of a run that is over nothing is asked");
    poll.end();
  } finally {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("settings stand side by side, first those that differ", () => {
  const one = { model: "one", data: "small", arguments: { latent_dim: 2 }, training: { steps: 9 }, seed: 0 };
  const more = { ...one, arguments: { latent_dim: 5 }, training: { steps: 9, schedule: [1, 2] } };
  const other = { ...one, model: "two", arguments: {} };
  const rows = sideBySide(OPTIONS, [one, more, other]);
  const told = Object.fromEntries(rows.map(({ label, values }) => [label, values]));
  assert.deepEqual(told["Model"], ["One", "One", "Two"]);
  assert.deepEqual(told["Latent dimensions L"], ["2", "5", "–"]);
  assert.deepEqual(told["E and M"], ["AEVB", "1,2", "AEVB"]);
  assert.ok(!("Gradient norm at most" in told), "what nobody has set is left out");
  const differ = rows.map(({ differ }) => differ);
  assert.equal(differ.lastIndexOf(true) + 1, differ.indexOf(false));
  assert.deepEqual(rows.filter(({ differ }) => !differ).map(({ label }) => label).slice(0, 2), [
    "Data",
    "Optimiser",
  ]);
});

Deno.test("ELBOs are on one scale where data and likelihood are the same", () => {
  const one = { model: "one", data: "small", arguments: {}, training: {} };
  assert.ok(onOneScale(OPTIONS, [one, { ...one, training: { beta: 2 } }]));
  assert.ok(!onOneScale(OPTIONS, [one, { ...one, data: "large" }]));
  assert.ok(!onOneScale(OPTIONS, [one, { ...one, arguments: { likelihood: "continuous bernoulli" } }]));
  assert.ok(onOneScale(OPTIONS, [one, { ...one, model: "two" }]), "a model without a choice is Gaussian");
  const models = OPTIONS.models.map((/** @type {any} */ model) => ({
    ...model,
    conditional: model.name === "two",
  }));
  assert.ok(
    !onOneScale({ ...OPTIONS, models }, [one, { ...one, model: "two" }]),
    "log p(x | y) is no log p(x)",
  );
});

Deno.test("runs are found in a link, by their names", () => {
  const id = "0123456789abcdef";
  assert.deepEqual(runsIn(`https://here/train?run=${id}&data=digits`), [id]);
  assert.deepEqual(runsIn(`https://here/train?scene=compare&runs=${id},abcd`), [id, "abcd"]);
  assert.deepEqual(runsIn(`https://here/train?runs=${id}%2Cabcd`), [id, "abcd"]);
  assert.deepEqual(runsIn(` ${id} `), [id]);
  for (const words of ["", "https://here/train", "a b", "../..", "?run=a/b", "?run=%"]) {
    assert.deepEqual(runsIn(words), [], words);
  }
  assert.equal(compared.runs.read("abcd,efgh"), "abcd,efgh");
  assert.equal(compared.runs.read("abcd,efgh,ijkl,mnop,qrst"), undefined, "four at most");
});

Deno.test("what is drawn while draws are growing grows after them", () => {
  /** @type {((now: number) => void)[]} */
  const frames = [];
  const element = () => ({
    append() {},
    setAttribute() {},
    getContext: () => ({ putImageData() {} }),
    dataset: {},
    style: { setProperty() {} },
  });
  const page = {
    document: { createElement: element },
    ImageData: class {},
    matchMedia: () => ({ matches: false }),
    requestAnimationFrame: (/** @type {any} */ frame) => frames.push(frame),
  };
  Object.assign(globalThis, page);
  try {
    const about = { shape: [2, 2], shown: 1, rows: true, choices: 0, map: 0, labels: [] };
    const sheets = new Sheets(about), theme = /** @type {any} */ (null);
    const [first, second, last] = [0.1, 0.2, 0.3].map((level) => [new Float32Array(4).fill(level)]);
    let painted = 0;
    sheets.pairs.put = () => void painted++;
    for (const images of [first, first, second]) sheets.take(images); // of each frame of the film
    assert.equal(painted, 2);
    /** @type {[Float32Array[], number][]} */
    const drawn = [];
    sheets.draw = (draws, rows) => void drawn.push([draws, rows]);
    for (const draws of [first, second, last]) {
      sheets.show(theme, { reconstructions: [], draws, places: new Float32Array() }, true);
    }
    for (let now = performance.now(); frames.length; now += 1e6) frames.shift()?.(now);
    assert.deepEqual(drawn, [[first, 1], [first, 2], [last, 1], [last, 2]]);
  } finally {
    for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name);
  }
});

Deno.test("what is answered about settings that are others by now is not said", async () => {
  /** @type {((answer: Response) => void)[]} */
  const asked = [];
  const real = { fetch: globalThis.fetch };
  const page = { document: { baseURI: "http://here/" } };
  Object.assign(globalThis, page, { fetch: () => new Promise((answer) => asked.push(answer)) });
  const settled = () => new Promise((done) => setTimeout(done, 0));
  try {
    const [one, two] = OPTIONS.models, shown = { show() {} }, said = { textContent: "" };
    /** @type {Record<string, string>} */
    const link = { model: "one" };
    const form = Object.assign(Object.create(Form.prototype), {
      ...{ options: OPTIONS, model: { get: (/** @type {string} */ key) => link[key] } },
      ...{ number: 0, fields: {}, built: one, models: shown, data: shown, presets: { children: [] } },
      ...{ says: {}, start: {}, problem: { hidden: true }, said, redraw() {} },
      build() {
        this.built = two;
      },
    });
    const failed = () => Response.json({ problem: "Too large." }, { status: 400 });
    form.update();
    clearTimeout(form.waiting);
    form.measure(one);
    link.model = "two";
    form.update();
    clearTimeout(form.waiting);
    asked.shift()?.(failed());
    await settled();
    await settled();
    assert.deepEqual([said.textContent, form.problem.hidden], ["Measuring how long that takes here …", true]);
    form.measure(two);
    asked.shift()?.(failed());
    await settled();
    await settled();
    assert.deepEqual([said.textContent, form.problem.textContent, form.problem.hidden], [
      "",
      "Too large.",
      false,
    ]);
  } finally {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("a factor is turned to a place that a link can have", () => {
  const z = turned(Float32Array.of(4.7, -5, 0.123), 2, 1.5);
  assert.deepEqual(z, [4, -4, 1.5]);
  assert.deepEqual(factors.z.read(factors.z.write(z)), z);
});

Deno.test("of a run that is compared no longer, weights are neither awaited nor asked for again", async () => {
  const real = { setTimeout: globalThis.setTimeout, fetch: globalThis.fetch };
  /** @type {((error: Error) => void)[]} */
  const asked = [];
  const page = Object.assign(new EventTarget(), { baseURI: "http://here/", visibilityState: "hidden" });
  let timers = 0, changes = 0;
  Object.assign(globalThis, {
    document: page,
    setTimeout: () => timers++,
    fetch: () => new Promise((_, fails) => asked.push(fails)),
  });
  try {
    for (const ended of [false, true]) {
      const one = new Contender("abcd", () => changes++);
      one.told = /** @type {any} */ ({ about: { shape: [8, 8] }, checkpoint: true, points: [] });
      const loaded = one.load();
      if (ended) one.end();
      asked.shift()?.(new TypeError());
      await loaded;
      assert.deepEqual([timers, changes], [1, 1], "once, of the one that is there");
      one.end();
    }
  } finally {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("a busy server's sentence is told, and the same may be asked again", async () => {
  const sentence = "The server is too busy to tell how long this takes.";
  const { fetch } = globalThis;
  Object.assign(globalThis, { document: { baseURI: "http://there/" } });
  try {
    for (
      const [status, body, told] of [[503, { problem: sentence }, sentence], [
        502,
        null,
        "The server answered 502.",
      ]]
    ) {
      globalThis.fetch = () =>
        Promise.resolve(new Response(JSON.stringify(body), { status: Number(status) }));
      await assert.rejects(ask("estimate", { body: {} }), (error) => {
        return error instanceof Error && !(error instanceof Refused) && error.message === told;
      });
    }
  } finally {
    globalThis.fetch = fetch;
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("marks are of four shapes, each drawn on the context itself, as a picture in lines needs it", () => {
  const shapes = [0, 1, 2, 3, 4].map((k) => {
    /** @type {string[]} */
    const drawn = [], names = ["beginPath", "arc", "rect", "lineTo", "closePath", "fill"];
    const context = Object.fromEntries(
      names.map((name) => [name, (/** @type {number[]} */ ...at) => {
        drawn.push(name);
        assert.ok(at.slice(0, 2).every((value, axis) => Math.abs(value - [30, 40][axis]) < 7), `${at}`);
      }]),
    );
    mark(/** @type {any} */ (context), k, 30, 40, 5);
    return drawn.slice(1, -1).join(" ");
  });
  const polygon = (/** @type {number} */ corners) => "lineTo ".repeat(corners) + "closePath";
  assert.deepEqual(shapes, ["arc", "rect", polygon(3), polygon(4), "arc"]);
});
