"""What only the app needs: the one part of aevb that imports streamlit."""
