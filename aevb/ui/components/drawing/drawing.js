// The SVG is the library's own, from aevb/figures/drawings.py; it never holds what a visitor typed.
export default function ({ data, parentElement }) {
  parentElement.querySelector("div").innerHTML = data;
}
