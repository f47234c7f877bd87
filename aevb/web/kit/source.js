// Where the front end has its own files from, and what it computes from: fetched from a server, unless a host has them
// already. Everything that is asked for by its name is asked for here.

/**
 * @typedef {object} Source
 * @property {(path: string) => Promise<any>} module a module, by its path within aevb/web/
 * @property {(path: string) => Promise<string>} text a style sheet's text, by its path there
 * @property {(url: string) => Promise<ArrayBuffer>} bytes a content, by the URL that a page is told
 * @property {(page: string, search: string) => string} address of another page, with what its link says
 */

/** @type {Source} */
export const source = {
  module: (path) => import(`../${path}`),
  text: async (path) => await (await answered(new URL(`../${path}`, import.meta.url))).text(),
  bytes: async (url) => await (await answered(new URL(url, document.baseURI))).arrayBuffer(),
  address: (page, search) => (page || "./") + search,
};

/** Called by a host that has them elsewhere. @param {Partial<Source>} own */
export function provide(own) {
  Object.assign(source, own);
}

/** @param {URL} url */
async function answered(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (response.ok) return response;
    throw new Error(`The server answered ${response.status}`);
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    const reasons = { TimeoutError: "The server took too long", TypeError: "The server did not answer" };
    throw new Error(/** @type {Record<string, string>} */ (reasons)[name] ?? message);
  }
}
