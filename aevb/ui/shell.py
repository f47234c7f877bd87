"""What surrounds every page: its frame, the menu, and what the sidebar says of the data."""

from pathlib import Path

import streamlit as st

from aevb.ui import data_panel, widgets

PAGES = Path(__file__).parents[2] / "pages"

st.set_page_config(page_title="AEVB Explorer", page_icon=":material/blur_on:", layout="wide")
st.html(Path(__file__).with_name("style.css"))
page = st.navigation(
    [
        st.Page(PAGES / "overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page(
            PAGES / "factor_analysis.py",
            title="Factor analysis",
            icon=":material/scatter_plot:",
            url_path="factor-analysis",
        ),
        st.Page(PAGES / "vae.py", title="VAE", icon=":material/blur_on:", url_path="vae"),
        st.Page(PAGES / "cvae.py", title="Conditional VAE", icon=":material/label:", url_path="cvae"),
        st.Page(PAGES / "vrnn.py", title="Variational RNN", icon=":material/view_headline:", url_path="vrnn"),
    ]
)
with st.sidebar:
    data_panel.show()
notice = st.container()
widgets.unread()  # forgets what fragments noted, which run alone
page.run()
if problem := widgets.unread():
    notice.warning(problem)
