"""`jupyter devbox`: finds the verb."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from traitlets.utils.importstring import import_item

from jupyter_devbox._version import __version__
from jupyter_devbox.cli.arguments import StrictApp
from jupyter_devbox.errors import UsageError

if TYPE_CHECKING:
    from jupyter_devbox.cli.verb import Verb

_VERBS = {
    "containerize": ("containerize", "ContainerizeVerb"),
    "capture": ("capture", "CaptureVerb"),
    "plan": ("plan", "PlanningVerb"),
    "build": ("build", "BuildVerb"),
    "run": ("run", "RunVerb"),
    "shell": ("shell", "ShellVerb"),
    "sync": ("sync", "SyncVerb"),
    "add": ("add", "AddVerb"),
    "remove": ("add", "RemoveVerb"),
    "apt": ("apt", "AptVerb"),
    "history": ("history", "HistoryVerb"),
    "status": ("status", "StatusVerb"),
    "verify": ("verify", "VerifyVerb"),
    "sbom": ("sbom", "SbomVerb"),
    "trust": ("trust", "TrustVerb"),
    "kernel": ("kernel", "KernelVerb"),
    "share": ("share", "ShareVerb"),
    "images": ("images", "ImagesVerb"),
    "ports": ("ports", "PortsVerb"),
    "tensorboard": ("tensorboard", "TensorboardVerb"),
    "prune": ("prune", "PruneVerb"),
    "doctor": ("doctor", "DoctorVerb"),
}
_HELP = {
    "containerize": "Make the environment of notebooks: files, image, kernels.",
    "capture": "Say what a notebook uses; changes nothing.",
    "plan": "Say what would be decided, and why; changes nothing.",
    "build": "Build the image of the project's files as they stand.",
    "run": "Execute a notebook in the box, and write it with its outputs.",
    "shell": "Open a shell in the box.",
    "sync": "Put what was installed in the running box into files and image.",
    "add": "Add packages to the environment: pin, lock, build.",
    "remove": "Take packages out of the environment: lock again, build.",
    "apt": "Install Debian packages in the running box, and in the image.",
    "history": "Offer what was done in the box by hand as lines for the Dockerfile.",
    "status": "Compare notebooks, lock, image and boxes.",
    "verify": "Prove the lock: run the notebooks in a clean environment.",
    "sbom": "Write the lock's bill of materials (CycloneDX).",
    "trust": "Show what the project builds and asks for, and approve it.",
    "kernel": "install, list or remove the project's kernels.",
    "share": "Links and badges that open the project elsewhere.",
    "images": "Show our images, and with --explain what takes the room.",
    "ports": "Show what listens in the boxes, and forward a port.",
    "tensorboard": "Start TensorBoard in the box, for a folder of logs.",
    "prune": "Show and remove what devbox made on this machine.",
    "doctor": "Say what is missing, and the command that mends it.",
}


class DevboxApp(StrictApp):
    """From a running notebook to a container that the notebook, VS Code and Binder share."""

    name = "jupyter-devbox"
    version = __version__
    description = __doc__
    subcommands = {
        verb: (f"jupyter_devbox.cli.{module}.{name}", _HELP[verb])
        for verb, (module, name) in _VERBS.items()
    }

    def initialize(self, argv: list[str] | None = None) -> None:
        """Find the verb, or leave with what is wrong: options stand behind it."""
        try:
            super().initialize(argv)
        except UsageError as error:
            hint = "options stand behind the verb: jupyter devbox VERB --help"
            print(f"{error.message}\nNext: {hint}", file=sys.stderr)
            sys.exit(error.exit_code)

    def start(self) -> None:
        """Run the verb; without one, say which there are."""
        if self.subapp is not None:
            self.subapp.start()
            return
        wrong = self.extra_args[0] if self.extra_args else ""
        print(usage("jupyter devbox", wrong), file=sys.stderr if wrong else sys.stdout)
        sys.exit(2 if wrong else 0)


def find_verb(name: str) -> type[Verb] | None:
    """Return the class of a verb.

    A kernel is an application already, and there is one of those a process: `DevboxApp` cannot
    make its verb there.
    """
    if name not in _VERBS:
        return None
    module, verb = _VERBS[name]
    found: type[Verb] = import_item(f"jupyter_devbox.cli.{module}.{verb}")
    return found


def usage(command: str, wrong: str = "") -> str:
    """Return the verbs there are; `wrong` is one that is not."""
    width = max(len(verb) for verb in _HELP)
    return "\n".join(
        [
            *([f"There is no such verb: `{wrong}`"] if wrong else []),
            f"Usage: {command} VERB, and VERB is one of",
            *(f"  {verb:<{width}}  {text}" for verb, text in _HELP.items()),
            f"\n{command} VERB --help says more.",
        ]
    )


def main() -> None:
    """Run the command line; SIGTERM or a closed terminal is like Ctrl-C, so builds stop too."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        try:
            DevboxApp.launch_instance()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away, as in `| head`. What is still buffered has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
