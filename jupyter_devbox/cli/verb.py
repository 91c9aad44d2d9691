"""What all verbs share: options, JSON, errors and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from jupyter_core.application import JupyterApp
from traitlets import Bool, Unicode

from jupyter_devbox._version import __version__
from jupyter_devbox.errors import INTERRUPTED_EXIT_CODE, DevboxError, UsageError
from jupyter_devbox.files.project import Project, find_project
from jupyter_devbox.view.wording import failure
from jupyter_devbox.workflow.context import Context, this_machine

FLAGS = {"json": ({"Verb": {"json": True}}, "Print one JSON object on standard output.")}
ALIASES = {"project": "Verb.project"}


class Verb(JupyterApp):
    """A verb of `jupyter devbox`.

    Subclasses implement `execute`, which returns the exit code and the JSON object; what people
    read goes to standard output unless `json` is set.
    """

    version = __version__
    flags = dict(FLAGS)
    aliases = dict(ALIASES)
    json = Bool(default_value=False, help="Print one JSON object on standard output.").tag(
        config=True
    )
    project = Unicode(help="The project's folder; by default it is found.").tag(config=True)
    most_arguments: ClassVar[int] = 0

    def exit(self, exit_status: int | str | None = 0) -> None:
        """Leave; traitlets ends with 1 after a mistake on the command line, which is ours for 2."""
        super().exit(UsageError.exit_code if exit_status == 1 else exit_status)

    def start(self) -> None:
        """Run the verb and leave with its exit code."""
        super().start()
        self.log_level = "WARN"  # nbclient tells every notebook otherwise
        try:
            if len(self.extra_args) > self.most_arguments:
                self.fail_usage(f"one argument too many: `{self.extra_args[self.most_arguments]}`")
            code, answer = self.execute(this_machine())
        except DevboxError as error:
            self.show_error(error)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED_EXIT_CODE)
        if self.json:
            print(json.dumps(answer, ensure_ascii=False, indent=2))
        sys.exit(code)

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Do the verb's work."""
        raise NotImplementedError

    def show_error(self, error: DevboxError) -> None:
        """Print an error to standard error, and as JSON where that is wanted."""
        print("\n".join(failure(error, self.command())), file=sys.stderr)
        if self.json:
            print(json.dumps({"error": error.to_json()}, ensure_ascii=False, indent=2))

    def command(self) -> str:
        """Return how `containerize` was called, for hints; "" for other verbs."""
        return ""

    def say(self, *lines: str) -> None:
        """Print lines for people; nothing with --json."""
        if not self.json:
            print("\n".join(lines))

    def notebooks(self) -> tuple[Path, ...]:
        """Return the paths given as arguments."""
        return tuple(Path(argument) for argument in self.extra_args)

    def one_notebook(self) -> Path:
        """Return the one notebook given, or end with a usage error."""
        if len(self.extra_args) != 1:
            name = type(self).__name__.removesuffix("Verb").lower()
            message = f"jupyter devbox {name} takes one notebook"
            raise UsageError(message, hint=f"jupyter devbox {name} NOTEBOOK.ipynb")
        return Path(self.extra_args[0])

    def chosen(self) -> Path | None:
        """Return the folder given by --project."""
        return Path(self.project).expanduser() if self.project else None

    def find_project(self, context: Context, start: Path | None = None) -> Project:
        """Return the project of a folder, by default the current one."""
        return find_project(start or Path.cwd(), home=context.home, chosen=self.chosen())

    def fail_usage(self, message: str) -> None:
        """Raise a usage error that names the help."""
        name = type(self).__name__.removesuffix("Verb").lower()
        raise UsageError(message, hint=f"jupyter devbox {name} --help")
