// Where the front end has its own files from, and what it computes from: fetched from a server, unless a host has them
// already. Everything that is asked for by its name is asked for here.

/** Hears how many bytes of a content have come, of how many where that is known. @typedef {(got: number, whole?: number) => void} Heard */

/**
 * @typedef {object} Source
 * @property {(path: string) => Promise<any>} module a module, by its path within aevb/web/
 * @property {(path: string) => Promise<string>} text a style sheet's text, by its path there
 * @property {(url: string, heard?: Heard) => Promise<ArrayBuffer>} bytes a content, by the URL that a page is told
 * @property {(page: string, search: string) => string} address of another page, with what its link says
 */

/** @type {Source} */
export const source = {
  module: (path) => import(`../${path}`),
  text: async (path) => new TextDecoder().decode(await received(new URL(`../${path}`, import.meta.url))),
  bytes: (url, heard) => received(new URL(url, document.baseURI), heard),
  address: (page, search) => (page || "./") + search,
};

/** Called by a host that has them elsewhere. @param {Partial<Source>} own */
export function provide(own) {
  Object.assign(source, own);
}

const PATIENCE = 60_000; // ms without a byte, as in hosts/boot.js: a slow line brings a model in the end

/** @param {URL} url @param {Heard} [heard] @returns {Promise<ArrayBuffer>} */
async function received(url, heard = () => {}) {
  const given = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let late;
  const wait = () => {
    clearTimeout(late);
    late = setTimeout(() => given.abort(), PATIENCE);
  };
  try {
    wait();
    const response = await fetch(url, { signal: given.signal });
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
    const whole = sizeOf(response.headers);
    let got = 0;
    heard(got, whole);
    const through = new TransformStream({
      transform(piece, out) {
        wait();
        heard(got += piece.length, whole);
        out.enqueue(piece);
      },
    });
    return await new Response(response.body?.pipeThrough(through)).arrayBuffer();
  } catch (error) {
    if (given.signal.aborted) throw new Error("The server took too long");
    throw error instanceof TypeError ? new Error("The server did not answer") : error;
  } finally {
    clearTimeout(late);
  }
}

/** How many bytes come, unpacked: the length of what is sent is that of a compressed content. @param {Headers} headers */
function sizeOf(headers) {
  const plain = headers.get("X-Plain-Length") ??
    (headers.has("Content-Encoding") ? null : headers.get("Content-Length"));
  return Number(plain) || undefined;
}
