"""`jupyter devbox status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import DRIFT_EXIT_CODE
from jupyter_devbox.view.units import card, clean, count, hand_package, use
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.names import environment_key
from jupyter_devbox.workflow.status import ProjectStatus, project_status


class StatusVerb(Verb):
    """Compare notebooks, lock, image and boxes of the project."""

    name = "jupyter-devbox-status"
    description = __doc__
    examples = "jupyter devbox status\njupyter devbox status --check"
    check = Bool(default_value=False, help="End with 87 if anything differs, for CI.").tag(
        config=True
    )
    flags = {
        **FLAGS,
        "check": ({"StatusVerb": {"check": True}}, "End with 87 if anything differs, for CI."),
    }
    aliases = dict(ALIASES)

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show how the project stands."""
        status = project_status(context, self.find_project(context))
        self.say(*_lines(status))
        return DRIFT_EXIT_CODE if self.check and status.drift else 0, status.to_json()


def _lines(status: ProjectStatus) -> list[str]:
    lines = [f"Project {status.project.root} ({status.project.reason})"]
    if not status.notebooks:
        return [*lines, "No notebook is containerized here yet.",
                "Next: jupyter devbox containerize NOTEBOOK.ipynb"]  # fmt: skip
    for notebook in status.notebooks:
        group = f" ({notebook.group})" if notebook.group else ""
        stands = "changed" if notebook.drift else "up to date"
        lines.append(f"{notebook.path}{group}: {stands}")
        lines += [f"  + {name} is used and not in the image" for name in notebook.missing]
        lines += [f"  - {name} is no longer used" for name in notebook.unused]
        lines += [f"  ~ {text}" for text in notebook.changed]
    if not status.engine:
        lines.append("Image and boxes: no engine answers (jupyter devbox doctor).")
    elif status.image is None:
        lines.append("CPU image: none yet.")
    else:
        lines.append("CPU image: " + ("stale" if status.image_stale else "up to date"))
    if status.base:
        newer = "; the image stands on an older one" if status.base.newer else ""
        lines.append(f"Base {status.base.ref}: {count(status.base.days, 'day')} old{newer}")
    for box in status.boxes:
        running = "running" if box.running else "stopped"
        stale = ", from older files" if box.stale else ""
        kernels = f", {count(box.kernels, 'kernel')}" if box.kernels else ""
        which = environment_key(box.target, box.group)
        lines.append(f"Box {box.id[:12]} ({which}): {running}{kernels}{stale}")
        lines += [f"  {use(box.use)}"] if box.use else []
        lines += [f"  {card(gpu)}" for gpu in box.gpus]
        lines += [f"  + {hand_package(one)} was installed in it by hand" for one in box.added]
        lines += [f"  + {name} (apt) was installed in it by hand" for name in box.apt]
        lines += [f"  - {name} was removed in it by hand" for name in box.removed]
    for service in status.services:
        running = "running" if service.running else "stopped"
        lines.append(f"Service {clean(service.name)}: {running}")
    if status.death:
        lines.append(f"A kernel ended at {status.death.at}: {clean(status.death.message)}")
        lines += [f"  Next: {clean(status.death.hint)}"] if status.death.hint else []
    if status.drift:
        names = " ".join(n.path for n in status.notebooks if n.drift)
        target = f"containerize {names}" if names else "build"
        target = "sync" if any(box.drift for box in status.boxes) else target
        lines.append(f"Next: jupyter devbox {target}")
    return lines
