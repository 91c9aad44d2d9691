#!/bin/sh
# Publishes the templates and the Feature with the reference client: publish.sh REGISTRY NAMESPACE
# The client speaks plain HTTP to the host `localhost` alone, HTTPS to all others; it takes logins
# from `docker login` or from DEVCONTAINERS_OCI_AUTH. A version that is there already stays as it is.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: publish.sh REGISTRY NAMESPACE, such as: publish.sh localhost:5000 me/devbox" >&2
  exit 2
fi
registry=$1
namespace=$2
client=${DEVCONTAINER:-devcontainer}
here=$(dirname "$0")

if ! command -v "$client" > /dev/null; then
  echo "publish.sh: there is no devcontainer command: \`$client\`" >&2
  echo "next:       npm install --global @devcontainers/cli" >&2
  exit 1
fi

publish() {
  status=0
  said=$("$client" "$1" publish --registry "$registry" --namespace "$namespace" "$2" 2>&1) || status=$?
  printf '%s\n' "$said"
  if [ "$status" -ne 0 ]; then
    echo "publish.sh: the registry did not take the $1, see above: \`$registry/$namespace\`" >&2
    echo "next:       docker login $registry, and a namespace that you may write" >&2
    exit 1
  fi
}

publish templates "$here/src"
publish features "$here/features/src"
