# The app as a Docker Space on Hugging Face, whose settings stand at the top of README.md; or anywhere:
# docker build -t aevb . && docker run -p 8501:8501 aevb
FROM python:3.11-slim

# A Space runs as user 1000, who can write in their home alone.
RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user \
    PATH=/home/user/.local/bin:/usr/local/bin:/usr/bin:/bin \
    AEVB_DATA=/home/user/.cache/aevb \
    NUMBA_CACHE_DIR=/home/user/.cache/numba \
    PYTHONUNBUFFERED=1
WORKDIR /home/user/app

# What changes least comes first: other code installs nothing anew. PyTorch's CPU builds are a tenth in size.
RUN pip install --no-cache-dir --user "torch>=2.15,<2.16" "torchvision>=0.29.2,<0.30" --index-url https://download.pytorch.org/whl/cpu
COPY --chown=user requirements.txt ./
RUN pip install --no-cache-dir --user -r requirements.txt

COPY --chown=user app.py ./
COPY --chown=user .streamlit .streamlit
COPY --chown=user aevb aevb
COPY --chown=user pages pages
COPY --chown=user checkpoints checkpoints

# A Space shows the app in a frame of another site, where browsers keep no cookies, and without its cookie
# Streamlit's protection from forged requests refuses every upload. CORS protection stays on.
ENV STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION=false

EXPOSE 8501
HEALTHCHECK --start-period=60s --timeout=5s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.port", "8501", "--server.address", "0.0.0.0"]
