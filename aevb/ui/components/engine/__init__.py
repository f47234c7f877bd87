"""The models in the browser: an engine in JavaScript, and the weights that it fetches."""
