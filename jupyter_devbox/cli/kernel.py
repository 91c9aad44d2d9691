"""`jupyter devbox kernel install|list|remove`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from jupyter_devbox.cli.verb import Verb
from jupyter_devbox.errors import ImageMissingError, RunError, UsageError
from jupyter_devbox.run.kernelspec import installed_kernelspecs, remove_kernelspec
from jupyter_devbox.spec.box import TARGETS as BOX_TARGETS
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.made_of import image_tag
from jupyter_devbox.workflow.making import register_box_kernel
from jupyter_devbox.workflow.registered import registered_kernels
from jupyter_devbox.workflow.trusting import require_files


class KernelVerb(Verb):
    """install, list or remove the project's kernels."""

    name = "jupyter-devbox-kernel"
    description = __doc__
    examples = "jupyter devbox kernel list\njupyter devbox kernel remove NAME"
    most_arguments = 2

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Find the action and do it."""
        action, *names = self.extra_args or ["list"]
        if action == "list" and not names:
            return self._list(context)
        if action == "install" and not names:
            return self._install(context)
        if action == "remove" and names:
            return self._remove(context, names[0])
        message = "jupyter devbox kernel takes install, list, or remove NAME"
        raise UsageError(message, hint="jupyter devbox kernel list")

    def _list(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        kernels = [kernel.to_json() for kernel in registered_kernels(context)]
        for kernel in kernels:
            self.say(f"{kernel['display_name']:<28} {kernel['name']:<36} {kernel['project']}")
        if not kernels:
            self.say("No kernels yet.", "Next: jupyter devbox containerize NOTEBOOK.ipynb")
        return 0, {"kernels": kernels}

    def _install(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        project = self.find_project(context)
        require_files(context, project.root)
        engine = context.connect()
        environments = product(group_names(project), BOX_TARGETS)
        kernels = [
            register_box_kernel(context, project, image, target, group)
            for group, target in environments
            if (image := engine.image(image_tag(project, target, group))) is not None
        ]
        if not kernels:
            message = f"{project.name} has no image yet"
            raise ImageMissingError(message, hint="jupyter devbox build")
        for kernel in kernels:
            self.say(f'Choose the kernel "{kernel.display_name}" in JupyterLab.')
        return 0, {"kernels": [kernel.to_json() for kernel in kernels]}

    def _remove(self, context: Context, name: str) -> tuple[int, Mapping[str, Any]]:
        for spec in installed_kernelspecs(context.kernels):
            if spec.name == name:
                remove_kernelspec(spec)
                context.ledger.forget("kernelspec", name)
                self.say(f"Removed {name}.")
                return 0, {"removed": [name]}
        message = f"There is no kernel of ours with this name: `{name}`"
        raise RunError(message, hint="jupyter devbox kernel list")
