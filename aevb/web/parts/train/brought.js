// What this browser brings along: how it gets to the server, and how it is found again.

import { ask, Refused, UPLOADS, urlOf, visitor } from "./wire.js";

/**
 * Images as the server tells of them.
 * @typedef {object} Images
 * @property {string} name of the data, for a run's specification
 * @property {string} title
 * @property {number} count of those that are trained on
 * @property {number} images how many there are
 * @property {number[]} shape
 * @property {string[]} classes
 * @property {string} note what became of them
 *
 * A checkpoint, which lies among the runs.
 * @typedef {object} Checkpoint
 * @property {string} checkpoint its name
 * @property {string} kind of its model
 * @property {string | null} page where its scenes are
 * @property {string} title
 * @property {number} parameters
 * @property {number[]} shape
 *
 * @typedef {import("./specification.js").Options} Options
 */

const LONGEST = 100; // s until an answer: a file may wait for others to be read

/**
 * Sends a file. `fetch` does not tell how much has gone.
 * @param {File} file
 * @param {(share: number) => void} sent
 * @param {AbortSignal} signal
 * @returns {Promise<Images | Checkpoint>}
 */
export function send(file, sent, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(new Error("The server does not answer."));
    request.open("POST", urlOf("upload"));
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Visitor", visitor());
    request.setRequestHeader("X-Name", encodeURIComponent(file.name.slice(-100).toWellFormed()));
    request.upload.onprogress = ({ loaded, total }) => sent(loaded / total);
    request.onload = () => {
      const { response, status } = request;
      if (response?.problem) reject(new Refused(response.problem));
      else if (status === 200 && response) resolve(response);
      else reject(new Error(`The server answered ${status}.`));
    };
    Object.assign(request, { onerror: fail, ontimeout: fail, onabort: fail });
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** Fetches a checkpoint from the Hub. @param {string} repository @returns {Promise<Checkpoint>} */
export function pull(repository) {
  return ask("pull", { body: { repository, visitor: visitor() }, seconds: LONGEST });
}

/**
 * Puts a run's checkpoint on the Hub.
 * @param {{ run: string, repository: string, token: string, private: boolean }} what
 * @returns {Promise<{ url: string }>}
 */
export function push(what) {
  return ask("push", { body: { ...what, visitor: visitor() }, seconds: LONGEST });
}

/** The first sixteen of images, each of D numbers in [0, 1]. @param {Images} images */
export async function firstOf({ name, shape }) {
  const bytes = new Uint8Array(await ask(`upload/${name}/images`, { bytes: true }));
  const size = shape[0] * shape[1];
  return Array.from(
    { length: bytes.length / size },
    (_, k) => Float32Array.from(bytes.subarray(k * size, (k + 1) * size), (level) => level / 255),
  );
}

/**
 * The options with the images that this browser has brought, and those that the link names, as far as they are there.
 * @param {Options} options
 * @param {string} named
 */
export async function withOwn(options, named) {
  const names = new Set([named, ...UPLOADS.all().slice(0, 8)].filter((name) => name.startsWith("upload-")));
  if (!options.training) return options;
  const found = await Promise.all([...names].map((name) => ask(`upload/${name}`).catch(() => null)));
  return { ...options, data: [...options.data, ...found.filter(Boolean)] };
}
