// What Streamlit runs: it fetches the front end, whose modules import one another by their own addresses.
export default function (component) {
  const { data, parentElement } = component;
  const at = (path) => new URL(data.web + path, document.baseURI).href;
  fetchTogether(data, at);
  let closed = false;
  const loaded = import(at("hosts/streamlit.js"));
  loaded.then(
    (module) => closed || module.show(component),
    () => {
      const root = parentElement.querySelector(".explorer");
      root.setAttribute("role", "alert");
      root.textContent = "The explorer could not be loaded: reload the page.";
    },
  );
  return () => {
    closed = true;
    loaded.then((module) => module.close(component), () => {});
  };
}

// All that the scene in view needs, at once: to learn of each module from the one that imports it takes a journey to the
// server every time, and where that is far away a second in all.
function fetchTogether({ needed, scenes }, at) {
  const asked = new URLSearchParams(location.search).get("scene");
  const { id } = scenes.find((scene) => scene.id === asked) ?? scenes[0]; // a link may say anything, "constructor" too
  for (const path of [...needed[""], ...needed[id]]) {
    const href = at(path), link = document.createElement("link");
    if (document.head.querySelector(`link[href="${CSS.escape(href)}"]`)) continue;
    const how = path.endsWith(".js")
      ? { rel: "modulepreload" }
      : { rel: "preload", as: "fetch", crossOrigin: "" };
    document.head.append(Object.assign(link, how, { href }));
  }
}
