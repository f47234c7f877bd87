// Work that takes longer than a frame, done in slices of frames, so that whatever moves never waits.

/**
 * Runs a generator to its end, a few milliseconds of each frame, and gives what it returns. `signal` ends it early,
 * with undefined.
 * @template T
 * @param {Generator<any, T, any>} work
 * @param {{ budget?: number, signal?: AbortSignal, each?: (value: any) => void }} [settings] `each` gets what it yields
 * @returns {Promise<T | undefined>}
 */
export function inSlices(work, { budget = 6, signal, each } = {}) {
  return new Promise((resolve, reject) => {
    const slice = () => {
      try {
        if (signal?.aborted) return resolve(undefined);
        const until = performance.now() + budget;
        do {
          const { done, value } = work.next();
          if (done) return resolve(value);
          if (each && value !== undefined) each(value);
        } while (performance.now() < until);
        requestAnimationFrame(slice);
      } catch (error) {
        reject(error);
      }
    };
    slice();
  });
}

const STILL = 150; // ms

/**
 * Does work in slices once nothing has asked for it anew for a moment: what a drag changes, but not on its frames.
 * @param {() => Generator<any, any, any>} work
 * @returns {{ (): void, cancel(): void }}
 */
export function whenStill(work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let running = new AbortController();
  const cancel = () => {
    clearTimeout(waiting);
    running.abort();
  };
  const ask = () => {
    cancel();
    waiting = setTimeout(() => {
      running = new AbortController();
      inSlices(work(), { budget: 5, signal: running.signal });
    }, STILL);
  };
  return Object.assign(ask, { cancel });
}

/**
 * As `inSlices`, for what an element shows: it is busy until then. Another call for it is to end this one first.
 * @template T
 * @param {Element} element
 * @param {Generator<any, T, any>} work
 * @param {{ budget?: number, signal: AbortSignal, each?: (value: any) => void }} settings
 * @returns {Promise<T | undefined>}
 */
export async function whileBusy(element, work, settings) {
  element.setAttribute("aria-busy", "true");
  const found = await inSlices(work, settings);
  if (!settings.signal.aborted) element.setAttribute("aria-busy", "false");
  return found;
}

/**
 * As `whileBusy`, for what elements show of something else until all of it is there: they are dimmed, but the first time.
 * @template T
 * @param {Element[]} elements the first is busy
 * @param {Generator<any, T, any>} work
 * @param {{ budget?: number, signal: AbortSignal }} settings
 * @returns {Promise<T | undefined>}
 */
export async function whileStale(elements, work, settings) {
  const again = elements[0].hasAttribute("aria-busy");
  for (const element of elements) element.classList.toggle("stale", again);
  const found = await whileBusy(elements[0], work, settings);
  if (settings.signal.aborted) return;
  for (const element of elements) element.classList.remove("stale");
  return found;
}

/**
 * Calls `draw` on the next frame, however often it is asked for until then.
 * @param {() => void} draw
 * @returns {{ (): void, cancel(): void }}
 */
export function onNextFrame(draw) {
  /** @type {number | null} */
  let frame = null;
  const ask = () => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      draw();
    });
  };
  return Object.assign(ask, {
    cancel() {
      if (frame !== null) cancelAnimationFrame(frame);
      frame = null;
    },
  });
}

const FOLLOW = 40; // ms

/**
 * Calls `write` a moment later, at a slower beat than frames: any change of words or controls is laid out and
 * painted with all around it, which takes longer than to decode.
 * @param {() => void} write
 * @returns {{ (): void, cancel(): void }}
 */
export function atLeisure(write, delay = FOLLOW) {
  /** @type {ReturnType<typeof setTimeout> | null} */
  let waiting = null, first = true;
  const ask = () => {
    waiting ??= setTimeout(() => {
      waiting = null;
      first = false;
      write();
    }, first ? 0 : delay); // the first words are there with the first picture
  };
  return Object.assign(ask, {
    cancel() {
      if (waiting !== null) clearTimeout(waiting);
      waiting = null;
    },
  });
}
