"""Arrays in, pictures out: plotly figures, tiled images and drawings. No state, no streamlit."""
