#!/bin/sh
# Starts TensorBoard for the folder in TENSORBOARD_LOGDIR, unless it runs already: on the container's
# loopback alone, detached, so that it outlives the command that starts it.
set -eu

folder=${TENSORBOARD_LOGDIR:-}
case "/$folder/" in
  // | //* | */../* | *[!A-Za-z0-9._/-]*)
    echo "tensorboard.sh: TENSORBOARD_LOGDIR must be a folder of the project, of letters, digits," \
      "dots, dashes and slashes: \`$folder\`" >&2
    exit 1
    ;;
esac

if python3 -c 'import socket; socket.create_connection(("127.0.0.1", 6006), 1)' 2> /dev/null; then
  exit 0
fi
mkdir -p "./$folder"
nohup setsid tensorboard --logdir "./$folder" --host 127.0.0.1 --port 6006 \
  < /dev/null > /tmp/tensorboard.log 2>&1 &
