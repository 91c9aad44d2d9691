#!/bin/sh
# Run as root while the image is built, with the Feature's options as variables in capitals
# (containers.dev/implementors/features).
set -eu

HOME_OF_IT=/opt/jupyter-devbox
SHARE=/usr/local/share/jupyter-devbox
here=$(dirname "$0")

fail() {
  printf 'jupyter-devbox: %s\n' "$1" >&2
  exit 1
}

case ${IPYKERNELVERSION:-} in
  latest) wanted=ipykernel ;;
  '' | .* | *. | *..* | *[!0-9.]*)
    fail "ipykernelVersion is neither \"latest\" nor a version such as 7.4.0: \`${IPYKERNELVERSION:-}\`"
    ;;
  *) wanted="ipykernel==$IPYKERNELVERSION" ;;
esac
case ${KERNELNAME:-} in
  '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*)
    fail "kernelName must be of letters, digits, dots, dashes and underscores: \`${KERNELNAME:-}\`"
    ;;
esac
[ "$(id -u)" = 0 ] || fail "it has to be installed as root"

usable() {
  python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 9))' > /dev/null 2>&1
}

if ! usable; then
  command -v apt-get > /dev/null \
    || fail "this image has no Python 3.9 or later with venv, and no apt-get to install one"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet=2
  apt-get install --quiet=2 --yes --no-install-recommends ca-certificates python3 python3-venv
  rm -rf /var/lib/apt/lists/*
  usable || fail "the Python of this image is older than 3.9: \`$(python3 --version 2>&1)\`"
fi

# What the image's own Python has, notebooks have too. Any user may come later, under any number:
# the folders are open to all, so that %pip works.
umask 000
python3 -m venv --system-site-packages "$HOME_OF_IT"
"$HOME_OF_IT/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check \
  --root-user-action ignore "$wanted" \
  || fail "pip could not install it, see above: \`$wanted\`"

umask 022
"$HOME_OF_IT/bin/python" -m ipykernel install --prefix /usr/local \
  --name "$KERNELNAME" --display-name "Python (in the container)" > /dev/null
install -d "$SHARE"
install -m 644 "$here/launcher.py" "$SHARE/launcher.py"
