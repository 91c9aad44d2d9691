# Sourced by each test.sh: `check NAME COMMAND...` runs a command and counts, `finish` gives the result.

failed=0

check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $name"
  else
    echo "FAILED  $name"
    printf '%s\n' "$output" | sed 's/^/        /'
    failed=$((failed + 1))
  fi
}

finish() {
  [ "$failed" -eq 0 ] || { echo "$failed failed"; exit 1; }
  echo "All passed"
}

# A kernel of the environment that python3 is, started and asked as any client does it.
kernel_answers() {
  python3 - "${1:-python3}" << 'END'
import sys

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=60)
try:
    said = []
    client.execute_interactive(
        "import sys; print(6 * 7, sys.prefix)",
        timeout=60,
        output_hook=lambda message: said.append(message["content"].get("text", "")),
    )
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
assert "".join(said).split() == ["42", sys.prefix], said
END
}
