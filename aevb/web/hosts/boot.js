// What opens the static edition, from a server or from a file that was opened by a double click.
//
// To a page of the second kind fetch, modules and workers are closed, and ordinary scripts are open: this is one, and
// all contents are. Each holds compressed bytes in a comment, a letter for each (aevb/site/packing.py). A server is
// asked for the same files by fetch, for it may say of scripts that they are UTF-8, which these are not.

(() => {
  /** @typedef {{ modules: Record<string, string>, styles: Record<string, string>, sizes: Record<string, number>, [more: string]: any }} Site */

  const served = location.protocol !== "file:";
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);

  /** @type {Map<string, (source: string) => void>} */
  const asked = new Map();
  Object.assign(globalThis, {
    /** What every content's script calls. @param {string} name @param {Function} content */
    aevb: (name, content) => asked.get(name)?.(String(content)),
  });

  /** @param {string} name @returns {Promise<Uint8Array>} */
  function byScript(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      asked.set(name, (source) => {
        const bytes = new Uint8Array(source.length);
        for (let i = 0; i < bytes.length; i++) bytes[i] = source.charCodeAt(i);
        resolve(bytes);
      });
      script.charset = "x-user-defined"; // bytes above 127 become letters with the same last eight bits
      script.src = name;
      script.onload = () => reject(new Error("What arrived was damaged")); // where it has called nobody
      script.onerror = () => reject(new Error("A file of this edition is missing"));
      document.head.append(script);
    });
  }

  const PATIENCE = 60_000; // ms without a byte, as in kit/source.js, which is not here yet

  /** Names of what was damaged when it arrived: what the browser has kept of it is passed over. @type {Set<string>} */
  const damaged = new Set();

  /** Of the large contents, in bytes: a server that compresses them does not say. @type {Record<string, number>} */
  let sizes = {};

  /** @param {string} name @param {(got: number, whole?: number) => void} heard @returns {Promise<Uint8Array>} */
  async function byFetch(name, heard) {
    const cache = damaged.has(name) ? "reload" : "default", given = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let late;
    const wait = () => {
      clearTimeout(late);
      late = setTimeout(() => given.abort(), PATIENCE);
    };
    try {
      wait();
      const response = await fetch(name, { cache, signal: given.signal });
      if (!response.ok) throw new Error(`The server answered ${response.status}`);
      let got = 0;
      heard(got, sizes[name]);
      const through = new TransformStream({
        transform(piece, out) {
          wait();
          heard(got += piece.length, sizes[name]);
          out.enqueue(piece);
        },
      });
      return new Uint8Array(await new Response(response.body?.pipeThrough(through)).arrayBuffer());
    } catch (error) {
      if (given.signal.aborted) throw new Error("The server took too long");
      throw error instanceof TypeError ? new Error("The server did not answer") : error;
    } finally {
      clearTimeout(late);
    }
  }

  /** The bytes in a script's comment: what would end it too early, a star and a slash, has a 0 in between. @param {Uint8Array} script */
  function commented(script) {
    const [star, slash] = [42, 47], bytes = new Uint8Array(script.length);
    const start = script.findIndex((byte, i) => byte === slash && script[i + 1] === star);
    let count = 0;
    for (let i = start + 2; start >= 0 && i < script.length; i++) {
      if (script[i] === star && script[i + 1] === slash) return bytes.subarray(0, count);
      bytes[count++] = script[i];
      if (script[i] === star && script[i + 1] === 0) i++;
    }
    throw new Error("a script without its comment");
  }

  /** A content, by its name. @param {string} name @param {(got: number, whole?: number) => void} [heard] of one from a server */
  async function bytes(name, heard = () => {}) {
    const script = await (served ? byFetch(name, heard) : byScript(name));
    try {
      const plain = new Blob([commented(script)]).stream().pipeThrough(new DecompressionStream("deflate"));
      return await new Response(plain).arrayBuffer();
    } catch {
      damaged.add(name);
      throw new Error("What arrived was damaged");
    }
  }

  /** @param {Site} site */
  async function open(site) {
    sizes = site.sizes;
    /** @type {Record<string, string>} */
    const urls = {};
    for (const [path, text] of Object.entries(site.modules)) { // each after all that it imports
      const linked = text.replace(/ from "aevb:([^"]+)"/g, (_, name) => ` from "${urls[name]}"`);
      const blob = new Blob([`${linked}\n//# sourceURL=aevb/${path}`], { type: "text/javascript" });
      urls[path] = URL.createObjectURL(blob);
    }
    const module = (/** @type {string} */ path) => import(urls[path]);
    const text = (/** @type {string} */ path) => Promise.resolve(site.styles[path]);
    (await module("hosts/site.js")).start(site, { module, text, bytes });
  }

  bytes(script.dataset.site ?? "")
    .then((buffer) => open(JSON.parse(new TextDecoder().decode(buffer))))
    .catch((error) => {
      console.error(error);
      const sentence = "The explorer could not be opened: reload the page, in a browser of 2023 or later.";
      document.body.textContent = sentence;
    });
})();
