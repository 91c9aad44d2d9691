#!/bin/sh
# Runs in the container: devcontainer exec --workspace-folder . sh test.sh
cd "$(dirname "$0")" || exit 1
. ./check.sh

check "the user is jovyan" test "$(id -un)" = jovyan
check "the interpreter is the environment's" test "$(command -v python3)" = /opt/venv/bin/python3
check "a kernel answers" kernel_answers
check "pip install works" python3 -m pip install --quiet --no-deps six
check "the project can be written" touch written-by-the-test

finish
