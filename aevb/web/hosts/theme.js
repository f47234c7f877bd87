// Light or dark, in any host: a canvas cannot know by itself.

/** @param {HTMLElement} root the explorer @param {boolean} dark */
export function turn(root, dark) {
  const before = root.dataset.theme;
  root.dataset.theme = dark ? "dark" : "light";
  if (before && before !== root.dataset.theme) {
    for (const element of root.querySelectorAll(".instrument, .instrument *")) {
      element.dispatchEvent(new Event("themechange"));
    }
  }
}
