#!/bin/sh
# Runs in the container: devcontainer exec --workspace-folder . sh test.sh
cd "$(dirname "$0")" || exit 1
. ./check.sh

answers() {
  python3 - << 'END'
import time
import urllib.request

for _ in range(120):
    try:
        with urllib.request.urlopen("http://127.0.0.1:6006/", timeout=5) as page:
            assert b"TensorBoard" in page.read()
            break
    except OSError:
        time.sleep(0.5)
else:
    print(open("/tmp/tensorboard.log").read())
    raise SystemExit("nothing answers on port 6006")
END
}

# /proc/net/tcp: local address 0100007F is 127.0.0.1, state 0A listens, 1776 is 6006.
loopback_alone() {
  grep -q ' 0100007F:1776 00000000:0000 0A ' /proc/net/tcp \
    && ! grep -q ' 00000000:1776 00000000:0000 0A ' /proc/net/tcp
}

refused() {
  ! TENSORBOARD_LOGDIR="$1" sh .devcontainer/tensorboard.sh
}

check "a kernel answers" kernel_answers
check "TensorBoard answers" answers
check "it listens on the loopback alone" loopback_alone
check "its folder is there" test -d "$TENSORBOARD_LOGDIR"
check "a second start does nothing" sh .devcontainer/tensorboard.sh
for folder in "" / /etc .. a/../../b 'a b' '$(id)' "a'b" '-x;y'; do
  check "a folder is refused: \`$folder\`" refused "$folder"
done

finish
