import streamlit as st
st.title('factor_analysis')
