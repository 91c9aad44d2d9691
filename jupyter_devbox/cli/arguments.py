"""A command line whose mistakes are errors: traitlets itself only warns of most, and goes on."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from jupyter_core.application import JupyterApp
from traitlets.config.loader import KVArgParseConfigLoader

from jupyter_devbox.errors import UsageError

_OPTION = re.compile(r"(?:unrecognized )?arguments?:? (?P<option>-\S+?):?(?:\s|$)")
_CLASS = re.compile(r"(?<=--)\w+\.")


class StrictLoader(KVArgParseConfigLoader):
    """Reads the command line of a verb.

    A mistyped ``--dryrun`` must not end in files written.
    """

    def _create_parser(self) -> None:
        super()._create_parser()
        self.parser.error = self._refuse  # type: ignore[method-assign]

    def _handle_unrecognized_alias(self, arg: str) -> None:
        self._refuse(f"argument --{arg}: unknown")

    def _refuse(self, message: str) -> NoReturn:
        """Raise instead of printing argparse's usage, in our own words where they are known."""
        found = _OPTION.match(message)
        if found is None:
            message = f"The command line is not understood: `{message}`"
            raise UsageError(message)
        option = _CLASS.sub("", found["option"]).split("=")[0]
        known = {f"{'-' * (1 + (len(n) > 1))}{n}" for n in (*self.aliases, *self.flags)}
        # argparse names the trait where a value lacks: `--older_than`.
        option = next((o for o in known if o == option.replace("_", "-")), option)
        if option not in known:
            message = f"There is no such option: `{option}`"
        elif option.lstrip("-") in self.flags:
            message = f"This option takes no value: `{option}`"
        else:
            message = f"This option needs a value: `{option}`"
        raise UsageError(message)


class StrictApp(JupyterApp):
    """An application of Jupyter's that reads its command line strictly."""

    def _create_loader(self, argv: Any, aliases: Any, flags: Any, classes: Any) -> StrictLoader:  # noqa: ANN401
        return StrictLoader(argv, aliases, flags, classes=classes, log=self.log)

    def migrate_config(self) -> None:
        """Leave IPython 3's settings alone: to look for them writes into HOME, full or not."""
