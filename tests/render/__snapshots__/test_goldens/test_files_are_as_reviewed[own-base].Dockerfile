# Written by jupyter-devbox. Lines outside the marked blocks are yours and are kept;
# a changed line inside one is shown as a conflict, never overwritten.

# >>> jupyter-devbox base c28c16094234
ARG BASE=registry.example/lab/ubuntu-python:24.04
ARG LOCK=requirements
# <<< jupyter-devbox base

# >>> jupyter-devbox tools 6b2a96177123
FROM ${BASE} AS uv
USER root
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && python3 -m pip install --quiet --no-cache-dir --target /opt/uv --root-user-action ignore --disable-pip-version-check uv==0.8.0
FROM uv AS tools

# What comes as source alone (1): compilers stay in this stage.
FROM ${BASE} AS builder-requirements
USER root
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    export DEBIAN_FRONTEND=noninteractive \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CaInfo=/run/secrets/ca; fi \
 && apt-get "$@" update --quiet=2 \
 && apt-get "$@" install --quiet=2 --yes --no-install-recommends build-essential ffmpeg python3-dev \
 && rm -rf /var/lib/apt/lists/*
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && printf '%s\n' 'pygraphviz==1.14 --hash=sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc' > /opt/compiled.txt \
 && python3 -m pip wheel --quiet --no-deps --require-hashes --no-cache-dir --disable-pip-version-check --wheel-dir /wheels --requirement /opt/compiled.txt

FROM builder-requirements AS builder
# <<< jupyter-devbox tools

# >>> jupyter-devbox system 362126c72e34
FROM ${BASE} AS final
USER root
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    export DEBIAN_FRONTEND=noninteractive \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CaInfo=/run/secrets/ca; fi \
 && apt-get "$@" update --quiet=2 \
 && apt-get "$@" install --quiet=2 --yes --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*
RUN other="$(id -un 1000 2>/dev/null || echo jovyan)" \
 && if [ "$other" != jovyan ]; then userdel "$other"; fi \
 && if id -u jovyan >/dev/null 2>&1; then usermod --uid 1000 --home /home/jovyan jovyan; else useradd --create-home --uid 1000 --shell /bin/bash jovyan; fi \
 && install -d -o jovyan /home/jovyan \
 && install -d -m 0777 /opt/venv /workspaces
# <<< jupyter-devbox system

# >>> jupyter-devbox python 8efe847b838c
ARG LOCK
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=${LOCK}.stable.txt,target=/run/devbox/${LOCK}.stable.txt \
    --mount=type=cache,id=jupyter-devbox-uv,target=/run/devbox/cache \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    --mount=type=bind,from=builder,source=/wheels,target=/run/devbox/compiled \
    umask 000 \
 && if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && if [ -n "$(ls /run/devbox/compiled)" ]; then /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --no-index --compile-bytecode --link-mode copy /run/devbox/compiled/*.whl; fi \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --require-hashes --compile-bytecode --link-mode copy --cache-dir /run/devbox/cache --requirement "/run/devbox/${LOCK}.stable.txt"
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=${LOCK}.stable.txt,target=/run/devbox/${LOCK}.stable.txt \
    --mount=type=bind,source=${LOCK}.txt,target=/run/devbox/${LOCK}.txt \
    --mount=type=bind,source=wheels,target=/run/devbox/wheels \
    --mount=type=cache,id=jupyter-devbox-uv,target=/run/devbox/cache \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    umask 000 \
 && if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --require-hashes --compile-bytecode --link-mode copy --cache-dir /run/devbox/cache --find-links /run/devbox/wheels --requirement "/run/devbox/${LOCK}.txt"
# <<< jupyter-devbox python

# >>> jupyter-devbox finish 58e2aca92d82
ENV VIRTUAL_ENV=/opt/venv \
    LANG=C.UTF-8 \
    JUPYTER_DEVBOX_BOX=1 \
    HOME=/home/jovyan
ENV PATH="/opt/venv/bin:$PATH"
WORKDIR /workspaces
USER jovyan
# <<< jupyter-devbox finish
