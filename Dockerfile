# One image for every role: the command chooses (`up`, `web`, `worker`, `beat`, `poll`, `migrate` …).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/ringbridge
# The locked dependencies first: they change less often than the program.
COPY requirements.lock ./
RUN /opt/ringbridge/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
COPY connectors connectors
COPY tasks tasks
RUN /opt/ringbridge/bin/pip install --no-deps --no-build-isolation . \
    && /opt/ringbridge/bin/ringbridge --help

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin ringbridge \
    && install -d -o ringbridge -g ringbridge -m 0700 /data
COPY --from=build /opt/ringbridge /opt/ringbridge
ENV PATH=/opt/ringbridge/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    RINGBRIDGE_DATA_DIR=/data
USER ringbridge
WORKDIR /data
VOLUME /data
EXPOSE 8080
# It finishes what was begun, which takes up to a minute: give `docker run` a --stop-timeout of 60.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ringbridge"]
CMD ["up", "--host", "0.0.0.0"]
