"""A command line whose mistakes are errors: traitlets itself only warns of most, and goes on."""

from __future__ import annotations

import re
from typing import NoReturn

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
        if option not in known:
            message = f"There is no such option: `{option}`"
        elif option.lstrip("-") in self.flags:
            message = f"This option takes no value: `{option}`"
        else:
            message = f"This option needs a value: `{option}`"
        raise UsageError(message)
