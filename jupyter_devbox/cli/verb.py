"""What all verbs share: options, JSON, errors and exit codes."""

from __future__ import annotations

import io
import json
import re
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from traitlets import Bool, TraitError, Unicode
from traitlets.config import Config

from jupyter_devbox._version import __version__
from jupyter_devbox.cli.arguments import StrictApp
from jupyter_devbox.errors import INTERRUPTED_EXIT_CODE, DevboxError, UsageError
from jupyter_devbox.files.project import Project, find_project
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.context import Context, this_machine

FLAGS = {"json": ({"Verb": {"json": True}}, "Print one JSON object on standard output.")}
ALIASES = {"project": "Verb.project"}


class Verb(StrictApp):
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

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the command line, or leave with what is wrong about it."""
        _speak_any_text()
        # That it takes another folder where HOME cannot be written is no business of ours.
        warnings.filterwarnings("ignore", module=r"IPython\.paths")
        try:
            self.read(argv)
        except UsageError as error:
            self.json = self.json or "--json" in (sys.argv if argv is None else argv)
            self.show_error(error)
            sys.exit(error.exit_code)

    def read(self, argv: list[str] | None) -> None:
        """Read the command line.

        Raises
        ------
        UsageError
            An option is not known, or its value is none.
        """
        try:
            super().initialize(argv)
        except UsageError as error:
            raise UsageError(error.message, hint=f"{self.title()} --help") from error

    def update_config(self, config: Config) -> None:
        """Take in options; traitlets would log a wrong one, and end with 1."""
        try:
            super().update_config(config)
        except TraitError as error:
            message = _short(str(error))
            raise UsageError(message, hint=f"{self.title()} --help") from error

    @classmethod
    def title(cls) -> str:
        """Return how the verb is called."""
        return str(cls.name).replace("jupyter-devbox-", "jupyter devbox ")

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
            code, answer = INTERRUPTED_EXIT_CODE, {"error": {"code": "cancelled"}}
        if self.json:
            print_json(answer)
        sys.exit(code)

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Do the verb's work."""
        raise NotImplementedError

    def show_error(self, error: DevboxError) -> None:
        """Print an error to standard error, and as JSON where that is wanted."""
        from jupyter_devbox.view.wording import failure  # noqa: PLC0415  (0.1 s, for all plans)

        print("\n".join(failure(error, self.command())), file=sys.stderr)
        if self.json:
            print_json({"error": error.to_json()})

    def command(self) -> str:
        """Return how `containerize` was called, for hints; "" for other verbs."""
        return ""

    def say(self, *lines: str) -> None:
        """Print lines for people, without what could steer their terminal; nothing with --json."""
        if not self.json:
            print("\n".join(map(clean, lines)))

    def notebooks(self) -> tuple[Path, ...]:
        """Return the paths given as arguments."""
        return tuple(Path(argument) for argument in self.extra_args)

    def one_notebook(self) -> Path:
        """Return the one notebook given, or end with a usage error."""
        if len(self.extra_args) != 1:
            message = f"{self.title()} takes one notebook"
            raise UsageError(message, hint=f"{self.title()} NOTEBOOK.ipynb")
        return Path(self.extra_args[0])

    def chosen(self) -> Path | None:
        """Return the folder given by --project."""
        return Path(self.project).expanduser() if self.project else None

    def find_project(self, context: Context, start: Path | None = None) -> Project:
        """Return the project of a folder, by default the current one."""
        return find_project(start or Path.cwd(), home=context.home, chosen=self.chosen())

    def fail_usage(self, message: str) -> None:
        """Raise a usage error that names the help."""
        raise UsageError(message, hint=f"{self.title()} --help")


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one object, in ASCII: any terminal or pipe takes it, file names of any bytes too."""
    print(json.dumps(answer, indent=2))


def _speak_any_text() -> None:
    """Let no character end the program that standard output or error cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a kernel's streams are none, and take all
            stream.reconfigure(errors="backslashreplace")


def _short(complaint: str) -> str:
    """Return a trait's complaint without the class it belongs to."""
    found = re.search(r"'(\w+)' trait .*expected (.*?)\.?$", complaint)
    return f"--{found[1]} takes {found[2]}" if found else complaint
