import streamlit as st
import plotly.graph_objects as go, numpy as np
def a():
    n=st.slider("n",0,100,5, key="n", bind="query-params")
    f=go.Figure(go.Scatter(x=np.arange(100),y=np.arange(100)**(n/50)))
    f.add_vline(x=n)
    f.update_layout(uirevision="a")
    st.plotly_chart(f,key="fig")
    st.plotly_chart(f)
def b():
    st.title("B"); 1/0
st.navigation([st.Page(a,title="A"),st.Page(b,title="B",url_path="b")]).run()
