"""What Streamlit's own elements cannot do, each with its JavaScript, CSS and Python side by side."""
