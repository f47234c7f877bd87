// This view in Python: a notebook's cell, with the values that the view's link says.

/** As aevb/ui/shared/cell.py gives it. @typedef {{ imports: string, values: Record<string, any>, body: string }} Cell */

const SHIPPED = "# Of the shipped models: this cell takes no run.";

const NOTES = {
  checkpoint:
    `# A run of this server: download it, unpack it, and name its folder here. Images that were brought along are
# not in it: known.images() is then aevb.data.read of their file.`,
  strokes: "# A cell takes no drawing: a test digit stands in for yours.",
};

/**
 * A cell in words.
 * @param {Cell} cell
 * @param {{ get(key: string): any }} link of the view; undefined where it has no such value
 */
export function written({ imports, values, body }, link) {
  const lines = Object.entries(values).map(([name, usual]) => {
    const said = link.get(name.replace(/_$/, "")); // Python keeps some names to itself
    return `${name} = ${literal(said === "" ? usual : said ?? usual)}`;
  });
  const notes = Object.entries(NOTES).flatMap(([key, note]) => {
    if (!link.get(key)) return [];
    if (key !== "checkpoint" || key in values) return [note];
    return body.includes("aevb.load(") ? [SHIPPED] : [];
  });
  return [imports, [...notes, ...lines].join("\n"), body].filter(Boolean).join("\n\n");
}

/** A value in Python. @param {any} value @returns {string} */
export function literal(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  return JSON.stringify(value);
}
