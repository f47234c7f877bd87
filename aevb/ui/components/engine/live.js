// What the live components share besides the engine: images on canvases, and waiting for a model.

// Paints an image, D numbers in [0, 1], on a square canvas of as many pixels; CSS enlarges it, crisp
// (engine.css). A canvas too small or too large for it is fitted first.
export function paint(canvas, x) {
  const side = Math.round(Math.sqrt(x.length));
  if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d"), image = context.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < x.length; i++) {
    const level = Math.round(255 * Math.min(1, Math.max(0, x[i])));
    pixels[i] = 0xff000000 | (level << 16) | (level << 8) | level;
  }
  context.putImageData(image, 0, 0);
}

// Hands models over as soon as all of them are loaded, {name: model} for {name: URL}. Until then `notice`, an
// element of the component, says that they load, and where one could not be loaded says so with a button
// to try again. Called again with the same URLs it does nothing. What is no model has a loader of its own,
// {name: loader}.
const waits = new WeakMap();

export function whenLoaded(notice, urls, start, loaders = {}, waiting = "Loading the model …") {
  const wanted = JSON.stringify(urls);
  if (waits.get(notice) === wanted) return;
  waits.set(notice, wanted);
  const attempt = async () => {
    notice.hidden = false;
    notice.setAttribute("role", "status");
    notice.textContent = waiting;
    const names = Object.keys(urls);
    const results = await Promise.allSettled(names.map((name) => (loaders[name] ?? load)(urls[name])));
    if (waits.get(notice) !== wanted || !notice.isConnected) return; // something else is wanted by now
    const failed = results.find((result) => result.status === "rejected");
    if (failed) {
      notice.setAttribute("role", "alert");
      notice.textContent = `${failed.reason.message} `;
      const again = document.createElement("button");
      again.textContent = "Try again";
      again.onclick = attempt;
      notice.append(again);
      return;
    }
    notice.hidden = true;
    notice.removeAttribute("role");
    start(Object.fromEntries(names.map((name, i) => [name, results[i].value])));
  };
  attempt();
}
