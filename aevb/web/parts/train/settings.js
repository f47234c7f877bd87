// The settings of several runs side by side.

import { fieldsOf, valueOf, write } from "./specification.js";

/** @typedef {import("./specification.js").Options} Options */

/**
 * What each of the runs was asked for with: first the settings in which they differ. Where a run's model has no such
 * setting its value is "–".
 * @param {Options} options
 * @param {any[]} specifications
 * @returns {{ label: string, values: string[], differ: boolean }[]}
 */
export function sideBySide({ models, data }, specifications) {
  const named = (/** @type {{ name: string, title: string }[]} */ all, /** @type {string} */ name) =>
    all.find((one) => one.name === name)?.title ?? name;
  const fields = specifications.map(({ model }) => {
    const found = models.find(({ name }) => name === model);
    return found ? fieldsOf(found) : {};
  });
  const keys = models.flatMap((model) => Object.keys(fieldsOf(model)));
  const rows = [
    { label: "Model", values: specifications.map(({ model }) => named(models, model)) },
    { label: "Data", values: specifications.map((one) => named(data, one.data)) },
  ];
  for (const key of new Set(keys)) {
    const label = fields.find((own) => key in own)?.[key].label;
    const told = specifications.map((one, i) =>
      key in fields[i] ? valueOf(one, key, fields[i][key]) : undefined
    );
    if (!label || told.every((value) => value === null || value === undefined)) continue;
    rows.push({ label, values: told.map((value) => value === undefined ? "–" : write(value) || "none") });
  }
  const compared = rows.map((row) => ({ ...row, differ: new Set(row.values).size > 1 }));
  return compared.sort((a, b) => Number(b.differ) - Number(a.differ));
}

/**
 * Whether the ELBOs of runs are on one scale: of the same data, as values of the same kind, given a label or not.
 * @param {Options} options
 * @param {any[]} specifications
 */
export function onOneScale({ models }, specifications) {
  const scales = specifications.map((one) => {
    const of = models.find(({ name }) => name === one.model) ?? models[0], field = fieldsOf(of).likelihood;
    return `${one.data} ${field ? valueOf(one, "likelihood", field) : "gaussian"} ${of.conditional}`;
  });
  return new Set(scales).size < 2;
}
