"""`jupyter devbox prune`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.view.units import size
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.pruning import Thing, prune


class PruneVerb(Verb):
    """Show what devbox made on this machine, with sizes; --yes removes what nothing uses."""

    name = "jupyter-devbox-prune"
    description = __doc__
    examples = "jupyter devbox prune\njupyter devbox prune --yes\njupyter devbox prune --all --yes"
    everything = Bool(default_value=False, help="Everything of ours, for uninstalling.").tag(
        config=True
    )
    volumes = Bool(default_value=False, help="Volumes of databases too: data of yours.").tag(
        config=True
    )
    yes = Bool(default_value=False, help="Remove, instead of only showing.").tag(config=True)
    flags = {
        **FLAGS,
        "all": ({"PruneVerb": {"everything": True}}, "Everything of ours, for uninstalling."),
        "volumes": ({"PruneVerb": {"volumes": True}}, "Volumes of databases too: data of yours."),
        "yes": ({"PruneVerb": {"yes": True}}, "Remove, instead of only showing."),
    }
    aliases = dict(ALIASES)

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show, and remove on --yes."""
        pruned = prune(context, everything=self.everything, act=self.yes, volumes=self.volumes)
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
            again = "jupyter devbox prune" + (" --all" if self.everything else "")
            again += " --volumes" if self.volumes else ""
            self.say(f"{size(total)} in all.", f"Next: {again} --yes")
        return 0, pruned.to_json()


def _line(thing: Thing) -> str:
    amount = f" ({size(thing.bytes)})" if thing.bytes else ""
    return f"{thing.kind} {thing.name}{amount}"
