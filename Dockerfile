# A small image of the server for production; the database is another container (compose.yaml) or your own.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/fedi
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY requirements/server.txt requirements/
RUN /opt/fedi/bin/pip install --require-hashes -r requirements/server.txt
COPY . .
RUN /opt/fedi/bin/pip install --no-deps . \
    && /opt/fedi/bin/pip uninstall --yes pip \
    && /opt/fedi/bin/python -m compileall -q /opt/fedi

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Fedi" org.opencontainers.image.licenses="AGPL-3.0-or-later"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin fedi \
    && install --directory --owner fedi --group fedi --mode 0700 /data
COPY --from=build /opt/fedi /opt/fedi
# TMPDIR: where uploads are while they arrive. /tmp may be memory.
ENV PATH=/opt/fedi/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FEDI_LISTEN_HOST=0.0.0.0 \
    FEDI_METRICS_LISTEN=0.0.0.0:9464 \
    FEDI_DATA_DIR=/data \
    TMPDIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["fedi"]
CMD ["serve"]
