// The static edition's service worker: what was visited once opens without a network, and always as one version.
//
// Before this stands `self.edition = { version, files }`, written with the edition. A new one is fetched while the old
// one is shown; of its files those that have a hash in their names and are here already are not fetched again.

const worker = /** @type {any} */ (self);

/** @type {{ version: string, files: string[] }} */
const { version, files } = worker.edition;
const NAME = `aevb:${worker.registration.scope}`;
const mine = `${NAME}:${version}`;
const place = (/** @type {string} */ file) => new URL(file, worker.registration.scope).href;

async function install() {
  const before = (await caches.keys()).filter((name) => name.startsWith(NAME));
  const cache = await caches.open(mine);
  for (const file of files) {
    const hashed = file.startsWith("contents/"), url = place(file);
    if (hashed && await cache.match(url)) continue;
    const kept = hashed &&
      (await Promise.all(before.map((name) => caches.match(url, { cacheName: name })))).find(Boolean);
    if (kept) await cache.put(url, kept);
    else await cache.add(new Request(url, { cache: hashed ? "default" : "reload" }));
  }
}

async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith(NAME) && name !== mine);
  await Promise.all(others.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** @param {Request} request */
async function answer(request) {
  const url = new URL(request.url);
  if (url.href.split("?")[0] === worker.registration.scope) url.pathname += "index.html";
  if (request.cache === "reload") { // what is kept was damaged
    const response = await fetch(request);
    if (response.ok) await (await caches.open(mine)).put(url, response.clone());
    return response;
  }
  return await caches.match(url, { cacheName: mine, ignoreSearch: true }) ?? fetch(request);
}

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(worker.registration.scope)) {
    event.respondWith(answer(event.request));
  }
});
