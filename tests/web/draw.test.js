/** Where a drawing's ELBO stands among those of the test digits. */

import { rank } from "../../aevb/web/parts/draw/answers.js";

const QUANTILES = [-100, -80, -60, -50, -40, -20, 0]; // the lowest, 5, 25, 50, 75, 95 %, the highest

Deno.test("an ELBO stands between the quantiles", () => {
  for (
    const [value, said] of [[-60, "above 25 %"], [-55, "above 38 %"], [-40, "above 75 %"], [
      -1,
      "above 100 %",
    ]]
  ) {
    const found = rank(Number(value), QUANTILES);
    if (!found.startsWith(`${said} `)) throw new Error(`${value}: ${found}`);
  }
});

Deno.test("what lies below them all is unlike any test digit", () => {
  if (!rank(-100.1, QUANTILES).endsWith("unlike any test digit")) throw new Error(rank(-100.1, QUANTILES));
  if (!rank(-99.9, QUANTILES).startsWith("above less than 1 %")) throw new Error(rank(-99.9, QUANTILES));
  if (rank(0.1, QUANTILES) !== "above those of all test digits") throw new Error(rank(0.1, QUANTILES));
});
