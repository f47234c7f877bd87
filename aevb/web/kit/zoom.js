// Zooming by the wheel, in a page that may want it to scroll.

/**
 * Lets the wheel zoom over a canvas, that of a mouse by steps and two fingers on a trackpad smoothly. Where the page can
 * be scrolled, it zooms only once the canvas has been clicked, and what it cannot zoom it scrolls.
 * @param {HTMLCanvasElement} canvas that can have the focus
 * @param {(factor: number, at: number[]) => boolean} zoom to so many times the size about a place in CSS pixels; whether
 *   there was more to see, or less
 * @param {() => void} [refused] called where it has to be clicked first
 */
export function zoomable(canvas, zoom, refused = () => {}) {
  canvas.addEventListener("wheel", (event) => {
    const asked = event.ctrlKey || event.metaKey, free = asked || !scrolls(canvas);
    if (!free && !canvas.matches(":focus")) return refused();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002));
    if (zoom(factor, [event.offsetX, event.offsetY]) || free) event.preventDefault();
  }, { passive: false });
}

/** Whether something around an element can be scrolled. @param {HTMLElement} element */
function scrolls(element) {
  for (let each = element.parentElement; each; each = each.parentElement) {
    const more = each.scrollHeight > each.clientHeight + 1;
    if (more && /auto|scroll/.test(getComputedStyle(each).overflowY)) return true;
  }
  return false;
}
