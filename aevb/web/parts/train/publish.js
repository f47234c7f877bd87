// A run's checkpoint onto the Hugging Face Hub, with a token that is kept nowhere.

import { button, folded } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { push } from "./brought.js";

/** Asks for a repository and a token, and publishes a run there. `end` is to be called in the end. @param {string} run */
export function publish(run) {
  const field = (/** @type {string} */ label, /** @type {Record<string, any>} */ settings) => {
    const input = h("input.list", {
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: false,
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && start(),
      ...settings,
    });
    return { input, element: h("label.select", {}, h("span", {}, label), input) };
  };
  const repository = field("Repository", { type: "text", placeholder: "owner/name" });
  const token = field("Token that may write", { type: "password", placeholder: "hf_…" });
  const hidden = h("input", { type: "checkbox", checked: true });
  const said = h("p.said", { role: "status" }), problem = h("p.problem", { role: "alert", hidden: true });
  const go = button("Publish", () => start(), { className: "button primary" });
  const start = async () => {
    if (go.disabled) return;
    const what = {
      run,
      repository: repository.input.value,
      token: token.input.value,
      private: hidden.checked,
    };
    token.input.value = "";
    go.disabled = true;
    problem.hidden = true;
    setText(said, "Publishing …");
    try {
      const { url } = await push(what);
      said.replaceChildren("It is there: ", h("a", { href: url, target: "_blank", rel: "noopener" }, url));
    } catch (error) {
      setText(said, "");
      setText(problem, /** @type {Error} */ (error).message);
      problem.hidden = false;
    } finally {
      go.disabled = false;
    }
  };
  const { element, end } = folded(
    "Publish",
    h(
      "div.box",
      {},
      h("b", {}, "To the Hugging Face Hub"),
      h("div.fields", {}, repository.element, token.element),
      h("label.check", {}, hidden, " a private repository"),
      h(
        "p",
        {},
        "What goes there: the weights, the settings, the record of this training, and a card that tells them, under " +
          "the MIT licence. The token is used for this once, and kept nowhere.",
      ),
      h("div.controls", {}, go, said),
      problem,
    ),
  );
  element.classList.add("publish");
  return { element, end };
}
