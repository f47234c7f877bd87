// Points of a plane to learn from: along a curve, with noise beside it.

import { Random } from "../../engine/random.js";

export const COUNT = 300;
const NOISE = 0.25;
export const EDGE = 5; // of the plane, each way

/** @param {number} radians */
const turned = (radians) => [Math.cos(radians), Math.sin(radians)];

/**
 * The place on each that a share in [0, 1) of it leads to.
 * @type {Record<string, (share: number) => number[]>}
 */
export const SHAPES = {
  wave: (share) => [8 * share - 4, 2 * Math.sin(7 * share - 3.5)],
  arc(share) {
    const [across, up] = turned(Math.PI * (1.3 * share - 0.15));
    return [-3.5 * across, 4 * up - 2];
  },
  groups: (share) => [[-3, -1.5], [0, 2.5], [3, -1.5]][Math.floor(3 * share)],
  ring: (share) => turned(2 * Math.PI * share).map((value) => 3 * value),
};

/** The points of a shape, the same ones at all times, (2,) each. @param {string} name */
export function pointsOf(name) {
  const random = new Random(Object.keys(SHAPES).indexOf(name) + 1), at = SHAPES[name];
  return Array.from({ length: COUNT }, () => {
    const place = at(random.uniform()), noise = random.normal(2);
    return Float32Array.from(place, (value, axis) => value + NOISE * noise[axis]);
  });
}
