"""Draw: every model looks at a digit while it is drawn."""

import streamlit as st

from aevb.ui import draw

st.title("Draw", anchor=False)
st.markdown("Draw a digit with a mouse, a pen or a finger: four models answer **while you draw**.")
draw.show()
