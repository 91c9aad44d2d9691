"""`jupyter devbox`: finds the verb."""

from __future__ import annotations

import sys

from jupyter_core.application import JupyterApp

from jupyter_devbox._version import __version__

_VERBS = {
    "containerize": ("containerize", "ContainerizeVerb"),
    "capture": ("capture", "CaptureVerb"),
    "plan": ("plan", "PlanningVerb"),
    "build": ("build", "BuildVerb"),
    "run": ("run", "RunVerb"),
    "status": ("status", "StatusVerb"),
    "verify": ("verify", "VerifyVerb"),
    "kernel": ("kernel", "KernelVerb"),
    "prune": ("prune", "PruneVerb"),
    "doctor": ("doctor", "DoctorVerb"),
}
_HELP = {
    "containerize": "Make the environment of notebooks: files, image, kernels.",
    "capture": "Say what a notebook uses; changes nothing.",
    "plan": "Say what would be decided, and why; changes nothing.",
    "build": "Build the image of the project's files as they stand.",
    "run": "Execute a notebook in the box, and write it with its outputs.",
    "status": "Compare notebooks, lock, image and boxes.",
    "verify": "Prove the lock: run the notebooks in a clean environment.",
    "kernel": "install, list or remove the project's kernels.",
    "prune": "Show and remove what devbox made on this machine.",
    "doctor": "Say what is missing, and the command that mends it.",
}


class DevboxApp(JupyterApp):
    """From a running notebook to a container that the notebook, VS Code and Binder share."""

    name = "jupyter-devbox"
    version = __version__
    description = __doc__
    subcommands = {
        verb: (f"jupyter_devbox.cli.{module}.{name}", _HELP[verb])
        for verb, (module, name) in _VERBS.items()
    }

    def start(self) -> None:
        """Run the verb; without one, say which there are."""
        if self.subapp is not None:
            self.subapp.start()
            return
        width = max(len(verb) for verb in _HELP)
        lines = [f"  {verb:<{width}}  {text}" for verb, text in _HELP.items()]
        stream = sys.stderr if self.extra_args else sys.stdout
        if self.extra_args:
            print(f"There is no such verb: `{self.extra_args[0]}`", file=stream)
        print("Usage: jupyter devbox VERB, and VERB is one of", *lines, sep="\n", file=stream)
        print("\njupyter devbox VERB --help says more.", file=stream)
        sys.exit(2 if self.extra_args else 0)


def main() -> None:
    """Run the command line."""
    DevboxApp.launch_instance()
