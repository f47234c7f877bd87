// The colours that mean something, as in aevb/figures/style.py. Those of one picture are told apart by all eyes
// and stand out from a light page and a dark one, as long as they are drawn solid: tests/test_colours.py.

/** Of the ten digits: blue, orange, red, teal, green, gold, purple, pink, brown, grey. */
export const DIGITS = [
  "#728EF2",
  "#E27047",
  "#BF2709",
  "#106D87",
  "#3EA678",
  "#BD8B01",
  "#6A55A8",
  "#D66EC1",
  "#995237",
  "#70888B",
];

/** Of what belongs to none of the ten. */
export const NO_CLASS = "#765F57";

/** Of what is chosen: unlike all that it may lie on. */
export const MARK = "#E61BD0";

export const ELBO = "#E3283F";
export const EVIDENCE = "#0C8542";
export const TRUE_MODEL = "#89897F";
export const GAP = "#945B95";
export const CLASSIC_EM = "#0191E6";
export const DATA = "#0191E6";
export const GENERATED = "#D57B15";
