/** Which words of a sentence the glossary knows. */

import assert from "node:assert/strict";
import { entryOf, GLOSSARY } from "../../aevb/web/frame/glossary.js";

Deno.test("a word is found by its term or another name, whatever its letters", () => {
  const termOf = (/** @type {string} */ word) => GLOSSARY[entryOf(word) ?? -1]?.[0];
  for (
    const [word, term] of [
      ["ELBO", "ELBO"],
      ["E-steps", "E-step"],
      ["Reparametrised", "reparametrised"],
      ["reverse", "reverse KL, forward KL"],
      ["UMAP", "PCA, t-SNE, UMAP"],
    ]
  ) assert.equal(termOf(word), term);
  assert.equal(termOf("encoder"), undefined);
});

Deno.test("no two entries have the same name", () => {
  const names = GLOSSARY.flatMap(([term, , ...others]) => [...new Set([term, ...others])]);
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length);
});
