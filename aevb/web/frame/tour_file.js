// A tour as a text: fields in lines, from above to below (aevb/tours/ has three, its README the form). Whoever wrote it
// is told of each fault by its line.

/**
 * @typedef {object} Step
 * @property {string} page the name of its page
 * @property {string} search what the page's link says, without its "?"
 * @property {string} says
 * @property {string} notes for whoever speaks; "" where there are none
 * @property {string} asks a question, or ""
 * @property {string} answer to it
 */

/** @typedef {{ title: string, about: string, steps: Step[] }} TourFile */

const LONGEST = { tour: 80, about: 160, step: 2000, says: 240, notes: 1200, asks: 160, answer: 240 };
const MOST_STEPS = 60, MOST_BYTES = 40_000, MOST_LETTERS = 7000;

/** @typedef {keyof typeof LONGEST} Name */
/** @typedef {{ name: Name, text: string, line: number }} Field */

/**
 * Reads a tour. Throws an Error whose message is a sentence that names the line.
 * @param {string} text
 * @param {Record<string, string[]>} scenes the names of each page's scenes
 * @returns {TourFile}
 */
export function parse(text, scenes) {
  if (text.length > MOST_BYTES) {
    throw new Error(`It is ${text.length} letters long: ${MOST_BYTES} are the most.`);
  }
  const [first, ...fields] = read(text);
  if (first?.name !== "tour") fail(first?.line ?? 1, "a tour begins with “Tour:” and its title");
  /** @type {TourFile} */
  const tour = { title: first.text, about: "", steps: [] };
  /** @type {{ step: Step, line: number, asked: number } | undefined} */
  let last;
  const close = () => {
    if (last && !last.step.says) fail(last.line, "this step says nothing: write “Says:” below it");
    if (last && last.step.asks && !last.step.answer) fail(last.asked, "this question has no “Answer:”");
  };
  for (const { name, text, line } of fields) {
    if (name === "step") {
      close();
      last = {
        step: { ...placeOf(text, line, scenes), says: "", notes: "", asks: "", answer: "" },
        line,
        asked: 0,
      };
      tour.steps.push(last.step);
      if (tour.steps.length > MOST_STEPS) fail(line, `a tour has at most ${MOST_STEPS} steps`);
    } else if (name === "tour") {
      fail(line, "a file holds one tour, and this is the second “Tour:”");
    } else if (name === "about") {
      if (last || tour.about) fail(line, "“About:” stands once, below “Tour:”");
      tour.about = text;
    } else {
      if (!last) fail(line, `“${titled(name)}” belongs to a step: write “Step:” and a link above it`);
      if (last.step[name]) fail(line, `this step has “${titled(name)}” already`);
      if (name === "answer" && !last.step.asks) fail(line, "an answer needs “Asks:” above it");
      if (name === "asks") last.asked = line;
      last.step[name] = text;
    }
  }
  close();
  if (!tour.steps.length) fail(first.line, "this tour has no “Step:”");
  return tour;
}

/** The fields of a text. A line that begins with a space goes on with the one above, one with # is for its readers. @param {string} text */
function read(text) {
  /** @type {Field[]} */
  const fields = [];
  text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).forEach((words, k) => {
    const line = k + 1;
    if (!words.trim() || words.startsWith("#")) return;
    const last = fields[fields.length - 1];
    if (/^\s/.test(words)) {
      if (!last) fail(line, "a tour begins with “Tour:” and its title");
      last.text = `${last.text} ${words.trim()}`.trim();
    } else {
      const [, name, said] = words.match(/^(\w+):(.*)$/) ?? [];
      if (!Object.hasOwn(LONGEST, name?.toLowerCase() ?? "")) {
        fail(line, `it begins with none of ${Object.keys(LONGEST).map(titled).join(" ")}, and with no space`);
      }
      fields.push({ name: /** @type {Name} */ (name.toLowerCase()), text: said.trim(), line });
    }
  });
  for (const { name, text, line } of fields) {
    if (!text) fail(line, `nothing stands behind “${titled(name)}”`);
    if (text.length > LONGEST[name]) {
      fail(line, `“${titled(name)}” has ${text.length} letters: ${LONGEST[name]} are the most`);
    }
  }
  return fields;
}

/**
 * The page and the query of a link: of the app, of the edition without a server, or with nothing before the page's name.
 * @param {string} text
 * @param {number} line
 * @param {Record<string, string[]>} scenes
 */
function placeOf(text, line, scenes) {
  const [path, search = ""] = text.split("#")[0].split("?"), said = new URLSearchParams(search);
  const last = path.split("/").pop() ?? "",
    home = !last || last === "overview" || /^https?:\/\/[^/]*$|\.html$/.test(path);
  const page = home ? said.get("page") ?? "" : last;
  if (home) said.delete("page");
  for (const name of ["tour", "stop"]) said.delete(name);
  const named = page || "overview", scene = said.get("scene");
  if (!Object.hasOwn(scenes, page)) {
    const names = Object.keys(scenes).map((name) => name || "overview");
    fail(line, `there is no page “${page}”: the pages are ${names.join(", ")}`);
  }
  if (scene !== null && !scenes[page].includes(scene)) {
    fail(line, `${named} has no scene “${scene}”: its scenes are ${scenes[page].join(", ")}`);
  }
  return { page, search: said.toString().replaceAll("%2C", ",") };
}

/** @param {string} name */
const titled = (name) => `${name[0].toUpperCase()}${name.slice(1)}:`;

/** @param {number} line @param {string} what @returns {never} */
function fail(line, what) {
  throw new Error(`Line ${line}: ${what}.`);
}

// A lecturer's own tour stands in the link itself, so that it reloads, travels and asks no server for anything.

/** The letters of a link for a text. @param {string} text */
export async function pack(text) {
  const squeezed = await through(new TextEncoder().encode(text), new CompressionStream("deflate"));
  const letters = btoa(String.fromCharCode(...squeezed));
  const packed = `~${letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  if (packed.length > MOST_LETTERS) {
    const half = Math.ceil(100 * packed.length / MOST_LETTERS);
    throw new Error(
      `This tour is too long for a link, by ${half - 100} %: shorten its notes, or make two of it.`,
    );
  }
  return packed;
}

/** The text of a link's letters. @param {string} packed */
export async function unpack(packed) {
  try {
    const letters = atob(packed.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const plain = await through(bytes, new DecompressionStream("deflate"), 4 * MOST_BYTES);
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    throw new Error("The tour in this link is damaged: copy the link whole.");
  }
}

/** @param {Uint8Array} bytes @param {CompressionStream | DecompressionStream} stream @param {number} [most] */
async function through(bytes, stream, most = Infinity) {
  const found = [];
  let length = 0;
  for (const reader = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(stream).getReader();;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(found).arrayBuffer());
    length += value.length;
    if (length > most) throw new Error("more than a tour");
    found.push(value);
  }
}
