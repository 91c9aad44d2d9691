"""`%containerize` and `%devbox VERB`.

Loading this module costs little and needs IPython and the standard library alone: it is loaded in
the box too, where the magics say one line and never fail a run.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class

from jupyter_devbox.magics.binder import on_binder
from jupyter_devbox.magics.inside import BOX, ask_host, devbox_in_box
from jupyter_devbox.magics.tensorboard import show_tensorboard

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

IN_VENV = "This notebook already runs in its own environment; %containerize works outside of it."

IN_VENV_TOO = "%devbox works outside of this notebook's own environment: use a terminal there."


@magics_class
class DevboxMagics(Magics):  # type: ignore[misc]
    """The magics of jupyter-devbox."""

    @line_magic  # type: ignore[untyped-decorator]
    def containerize(self, line: str) -> None:
        """Put this notebook's environment into a container, and register a kernel for it.

        Options are those of `jupyter devbox containerize`: ``%containerize --include lxml``.
        """
        if elsewhere := on_binder(os.environ, line):
            print(elsewhere)
            return
        if os.environ.get(BOX):
            print(IN_VENV if os.environ[BOX] == "venv" else ask_host("containerize"))
            return
        from jupyter_devbox.magics.here import containerize_here  # noqa: PLC0415

        containerize_here(self.shell, self._words(line))

    @line_magic  # type: ignore[untyped-decorator]
    def devbox(self, line: str) -> None:
        """Run a verb of `jupyter devbox`: ``%devbox status``."""
        words = self._words(line)
        if words[:1] == ["tensorboard"] and os.environ.get(BOX):
            show_tensorboard(self.shell, words[1:])
            return
        if on_binder(os.environ, "--target venv"):
            print("%devbox works on your own machine: Binder has no container engine.")
            return
        if inside := os.environ.get(BOX):
            print(IN_VENV_TOO if inside == "venv" else devbox_in_box(words))
            return
        from jupyter_devbox.magics.here import containerize_here, run_verb  # noqa: PLC0415

        if words[:1] == ["containerize"]:
            containerize_here(self.shell, words[1:])
        else:
            run_verb(words)

    def _words(self, line: str) -> list[str]:
        """Split like a shell; a mistake in the quotes is the user's, so it gets no traceback."""
        try:
            return shlex.split(line)
        except ValueError as error:
            print(f"The quotes do not match up ({error}): `{line}`", file=sys.stderr)
            return ["--help"]


def register(shell: InteractiveShell) -> None:
    """Make the magics known to IPython."""
    shell.register_magics(DevboxMagics)
