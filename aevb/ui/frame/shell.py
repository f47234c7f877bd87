"""What surrounds every page: the menu, and what the sidebar says of the data. The server runs this script."""

from pathlib import Path

import streamlit as st

from aevb.ui.frame import catalogue, data_panel

HERE = Path(__file__).parent
NAME = "AEVB Explorer"

# Without icons: the browser would fetch one of Material's, as the tab's, from another host.
pages = [
    st.Page(page.script, title=page.title, url_path=page.name, default=not page.name)
    for page in catalogue.MENU
]
# In a frame on somebody else's page (`?embed=true`) a scene stands alone.
page = st.navigation(pages, position="hidden" if st.context.is_embedded else "sidebar")
st.set_page_config(
    page_title=f"{page.title} · {NAME}" if page.url_path else NAME,
    page_icon=HERE / "icon.svg",
    layout="wide",
)
st.html(HERE / "style.css")
if not st.context.is_embedded:
    with st.sidebar:
        data_panel.show()
page.run()
