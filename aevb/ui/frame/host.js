// What Streamlit runs: it fetches the front end, whose modules import one another by their own addresses.
export default function (component) {
  const host = new URL(`${component.data.web}hosts/streamlit.js`, document.baseURI).href;
  const { parentElement } = component;
  let closed = false;
  const loaded = import(host);
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
