// What pages remember of one another, in any host: what a link said when its page was left, and the digit or drawing.

/** @typedef {import("../frame/explorer.js").Page} Page */

/** @param {string} name */
function kept(name) {
  try {
    return sessionStorage.getItem(`aevb:${name}`);
  } catch {
    return null; // in a frame of another site a browser may keep nothing
  }
}

/**
 * What a page's link said when it was left, and which of it belonged to its digit or drawing.
 * @param {string} page
 * @returns {{ search: string, ofSubject: string[] }}
 */
export function leftWith(page) {
  return JSON.parse(kept(page) ?? '{"search": "", "ofSubject": []}');
}

/** @param {Page} page @param {string} search @param {string[]} ofSubject */
export function keep({ page, shared }, search, ofSubject) {
  try {
    const said = new URLSearchParams(search);
    for (const key of ["tour", "stop"]) said.delete(key); // the menu leads out of a tour
    search = said.toString();
    sessionStorage.setItem(`aevb:${page}`, JSON.stringify({ search, ofSubject }));
    if (!shared.digits || ofOther(said)) return; // the page shows none of the test digits
    sessionStorage.setItem("aevb:subject", subjectOf(said).toString());
  } catch { /* a browser that keeps nothing: pages open at their beginning */ }
}

/** Whether the digits are another test set's: of a checkpoint that the link names. @param {URLSearchParams} said */
function ofOther(said) {
  return said.has("checkpoint");
}

/** @param {URLSearchParams} said */
function subjectOf(said) {
  return new URLSearchParams(["digit", "strokes"].flatMap((key) => {
    const value = said.get(key);
    return value === null ? [] : [[key, value]];
  }));
}

/**
 * The link that a page opens with, where it was asked for by the menu: as it was left, with the digit or drawing that
 * was seen last.
 * @param {Page} page
 */
export function remembered(page) {
  const { search, ofSubject } = leftWith(page.page),
    said = new URLSearchParams(search),
    now = kept("subject") ?? "";
  said.delete("present"); // the menu leads out of a lecture; links carry it on (frame/explorer.js)
  if (page.shared.digits && !ofOther(said) && subjectOf(said).toString() !== now) {
    for (const key of ["digit", "strokes", ...ofSubject]) said.delete(key);
    for (const [key, value] of new URLSearchParams(now)) said.set(key, value);
  }
  const words = said.toString().replaceAll("%2C", ",");
  return words && `?${words}`;
}
