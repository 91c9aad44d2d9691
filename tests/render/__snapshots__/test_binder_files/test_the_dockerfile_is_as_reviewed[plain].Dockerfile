# Written by jupyter-devbox for Binder. Lines outside the marked blocks are yours and are
# kept; a changed line inside one is shown as a conflict, never overwritten.

# >>> jupyter-devbox base b30d7b7c59ab
FROM python:3.11-slim-bookworm
USER root
ARG NB_USER=jovyan
ARG NB_UID=1000
RUN other="$(id -un "${NB_UID}" 2>/dev/null || echo "${NB_USER}")" \
 && if [ "$other" != "${NB_USER}" ]; then userdel "$other"; fi \
 && if id -u "${NB_USER}" >/dev/null 2>&1; then usermod --uid "${NB_UID}" --home /home/"${NB_USER}" "${NB_USER}"; else useradd --create-home --uid "${NB_UID}" --shell /bin/bash "${NB_USER}"; fi \
 && install -d -o "${NB_USER}" /home/"${NB_USER}" \
 && install -d -o "${NB_UID}" /opt/venv /opt/binder
# <<< jupyter-devbox base

# >>> jupyter-devbox python 3f5c6b6a979e
COPY binder/requirements.txt /opt/binder/
USER ${NB_UID}
RUN python3 -m pip install --quiet --no-cache-dir --target /tmp/uv --disable-pip-version-check uv==0.8.0 \
 && /tmp/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && /tmp/uv/bin/uv pip install --python /opt/venv/bin/python --no-deps --no-cache --compile-bytecode --link-mode copy --require-hashes --requirement /opt/binder/requirements.txt \
 && rm -rf /tmp/uv
COPY binder/wheels.txt .devcontainer/wheels/jupyter_devbox-0.1.0-py3-none-any.whl /opt/binder/wheels/
RUN /opt/venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --no-index --require-hashes --find-links /opt/binder/wheels --requirement /opt/binder/wheels/wheels.txt
# <<< jupyter-devbox python

# >>> jupyter-devbox repository b96cd1bc23e2
ENV VIRTUAL_ENV=/opt/venv \
    LANG=C.UTF-8 \
    JUPYTER_DEVBOX_BOX=binder
ENV USER="${NB_USER}"
ENV HOME="/home/${NB_USER}"
ENV PATH="/opt/venv/bin:$PATH"
COPY --chown=${NB_UID} . ${HOME}
WORKDIR ${HOME}
USER ${NB_USER}
RUN python3 -I -m jupyter_devbox.run.notebook_kernels || true
ENTRYPOINT []
# <<< jupyter-devbox repository
