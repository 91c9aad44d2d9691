#!/bin/sh
# Runs in either container: devcontainer exec --workspace-folder . --config ... sh test.sh
cd "$(dirname "$0")" || exit 1
. ./check.sh

check "the user is jovyan" test "$(id -un)" = jovyan
check "a kernel answers" kernel_answers
if [ -n "${NVIDIA_VISIBLE_DEVICES:-}" ]; then
  check "NVIDIA's runtime is told what to bring" test "$NVIDIA_DRIVER_CAPABILITIES" = compute,utility
fi
if [ -e /dev/nvidiactl ]; then
  check "the graphics card is there" nvidia-smi --list-gpus
fi

finish
