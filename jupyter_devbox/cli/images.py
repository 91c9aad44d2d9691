"""`jupyter devbox images [NAME…]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.verb import FLAGS, Verb
from jupyter_devbox.errors import UsageError
from jupyter_devbox.view.contents import explained, image_line
from jupyter_devbox.view.units import moment, size
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.explaining import Explanation, explain
from jupyter_devbox.workflow.images import ImageState, images


class ImagesVerb(Verb):
    """Show our images with their sizes; --explain says what takes the room in the project's.

    Images can be named, to have those alone.
    """

    name = "jupyter-devbox-images"
    description = __doc__
    examples = """
    jupyter devbox images
    jupyter devbox images --explain
    jupyter devbox images --explain jupyter-devbox/digits-1a2b3c4d:cpu
    """
    explain = Bool(default_value=False, help="By layer and package, and what could go.").tag(
        config=True
    )
    flags = {
        **FLAGS,
        "explain": ({"ImagesVerb": {"explain": True}}, "By layer and package, and what could go."),
    }
    most_arguments = 1000

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show them, newest first."""
        found, obstacle = images(context)
        if obstacle is not None:
            raise obstacle
        shown = self._chosen(context, found)
        told = []
        for image in shown:
            self.say(image_line(image))
            explanation = None
            if self.explain:
                explanation = explain(context, context.connect(), image)
                self.say(*explained(explanation))
            told.append(_json(image, explanation))
        if not shown:
            self.say("No images yet.", "Next: jupyter devbox containerize NOTEBOOK.ipynb")
        elif not self.explain:
            self.say(
                f"{size(sum(image.bytes for image in shown))} in all, what they share included."
            )
        return 0, {"images": told, "bytes": sum(image.bytes for image in shown)}

    def _chosen(self, context: Context, found: Sequence[ImageState]) -> Sequence[ImageState]:
        """Return the named images; to be explained, those of the project that are in use.

        Raises
        ------
        UsageError
            There is none of that name.
        """
        if not self.extra_args:
            if not self.explain:
                return found
            root = str(self.find_project(context).root)
            here = [image for image in found if image.project == root]
            return [image for image in here if image.used] or here[:1] or found
        chosen = []
        for name in self.extra_args:
            named = [image for image in found if _is_called(image, name)]
            if not named:
                message = f"We made no image that is called so: `{name}`"
                raise UsageError(message, hint="jupyter devbox images")
            chosen += [image for image in named if image not in chosen]
        return chosen


def _is_called(image: ImageState, name: str) -> bool:
    identity = image.id.removeprefix("sha256:")
    short = name.removeprefix("sha256:")
    return image.name == name or (len(short) >= 6 and identity.startswith(short))


def _json(image: ImageState, explanation: Explanation | None) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "project": image.project or None,
        "target": image.target,
        "bytes": image.bytes,
        "shared_bytes": image.shared,
        "own_bytes": image.own,
        "created": moment(image.created),
        "last_used": moment(image.last_used) if image.last_used else None,
        "used": image.used,
        **(explanation.to_json() if explanation else {}),
    }
