import streamlit as st
st.title('vae')
