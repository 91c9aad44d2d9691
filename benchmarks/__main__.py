"""`python -m benchmarks [PART…]`: measure, and print one table a part.

Medians of seven runs or more; the machine should have nothing else to do.
"""

from __future__ import annotations

import os
import subprocess
import sys

PARTS = (
    "capture", "workflow", "status", "cuda", "server", "images", "sync", "kernels", "ports",
    "labextension",
)  # fmt: skip


def main() -> int:
    """Run each part in a process of its own; return the first failure's exit code."""
    parts = sys.argv[1:] or PARTS
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"There is no such part: {', '.join(unknown)}. Parts: {', '.join(PARTS)}")
        return 2
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for part in parts:
        print(f"\n## {part}\n", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
