import assert from "node:assert/strict";
import { Values } from "../../aevb/web/hosts/notebook.js";
import { Link, SceneModel } from "../../aevb/web/frame/link.js";
import { flag, number, numbers, text } from "../../aevb/web/kit/params.js";

/** A link over an address that is a text. @param {string} search @param {string[]} [scenes] */
function linkAt(search, scenes = ["a", "b"]) {
  const entries = [search];
  const address = {
    read: () => entries[entries.length - 1],
    write: (/** @type {string} */ text, /** @type {boolean} */ entry) => {
      if (entry) entries.push(text);
      else entries[entries.length - 1] = text;
    },
  };
  return { link: new Link({ page: "vae", scenes, digits: 100 }, address), entries };
}

Deno.test("a link says what differs from the beginning, and nothing else", () => {
  const { link, entries } = linkAt("?digit=7&scene=b");
  assert.deepEqual([link.get("digit"), link.get("scene"), link.get("strokes")], [7, "b", ""]);
  link.learn({ z: numbers({ reach: 5, ofSubject: true }), shared: flag(true) });
  link.set("z", [1, -0.25]);
  link.set("shared", false);
  link.write(false);
  assert.equal(entries.at(-1), "?scene=b&digit=7&z=1,-0.25&shared=no");
  link.set("scene", "a");
  link.set("shared", true);
  link.write(false);
  assert.equal(entries.at(-1), "?digit=7&z=1,-0.25");
  assert.equal(entries.length, 1);
});

Deno.test("what shows something else altogether is an entry of its own, and what was there before is noted first", () => {
  const { link, entries } = linkAt("?seed=1");
  link.learn({ seed: number({ initial: 0, least: 0, most: 9 }), run: text({ form: /^\w+$/, entry: true }) });
  link.set("seed", 2);
  link.save();
  link.set("run", "a");
  link.save();
  assert.deepEqual(entries, ["?seed=2", "?seed=2&run=a"]);
  link.set("seed", 3);
  link.write(false);
  assert.deepEqual(entries, ["?seed=2", "?seed=3&run=a"]);
  entries.pop();
  link.read();
  assert.deepEqual([link.get("run"), link.get("seed")], ["", 2]);
});

Deno.test("another checkpoint takes with it all but the scene, and its digits are counted anew", () => {
  const entries = ["?checkpoint=0123456789abcdef&scene=b&digit=90&z=1,2"];
  const address = {
    read: () => entries[entries.length - 1],
    write: (/** @type {string} */ text) => void entries.push(text),
  };
  const link = new Link({ page: "vae", scenes: ["a", "b"], digits: 100, checkpoints: true }, address);
  link.learn({ z: numbers({ reach: 5, ofSubject: true }) });
  assert.deepEqual([link.get("checkpoint"), link.get("digit")], ["0123456789abcdef", 90]);
  /** @type {string[]} */
  const told = [];
  for (const key of ["scene", "checkpoint"]) link.on(key, () => told.push(key));
  link.choose("");
  assert.deepEqual([entries.at(-1), link.get("z"), link.get("digit")], ["?scene=b", null, 0]);
  entries.pop();
  entries.push("?checkpoint=0123456789abcdef");
  link.read();
  assert.deepEqual(told, ["checkpoint", "checkpoint", "scene"]); // first whatever all else belongs to
  link.set("digit", 90);
  link.count(50);
  assert.deepEqual([link.get("digit"), link.takeUnread()], [0, ["digit"]]);
  // Back from a small test set to a digit of the large one; and it may be the other that is larger.
  entries.push("?digit=90");
  link.read();
  link.count(100);
  assert.equal(link.get("digit"), 90);
  entries.push("?checkpoint=0123456789abcdef&digit=4000");
  link.read();
  link.count(10_000);
  assert.equal(link.get("digit"), 4000);
  entries.push("?checkpoint=0123456789abcdef&digit=10000");
  link.read();
  assert.deepEqual([link.get("digit"), link.takeUnread()], [0, ["digit"]]);
  const other = linkAt("?checkpoint=nonsense").link;
  assert.equal(other.get("checkpoint"), undefined); // a page that looks at none
});

Deno.test("another digit takes with it what belonged to the last one, and a drawing too", () => {
  const { link } = linkAt("?digit=7&z=1,2&seed=3");
  link.learn({ z: numbers({ reach: 5, ofSubject: true }), seed: number({ initial: 0, least: 0, most: 9 }) });
  /** @type {string[]} */
  const told = [];
  for (const key of ["digit", "z", "seed"]) link.on(key, () => told.push(key));
  link.set("digit", 8);
  assert.deepEqual([link.get("z"), link.get("seed")], [null, 3]);
  assert.deepEqual(told.sort(), ["digit", "z"]);
  link.set("strokes", "0a0b0c0d");
  link.set("digit", 9);
  assert.equal(link.get("strokes"), "");
  assert.deepEqual(link.ofSubject, ["z"]);
});

Deno.test("what belonged to another digit goes with it, also where its scene is not known yet", () => {
  const { link, entries } = linkAt("?digit=3&z=1,2&map=umap");
  link.set("digit", 5);
  const params = { z: numbers({ reach: 5, ofSubject: true }), map: text({ form: /^\w+$/ }) };
  link.learn(params);
  assert.deepEqual([link.get("z"), link.get("map")], [null, "umap"]);
  link.write(false);
  assert.equal(entries.at(-1), "?digit=5&map=umap");
  entries.push("?digit=3&z=1,2");
  link.read();
  assert.deepEqual(link.get("z"), [1, 2]);
});

Deno.test("what no scene has asked for yet stays as it is", () => {
  const { link, entries } = linkAt("?map=umap&digit=5");
  link.set("digit", 6);
  link.write(false);
  assert.equal(entries.at(-1), "?digit=6&map=umap");
});

Deno.test("what cannot be read is told once, by name, and goes", () => {
  const { link, entries } = linkAt(`?digit=1e400&scene=nowhere&z=foo&strokes=zz&seed=${"9".repeat(400)}`);
  link.learn({ z: numbers({ reach: 5 }), seed: number({ initial: 0, least: 0, most: 9999 }) });
  assert.deepEqual(link.takeUnread().sort(), ["digit", "scene", "seed", "strokes", "z"]);
  assert.deepEqual(link.takeUnread(), []);
  assert.deepEqual([link.get("digit"), link.get("scene"), link.get("z"), link.get("seed")], [
    0,
    "a",
    null,
    0,
  ]);
  link.write(false);
  assert.equal(entries.at(-1), "");
});

Deno.test("a scene is an entry of its own, a value is not; Back tells whoever follows", () => {
  const { link, entries } = linkAt("");
  link.set("digit", 4);
  link.go("b");
  assert.deepEqual(entries, ["", "?scene=b&digit=4"]);
  let told = 0;
  link.on("scene", () => told++);
  entries.pop();
  link.read();
  assert.deepEqual([link.get("scene"), link.get("digit"), told], ["a", 0, 1]);
});

Deno.test("in a lesson only what its link leaves free can be moved, and of several numbers those that it names", () => {
  const { link } = linkAt("?free=z2,digit&z=1,2,3");
  link.learn({ z: numbers({ reach: 5, ofSubject: true }), seed: number({ initial: 0, least: 0, most: 9 }) });
  const model = new SceneModel(link, {});
  model.set("z", [4, 4, 4]);
  model.set("seed", 3);
  link.go("b");
  assert.deepEqual([link.get("z"), link.get("seed"), link.get("scene")], [[1, 4, 3], 0, "a"]);
  model.set("digit", 7);
  assert.deepEqual([link.get("digit"), link.get("z")], [7, null]);
  assert.deepEqual(["z", "digit", "seed", "scene"].map((key) => link.may(key)), [true, true, false, false]);
  link.checkFree();
  assert.equal(link.search, "?digit=7&free=z2,digit");
  for (const damaged of ["?free=z2,nothing", "?free=z,,digit", "?free=<b>", "?free=constructor"]) {
    const other = linkAt(damaged).link;
    other.learn({ z: numbers({ reach: 5 }) });
    other.checkFree();
    assert.deepEqual([other.takeUnread(), other.free], [["free"], null], damaged);
    assert.ok(other.may("z"));
  }
});

Deno.test("a part's model is the link by its names, and beside it what is fixed", () => {
  const { link } = linkAt("?digit=3"), model = new SceneModel(link, { checkpoint: { name: "vae" } });
  let changed = 0;
  const heard = () => changed++;
  model.on("change:digit", heard);
  model.set("digit", 4);
  model.set("digit", 4);
  model.off("change:digit", heard);
  model.set("digit", 5);
  assert.deepEqual([model.get("digit"), model.get("checkpoint").name, changed], [5, "vae", 1]);
  link.write(false); // or its timer would outlive the test
});

Deno.test("in a notebook a digit and its values may be set together, in any order", async () => {
  const traits = /** @type {Record<string, any>} */ ({ digit: 0, z: null, digits: { count: 10 } });
  /** @type {Map<string, () => void>} */
  const listeners = new Map();
  const model = {
    get: (/** @type {string} */ key) => traits[key],
    set: (/** @type {string} */ key, /** @type {any} */ value) => (traits[key] = value),
    save_changes() {},
    on: (/** @type {string} */ event, /** @type {() => void} */ f) => listeners.set(event, f),
    off: (/** @type {string} */ event) => listeners.delete(event),
  };
  const values = new Values({ z: numbers({ reach: 5, ofSubject: true }) }, model);
  for (const order of [["z", "digit"], ["digit", "z"]]) {
    Object.assign(traits, { digit: traits.digit + 1, z: [traits.digit, 2] });
    for (const key of order) listeners.get(`change:${key}`)?.();
    await Promise.resolve();
    assert.deepEqual([values.link.get("digit"), values.link.get("z")], [traits.digit, traits.z]);
  }
  traits.digit = 7; // alone it forgets them
  listeners.get("change:digit")?.();
  await Promise.resolve();
  assert.equal(values.link.get("z"), null);
  values.close();
});
