"""`jupyter devbox tensorboard`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_devbox.cli.verb import Verb, print_json
from jupyter_devbox.errors import PortError
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.ports import url
from jupyter_devbox.workflow.tensorboard import LOGDIR, forward, forwarded_elsewhere, serve_folder


class TensorboardVerb(Verb):
    """Start TensorBoard in the project's box, for a folder of logs; by default runs/.

    It is the image's own version, and listens on loopback alone. Where no Jupyter server forwards
    the box's ports, this command does until Ctrl-C; TensorBoard goes on in the box.
    """

    name = "jupyter-devbox-tensorboard"
    description = __doc__
    examples = "jupyter devbox tensorboard\njupyter devbox tensorboard lightning_logs"
    most_arguments = 1

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Start it, or find it, and say where it is."""
        folder = Path(self.extra_args[0] if self.extra_args else LOGDIR).expanduser().absolute()
        project = self.find_project(context)
        served = serve_folder(context, project.root, folder)
        if local := forwarded_elsewhere(served):
            self.say(f"TensorBoard {served.found.version} on {folder} is at {url(local)}")
            return 0, {**served.to_json(), "local": local}
        opened = forward(context, served)
        try:
            answer = {**served.to_json(), "local": opened.local or None}
            if not opened.local:
                message = f"This port cannot be reached from here: `{served.found.port}`"
                raise PortError(message, hint="jupyter devbox ports")
            if self.json:  # as `ports --open`
                print_json(answer)
                self.json = False
            else:
                where = url(opened.local)
                self.say(
                    f"TensorBoard {served.found.version} on {folder} is at {where}",
                    "Ctrl-C ends this; TensorBoard goes on in the box.",
                )
            opened.wait()
        finally:
            opened.close()
        return 0, answer
