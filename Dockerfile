# The app as a Docker Space on Hugging Face (`aevb deploy OWNER/NAME --docker`); or anywhere:
# docker build -t aevb . && docker run -p 8501:8501 aevb
FROM python:3.11-slim
WORKDIR /app

# What changes least comes first: other code installs nothing anew. PyTorch's CPU builds are a tenth in size.
ENV PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN pip install "torch>=2.15,<2.16" "torchvision>=0.29.2,<0.30" --index-url https://download.pytorch.org/whl/cpu
COPY requirements.txt ./
RUN pip install -r requirements.txt

COPY app.py ./
COPY .streamlit .streamlit
COPY aevb aevb
COPY pages pages
COPY checkpoints checkpoints
RUN python -m compileall -q aevb pages

# A Space runs as user 1000. They can write in their home alone: all of the above is root's.
RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user \
    AEVB_DATA=/home/user/.cache/aevb \
    NUMBA_CACHE_DIR=/home/user/.cache/numba \
    PYTHONUNBUFFERED=1

EXPOSE 8501
HEALTHCHECK --start-period=60s --timeout=5s CMD ["python", "-c", "import os; from urllib.request import urlopen; prefix = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urlopen(os.path.join('http://localhost:8501', prefix, '_stcore/health'), timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.port", "8501", "--server.address", "0.0.0.0"]
