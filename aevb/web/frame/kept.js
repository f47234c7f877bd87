// The checkpoint that a page's scenes look at in the place of the shipped one: a run's, or one that was brought along.

import { h } from "../kit/elements.js";
import { source } from "../kit/source.js";

/**
 * What the server tells of a checkpoint: what all parts are told, and what it is called; or a sentence, and the page
 * that can look at it.
 * @typedef {{ shared?: Record<string, any>, title?: string, problem?: string, page?: { name: string, title: string } }} Told
 */

/** @param {string} name the checkpoint's @param {string} page @returns {Promise<Told>} */
export async function ask(name, page) {
  try {
    const bytes = await source.bytes(`checkpoint/${name}?page=${page}`);
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return { problem: `The checkpoint could not be loaded. ${message}.` };
  }
}

/** Its place in the strip: which one it is, and the way back to the shipped one. */
export class Chip {
  /** @param {() => void} leave */
  constructor(leave) {
    this.name = h("span.name");
    const back = "Back to the shipped model";
    this.element = h(
      "span.kept",
      { hidden: true },
      this.name,
      h("button.step", { type: "button", "aria-label": back, title: back, onclick: leave }, "×"),
    );
  }

  /** @param {string} name "" for the shipped one @param {string} [title] */
  show(name, title) {
    this.element.hidden = !name;
    this.name.textContent = title ?? `${name.slice(0, 4)}…`;
    this.name.title = `Checkpoint ${name}`;
  }
}

/**
 * Says why there is nothing to see, and where there is.
 * @param {string} name the checkpoint's
 * @param {Told} told
 * @param {() => void} leave
 */
export function refusal(name, { problem = "", page }, leave) {
  const shipped = h("button.button", { type: "button", onclick: leave }, "Show the shipped model");
  const there = page && h(
    "a.button",
    { href: source.address(page.name, `?checkpoint=${name}`), "data-page": "" },
    `Open it on ${page.title}`,
  );
  return h("p.notice", { role: "alert" }, `${problem} `, there, " ", shipped);
}
