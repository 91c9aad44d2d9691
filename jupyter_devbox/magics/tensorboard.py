"""`%devbox tensorboard` in a box: the image's own extension does it, the host forwards the port.

Standard library alone, and like all magics in a box it never fails a run.
"""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LOGDIR = "runs"
MISSING = (
    "TensorBoard is not in this environment.\n"
    "Next: %pip install tensorboard, and %containerize outside of the box to keep it."
)


def show_tensorboard(shell: InteractiveShell | None, words: list[str]) -> None:
    """Show TensorBoard for a folder in the cell; one that serves it already is taken.

    Parameters
    ----------
    words
        The folder, by default ``runs``.
    """
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print("%devbox tensorboard takes one folder: %devbox tensorboard runs")
        return
    if shell is None or find_spec("tensorboard") is None:
        print(MISSING)
        return
    shell.run_line_magic("load_ext", "tensorboard")
    folder = words[0] if words else LOGDIR
    shell.run_line_magic("tensorboard", f"--logdir {shlex.quote(folder)}")
