"""What surrounds every page: its frame, the menu, and what the sidebar says of the data."""

from pathlib import Path

import streamlit as st

from aevb.ui import catalogue, data_panel, widgets

st.set_page_config(page_title="AEVB Explorer", page_icon=":material/blur_on:", layout="wide")
st.html(Path(__file__).with_name("style.css"))
overview = st.Page(catalogue.PAGES / "overview.py", title="Overview", icon=":material/home:", default=True)
models = [
    st.Page(entry.page, title=entry.menu, icon=entry.icon, url_path=entry.page.stem.replace("_", "-"))
    for entry in catalogue.MODELS
]
draw = st.Page(catalogue.DRAW, title="Draw", icon=":material/draw:")
page = st.navigation([overview, *models, draw])
with st.sidebar:
    data_panel.show()
notice = st.container()
widgets.begin(page.url_path)
page.run()
if problem := widgets.unread():
    notice.warning(problem)
