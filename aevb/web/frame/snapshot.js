// A picture of what is seen: an element as an SVG of its own, and that as a PNG.
//
// The SVG holds a copy of the element, its style sheets and its font; plots are drawn again, as lines and letters, and
// other canvases are images in it. A canvas that such a picture is drawn on can be read, for the picture comes from a
// data: URL and asks nothing of anybody.

import { Panel } from "../kit/panel.js";
import { VectorContext } from "../kit/vector.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 8; // px around the element: frames and outlines reach over its edge

/**
 * An element of the explorer as an SVG document.
 * @param {HTMLElement} element
 * @returns {Promise<{ svg: string, width: number, height: number }>} its size in CSS pixels
 */
export async function svgOf(element) {
  const tree = /** @type {ShadowRoot | Document} */ (element.getRootNode());
  const root = /** @type {HTMLElement} */ (element.closest(".explorer"));
  const rules = tree.adoptedStyleSheets.flatMap((sheet) => Array.from(sheet.cssRules, (rule) => rule.cssText))
    .map((text) => text.replace(/(?<![\w.-])canvas(?![\w-])/g, ":is(img, x-plot)")).join("\n"); // see `imageOf`
  const style = document.createElement("style");
  style.textContent = await fontFace(getComputedStyle(root).fontFamily) + rules;
  const { offsetWidth, offsetHeight } = element;
  const width = offsetWidth + 2 * MARGIN, height = offsetHeight + 2 * MARGIN;
  const copy = copyOf(element);
  pin(copy, element, MARGIN);
  const around = within(copy, element, root);
  const variables = new Set(rules.match(/--st-[\w-]+/g)), now = getComputedStyle(root);
  for (const name of variables) around.style.setProperty(name, now.getPropertyValue(name));
  Object.assign(around.style, { fontSize: now.fontSize, width: `${width}px`, height: `${height}px` });
  const svg = document.createElementNS(SVG, "svg");
  const frame = document.createElementNS(SVG, "foreignObject");
  for (const [name, value] of Object.entries({ width, height })) {
    svg.setAttribute(name, String(value));
    frame.setAttribute(name, String(value));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  frame.append(style, around);
  svg.append(frame);
  return { svg: new XMLSerializer().serializeToString(svg), width, height };
}

/**
 * The same as a PNG, with at least two of its pixels to a CSS pixel each way.
 * @param {HTMLElement} element
 * @returns {Promise<Blob>}
 */
export async function pngOf(element) {
  const ratio = Math.max(2, devicePixelRatio);
  const { svg, width, height } = await svgOf(element), image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.round(ratio * width),
    height: Math.round(ratio * height),
  });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("No picture could be made.")))
  );
}

/** What is around an element up to the root, empty but for the copy: rules ask for it. @param {HTMLElement} copy @param {HTMLElement} element @param {HTMLElement} root */
function within(copy, element, root) {
  let inner = copy;
  for (let at = element.parentElement; at; at = at.parentElement) {
    const outer = /** @type {HTMLElement} */ (at.cloneNode(false));
    outer.append(inner);
    if (at === root) return outer;
    pin(outer, at, 0);
    inner = outer;
  }
  return inner;
}

/** Of its size whatever is around it. @param {HTMLElement} copy @param {HTMLElement} original @param {number} at */
function pin(copy, { offsetWidth, offsetHeight }, at) {
  Object.assign(copy.style, {
    position: "absolute",
    inset: `${at}px auto auto ${at}px`,
    width: `${offsetWidth}px`,
    height: `${offsetHeight}px`,
    margin: "0",
    padding: "0",
    overflow: "visible",
  });
}

/** A copy that shows what the original shows, whatever was typed, chosen or drawn. @param {HTMLElement} element */
function copyOf(element) {
  const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
  const selector = "canvas, input, option, textarea", copies = copy.querySelectorAll(selector);
  element.querySelectorAll(selector).forEach((original, i) => {
    const copied = /** @type {any} */ (copies[i]);
    if (original instanceof HTMLCanvasElement) copied.replaceWith(imageOf(original));
    else if (original instanceof HTMLInputElement) {
      copied.setAttribute("value", original.value);
      copied.toggleAttribute("checked", original.checked);
    } else if (original instanceof HTMLOptionElement) copied.toggleAttribute("selected", original.selected);
    else copied.textContent = /** @type {HTMLTextAreaElement} */ (original).value;
  });
  return copy;
}

/** What stands for a canvas. @param {HTMLCanvasElement} canvas */
function imageOf(canvas) {
  const plot = plotOf(canvas), image = document.createElement(plot ? "x-plot" : "img");
  for (const { name, value } of canvas.attributes) {
    if (name !== "width" && name !== "height") image.setAttribute(name, value);
  }
  if (plot) {
    const { offsetWidth, offsetHeight } = canvas;
    Object.assign(image.style, { display: "block", width: `${offsetWidth}px`, height: `${offsetHeight}px` });
    image.append(plot);
  } else if (canvas.width && canvas.height) image.setAttribute("src", canvas.toDataURL());
  return image;
}

/** A plot as lines and letters; null where it cannot be drawn so. @param {HTMLCanvasElement} canvas */
function plotOf(canvas) {
  const panel = Panel.of(canvas);
  if (!panel?.over) return null;
  const vector = new VectorContext(panel.width, panel.height);
  try {
    panel.drawAgain(vector);
  } catch {
    return null; // by what a canvas alone can do
  }
  return vector.svg;
}

/** @type {Map<string, Promise<string>>} */
const faces = new Map();

/** The rule of the first of these fonts with its file in it; "" where it is the system's own. @param {string} families */
function fontFace(families) {
  const [family] = families.split(",");
  let found = faces.get(family);
  if (!found) faces.set(family, found = loadFace(family.replace(/["']/g, "").trim()).catch(() => ""));
  return found;
}

/** @param {string} family */
async function loadFace(family) {
  const rule = Array.from(document.styleSheets).filter(({ href }) => !href || new URL(href).origin === origin)
    .flatMap((sheet) => Array.from(sheet.cssRules))
    .find((rule) =>
      rule instanceof CSSFontFaceRule && rule.style.getPropertyValue("font-style") !== "italic" &&
      rule.style.getPropertyValue("font-family").replace(/["']/g, "") === family
    );
  const [, url] = rule?.cssText.match(/url\("([^"]+)"\)/) ?? [];
  if (!rule || !url) return "";
  const base = rule.parentStyleSheet?.href ?? document.baseURI;
  const bytes = new Uint8Array(await (await fetch(new URL(url, base))).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `${rule.cssText.replace(url, `data:font/woff2;base64,${btoa(text)}`)}\n`;
}
