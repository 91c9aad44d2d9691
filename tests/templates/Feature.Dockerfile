# Two images for the Feature: Debian's Python, and no Python at all. The CLI hands no secrets to
# a Feature, so a company's certificates, where there are any, lie in the image.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS with-python
COPY ca.crt /etc/ssl/certs/devbox-test.crt
RUN if [ -s /etc/ssl/certs/devbox-test.crt ]; then \
      echo 'Acquire::https::CaInfo "/etc/ssl/certs/devbox-test.crt";' > /etc/apt/apt.conf.d/ca; \
    else cp /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/devbox-test.crt || true; fi
ENV PIP_CERT=/etc/ssl/certs/devbox-test.crt

FROM with-python AS without-python
# Where it lies in Debian's own and in the official image.
RUN rm -rf /usr/local/bin/*py* /usr/local/lib/python3* /usr/local/bin/pip* \
 && dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' \
    | awk '$1 == "installed" && $2 ~ /^(lib)?python3/ { print $2 }' \
    | xargs --no-run-if-empty apt-get purge --quiet=2 --yes > /dev/null \
 && ! command -v python3
