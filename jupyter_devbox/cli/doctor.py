"""`jupyter devbox doctor`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from jupyter_devbox.cli.verb import Verb
from jupyter_devbox.view.terminal import Marks
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.doctor import diagnose


class DoctorVerb(Verb):
    """Say what is missing on this machine, and the command that mends it."""

    name = "jupyter-devbox-doctor"
    description = __doc__

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Look at everything; the exit code says whether all is well."""
        diagnosis = diagnose(context)
        marks = Marks(sys.stdout)
        for check in diagnosis.checks:
            mark = marks.done if check.ok else marks.failed
            if not self.json:  # the mark may be coloured
                print(mark, clean(f"{check.name:<13} {check.found}"))
            if check.hint:
                self.say(f"  Next: {check.hint}")
        return 0 if diagnosis.ok else 1, diagnosis.to_json()
