import assert from "node:assert/strict";
import { literal, written } from "../../aevb/web/frame/cell.js";
import { unembedded } from "../../aevb/web/frame/link.js";
import { embedding } from "../../aevb/web/frame/share.js";

Deno.test("a frame's address is the view's and says that it is one", () => {
  const frame = embedding("http://a.b/app/vae?scene=walk&z=0,1", 'From "7" to 3 & back');
  assert.match(frame, /^<iframe src="http:\/\/a\.b\/app\/vae\?scene=walk&amp;z=0,1&amp;embed=true" /);
  assert.match(frame, / title="From &quot;7&quot; to 3 &amp; back" /);
  const link = "http://a.b/vae?embed=true&scene=map&embed_options=dark_theme&present=true";
  assert.equal(unembedded(link), "http://a.b/vae?scene=map");
});

Deno.test("values are written as Python has them", () => {
  assert.deepEqual([null, true, false, 7, -0.5, "turn", [1, -2.5]].map(literal), [
    "None",
    "True",
    "False",
    "7",
    "-0.5",
    '"turn"',
    "[1, -2.5]",
  ]);
});

Deno.test("a cell has the link's values, and its own where the link has none", () => {
  const values = { checkpoint: "vae", digit: 0, z: null, from_: 3 };
  const cell = { imports: "import aevb", values, body: "print(z)" };
  const link = new Map(Object.entries({ digit: 7, z: [0, 1], from: 5, checkpoint: "" }));
  const said = 'checkpoint = "vae"\ndigit = 7\nz = [0, 1]\nfrom_ = 5';
  assert.equal(written(cell, link), `import aevb\n\n${said}\n\nprint(z)`);
  assert.match(
    written(cell, new Map([["strokes", "0101"]])),
    /^import aevb\n\n# A cell takes no drawing/,
  );
});

Deno.test("a cell that takes no run says so, in the place of where to name it", () => {
  const link = new Map([["checkpoint", "0123"]]), told = { imports: "import aevb", values: { digit: 0 } };
  const cell = { ...told, values: { checkpoint: "vae", digit: 0 }, body: "aevb.load(checkpoint)" };
  assert.match(
    written(cell, link),
    /^import aevb\n\n# A run of this server: .*\n# .*\ncheckpoint = "0123"\n/,
  );
  assert.match(
    written({ ...told, body: 'aevb.load("vae")' }, link),
    /^import aevb\n\n# Of the shipped models.*\ndigit/,
  );
  assert.equal(written({ ...told, body: "print()" }, link), "import aevb\n\ndigit = 0\n\nprint()");
});
