/** The moves of rows as a link says them. */

import { params } from "../../aevb/web/parts/moved/moved.js";

const { read, write } = params.moved_z;

/** @param {any} found @param {any} expected */
function same(found, expected) {
  if (String(found) !== String(expected)) throw new Error(`${found} is not ${expected}`);
}

Deno.test("moves are a row and its ε, one after the other", () => {
  const moves = read("5,0.5,-1,12,3.5,0.126");
  same(moves, [5, 0.5, -1, 12, 3.5, 0.13]);
  same(write(moves ?? null), "5,0.5,-1,12,3.5,0.13");
});

Deno.test("what is not, is nothing", () => {
  for (const text of ["", "1,2", "0,1,1", "65,1,1", "3,9,1", "3,nan,1", "3.5,1,1", "a,b,c", "3,1,"]) {
    same(read(text), undefined);
  }
});
