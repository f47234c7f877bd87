import assert from "node:assert/strict";
import { loadAbout, loadHalves, loadModel } from "../../aevb/web/kit/loading.js";
import { provide } from "../../aevb/web/kit/source.js";
import { adler32 } from "../../aevb/web/engine/weights.js";
import { header } from "./tiny.js";

/** A part of a model without any weights, as aevb/explore/packing.py packs it. */
function packed() {
  const text = new TextEncoder().encode(
    JSON.stringify({ ...header("vae"), adler32: adler32(new Uint8Array()) }),
  );
  return Uint8Array.from([...new Uint8Array(Uint32Array.of(text.length).buffer), ...text]).buffer;
}

Deno.test("of many checkpoints, looked at one after the other, the last dozen is kept with what is recorded of it", async () => {
  /** @type {string[]} */
  const asked = [];
  const bytes = (/** @type {string} */ url) => {
    asked.push(url);
    if (url.endsWith("about")) return Promise.resolve(new TextEncoder().encode("{}").buffer);
    return Promise.resolve(/[pq]$/.test(url) ? packed() : new ArrayBuffer(8));
  };
  provide({ bytes });
  const at = (/** @type {number} */ run) => ({
    url: "",
    name: String(run),
    about: `${run}/about`,
    p: `${run}/p`,
    q: `${run}/q`,
    means: `${run}/means`,
    maps: { pca: `${run}/pca` },
  });
  const look = async (/** @type {number} */ run) => {
    const checkpoint = at(run), before = asked.length;
    await loadAbout(checkpoint.about);
    await loadModel(checkpoint, ["p", "q"]);
    await loadHalves(checkpoint.means, "The latent values");
    await loadHalves(checkpoint.maps.pca, "The map");
    return asked.length - before;
  };
  for (let run = 0; run < 13; run++) assert.equal(await look(run), 5);
  assert.equal(await look(12), 0);
  assert.equal(await look(0), 5); // all of it is gone
});
