// What is said above the scene, until something else is chosen; and below it, that the server is silent.

import { h, setText } from "../kit/elements.js";

const UNTOLD = 1500; // ms in which a server may be silent
const AWAY = "The server does not answer: this page goes on, the others need it.";

export class Warnings {
  constructor() {
    this.notice = h("p.warning", { role: "status", hidden: true });
    this.away = h("p.away", { role: "status" });
    /** What of the link could not be read. @type {string[]} */
    this.unread = [];
    this.noPage = ""; // that the page which was asked for is none
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined; // tells of the server's silence once it lasts
  }

  /** Says a sentence, until something else is chosen. @param {string} sentence */
  tell(sentence) {
    this.notice.textContent = sentence;
    this.notice.hidden = false;
  }

  /** Something else is chosen. */
  forget() {
    this.unread = [];
    this.noPage = "";
    this.notice.hidden = true;
  }

  /** Says what of the link could not be read. @param {import("./link.js").Link} link which leaves that out */
  tellUnread(link) {
    const more = link.takeUnread(), names = (this.unread = [...new Set([...this.unread, ...more])]);
    if (!more.length) return;
    const list = [names.slice(0, -1).join(", "), names[names.length - 1]].filter(Boolean).join(" and ");
    const rest = names.length === 1 ? "it is at its default" : "they are at their defaults";
    this.tell(`${this.noPage} This link’s ${list} could not be read; ${rest}.`.trim());
    link.save();
  }

  /** Says that this page is not the one that was asked for. @param {string} name */
  tellNoPage(name) {
    this.noPage = `There is no page “${name}” here: this is the first.`;
    this.tell(this.noPage);
  }

  /** Says that the server does not answer, as long as that is so. @param {boolean} away */
  tellAway(away) {
    if (away === (this.later !== undefined)) return;
    clearTimeout(this.later);
    this.later = undefined;
    if (away) this.later = setTimeout(() => setText(this.away, AWAY), UNTOLD);
    else setText(this.away, "");
  }

  end() {
    clearTimeout(this.later);
  }
}
