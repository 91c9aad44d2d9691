# Written by jupyter-devbox. Lines outside the marked blocks are yours and are kept;
# a changed line inside one is shown as a conflict, never overwritten.

# >>> jupyter-devbox base f4da04470253
ARG BASE=python:3.11-slim-bookworm
ARG LOCK=requirements.train
# <<< jupyter-devbox base

# >>> jupyter-devbox tools 2e9ef2808dec
FROM ${BASE} AS uv
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && python3 -m pip install --quiet --no-cache-dir --target /opt/uv --root-user-action ignore --disable-pip-version-check uv==0.8.0
FROM uv AS tools
# <<< jupyter-devbox tools

# >>> jupyter-devbox system 8d6ad887292f
FROM ${BASE} AS final
RUN useradd --create-home --uid 1000 --shell /bin/bash jovyan \
 && install -d -m 0777 /opt/venv /workspaces
# <<< jupyter-devbox system

# >>> jupyter-devbox python 6150e8ede715
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements.common.txt,target=/run/devbox/requirements.common.txt \
    --mount=type=cache,id=jupyter-devbox-uv,target=/run/devbox/cache \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    umask 000 \
 && if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --require-hashes --compile-bytecode --link-mode copy --cache-dir /run/devbox/cache --requirement /run/devbox/requirements.common.txt
ARG LOCK
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=${LOCK}.stable.txt,target=/run/devbox/${LOCK}.stable.txt \
    --mount=type=bind,source=requirements.common.txt,target=/run/devbox/requirements.common.txt \
    --mount=type=cache,id=jupyter-devbox-uv,target=/run/devbox/cache \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=proxy,target=/run/secrets/proxy \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc \
    umask 000 \
 && if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi \
 && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --require-hashes --compile-bytecode --link-mode copy --cache-dir /run/devbox/cache --requirement "/run/devbox/${LOCK}.stable.txt"
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=${LOCK}.stable.txt,target=/run/devbox/${LOCK}.stable.txt \
    --mount=type=bind,source=${LOCK}.txt,target=/run/devbox/${LOCK}.txt \
    --mount=type=bind,source=wheels,target=/run/devbox/wheels \
    --mount=type=bind,source=requirements.common.txt,target=/run/devbox/requirements.common.txt \
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

# >>> jupyter-devbox finish f4c108585d59
ENV JUPYTER_DEVBOX_LOCK="${LOCK}"
ENV VIRTUAL_ENV=/opt/venv \
    LANG=C.UTF-8 \
    JUPYTER_DEVBOX_BOX=1 \
    HOME=/home/jovyan
ENV PATH="/opt/venv/bin:$PATH"
WORKDIR /workspaces
USER jovyan
# <<< jupyter-devbox finish
