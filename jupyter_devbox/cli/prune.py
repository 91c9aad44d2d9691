"""`jupyter devbox prune`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Unicode

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.spec.amounts import parse_amount
from jupyter_devbox.spec.durations import parse_duration
from jupyter_devbox.view.units import size
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.pruning import Bounds, Thing, prune


class PruneVerb(Verb):
    """Show what devbox made on this machine, with sizes; --yes removes what nothing uses."""

    name = "jupyter-devbox-prune"
    description = __doc__
    examples = """
    jupyter devbox prune
    jupyter devbox prune --yes
    jupyter devbox prune --older-than 30d --larger-than 2GB
    jupyter devbox prune --all --yes
    """
    everything = Bool(default_value=False, help="Everything of ours, for uninstalling.").tag(
        config=True
    )
    volumes = Bool(default_value=False, help="Volumes of databases too: data of yours.").tag(
        config=True
    )
    older_than = Unicode(help="Only what was not used for so long: 30d, 2w, 12h.").tag(config=True)
    larger_than = Unicode(help="Only what takes more on the disk: 2GB, 500MB.").tag(config=True)
    yes = Bool(default_value=False, help="Remove, instead of only showing.").tag(config=True)
    flags = {
        **FLAGS,
        "all": ({"PruneVerb": {"everything": True}}, "Everything of ours, for uninstalling."),
        "volumes": ({"PruneVerb": {"volumes": True}}, "Volumes of databases too: data of yours."),
        "yes": ({"PruneVerb": {"yes": True}}, "Remove, instead of only showing."),
    }
    aliases = {
        **ALIASES,
        "older-than": "PruneVerb.older_than",
        "larger-than": "PruneVerb.larger_than",
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show, and remove on --yes."""
        pruned = prune(
            context,
            everything=self.everything,
            act=self.yes,
            volumes=self.volumes,
            bounds=self._bounds(),
        )
        verb = "removed" if self.yes else "would remove"
        for thing in pruned.removed:
            self.say(f"{verb} {_line(thing)}")
        for thing in pruned.kept:
            self.say(f"kept {_line(thing)}: {thing.used}")
        total = sum(thing.bytes for thing in pruned.removed)
        if not pruned.removed:
            self.say("Nothing to remove." + ("" if pruned.kept else " Devbox made nothing here."))
        elif self.yes:
            self.say(f"Freed {size(total)}.")
        else:
            self.say(f"{size(total)} in all.", f"Next: {self._again()} --yes")
        return 0, pruned.to_json()

    def _bounds(self) -> Bounds:
        """Return what the options say of age and size; raises `RequirementError`."""
        old, large = self.older_than, self.larger_than
        return Bounds(
            seconds=parse_duration(old, "write it like --older-than 30d") if old else 0,
            bytes=parse_amount(large, "write it like --larger-than 2GB") if large else 0,
        )

    def _again(self) -> str:
        """Return the command as it was given."""
        words = ["jupyter devbox prune"]
        words += ["--all"] if self.everything else []
        words += ["--volumes"] if self.volumes else []
        words += ["--older-than", shlex.quote(self.older_than)] if self.older_than else []
        words += ["--larger-than", shlex.quote(self.larger_than)] if self.larger_than else []
        return " ".join(words)


def _line(thing: Thing) -> str:
    amount = f" ({size(thing.bytes)})" if thing.bytes else ""
    return f"{thing.kind} {thing.name}{amount}"
