"""Options that decide the plan: shared by `containerize` and `plan`."""

from __future__ import annotations

import re
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Any

from traitlets import Bool, Int, List, Unicode

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import UsageError
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.gpu import Gpu, GpuHost
from jupyter_devbox.spec.groups import Group, SplitWish, check_group
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.requests import ContainerizeRequest

_OPTIONS = (
    "target", "include", "exclude", "provides", "pack", "apt", "python", "base", "port",
    "isolation", "idle", "gpus", "memory", "cpus", "pids", "driver", "service",
    "binder", "split", "slim", "wheel",
)  # fmt: skip
_TARGETS: dict[str, Target] = {"cpu": "cpu", "cuda": "cuda", "venv": "venv"}
_CAPABILITY = re.compile(r"[0-9]{1,2}\.[0-9]")
_EACH = "each"
_BARE = {"--binder": "--binder=dockerfile", "--slim": "--slim=on"}
"""Options that may stand without a value, and what that means."""
_SPLIT = "--split, --split train=a.ipynb,b.ipynb or --split=off"
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*=.")


def _alone(word: str, following: str | None) -> str:
    """Return an option that was given without its value with the value that it stands for."""
    if word in _BARE:
        return _BARE[word]
    valued = following is not None and (following == "off" or _GROUP.match(following))
    return f"--split={_EACH}" if word == "--split" and not valued else word


def _absolute(paths: list[str]) -> tuple[str, ...]:
    """Return paths that mean the same in any working folder."""
    return tuple(str(Path(path).expanduser().absolute()) for path in paths)


class PlanVerb(Verb):
    """A verb that plans an environment."""

    target = Unicode("cpu", help="cpu, cuda or venv; several with a comma between.").tag(
        config=True
    )
    driver = Unicode(help="The NVIDIA driver to plan for, such as 550.54; else this one's.").tag(
        config=True
    )
    compute_cap = Unicode(help="The GPU to plan for, such as 8.6; else this machine's.").tag(
        config=True
    )
    include = List(Unicode(), help="A package to add, such as 'lxml' or 'numpy<2'.").tag(
        config=True
    )
    exclude = List(Unicode(), help="A package to leave out.").tag(config=True)
    apt = List(Unicode(), help="A Debian package to add.").tag(config=True)
    exclude_apt = List(Unicode(), help="A Debian package to leave out.").tag(config=True)
    python = Unicode(help="Python version of the image, such as 3.12.").tag(config=True)
    base = Unicode(help="Base image with a tag.").tag(config=True)
    port = List(Int(), help="A port to forward.").tag(config=True)
    service = List(Unicode(), help="A database beside the box: postgres, mysql, redis, mongo.").tag(
        config=True
    )
    exclude_service = List(Unicode(), help="A database to drop; its data stays in a volume.").tag(
        config=True
    )
    pack = List(Unicode(), help="A module of yours from outside the project to copy.").tag(
        config=True
    )
    wheel = List(Unicode(), help="A wheel of a package that no index has; it is copied.").tag(
        config=True
    )
    find_links = List(
        Unicode(), help="A folder of wheels and source archives that no index has."
    ).tag(config=True)
    provides = List(Unicode(), help="Which package an import needs: cv2=opencv-python.").tag(
        config=True
    )
    isolation = Unicode(help="box (shared, the default) or kernel (a container each).").tag(
        config=True
    )
    idle = Unicode(help="How long an unused box goes on: 30m, 2h; 0 for ever.").tag(config=True)
    gpus = Unicode(help="Graphics cards of the CUDA box: all, 0, 0,1, or a MIG name.").tag(
        config=True
    )
    memory = Unicode(help="The box's memory limit, such as 4g; off for none.").tag(config=True)
    cpus = Unicode(help="How many CPUs it may use, such as 2 or 1.5; off for all.").tag(config=True)
    shm_size = Unicode(help="Its shared memory, such as 1g; off for the engine's own.").tag(
        config=True
    )
    pids = Unicode(help="Its limit of processes and threads, such as 512; off for none.").tag(
        config=True
    )
    binder = Unicode(
        help="Files for Binder too: alone a Dockerfile, =buildpack, or =off for none any more."
    ).tag(config=True)
    slim = Unicode(
        help="Images without tests, static libraries and documents; =off for whole ones again."
    ).tag(config=True)
    split = List(
        Unicode(),
        help="Environments of their own: alone one a notebook, =train=a.ipynb,b.ipynb, or =off.",
    ).tag(config=True)
    strict = Bool(default_value=False, help="Stop at an import without a package.").tag(config=True)
    yes = Bool(default_value=False, help="Take every offered answer.").tag(config=True)
    most_arguments = 1000

    flags = {
        **FLAGS,
        "strict": ({"PlanVerb": {"strict": True}}, "Stop at an import without a package."),
        "yes": ({"PlanVerb": {"yes": True}}, "Take every offered answer."),
    }
    aliases = {
        **ALIASES,
        **{name: f"PlanVerb.{name}" for name in _OPTIONS},
        "exclude-apt": "PlanVerb.exclude_apt",
        "exclude-service": "PlanVerb.exclude_service",
        "shm-size": "PlanVerb.shm_size",
        "compute-cap": "PlanVerb.compute_cap",
        "find-links": "PlanVerb.find_links",
    }

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read the command line; ``--binder`` and ``--slim`` alone take no word after them.

        Nor does ``--split``, but for a group's name and notebooks, or ``off``.
        """
        words = sys.argv[1:] if argv is None else argv
        super().parse_command_line([_alone(*pair) for pair in zip_longest(words, words[1:])])

    def request(self, **more: Any) -> ContainerizeRequest:  # noqa: ANN401
        """Return the request that the command line makes.

        Raises
        ------
        UsageError
            A target is not known.
        """
        names = [name for name in self.target.split(",") if name]
        unknown = [name for name in names if name not in _TARGETS]
        if unknown or not names:
            message = f"This target is not known: `{', '.join(unknown) or self.target}`"
            raise UsageError(message, hint="--target cpu, --target cuda, or --target cpu,venv")
        return ContainerizeRequest(
            notebooks=self.notebooks(),
            project=self.chosen(),
            targets=tuple(dict.fromkeys(_TARGETS[name] for name in names)),
            gpu_host=self._gpu_host(),
            split=self._split_wish(),
            wishes=ProjectOptions(
                include=tuple(self.include),
                exclude=tuple(self.exclude),
                apt=tuple(self.apt),
                exclude_apt=tuple(self.exclude_apt),
                python=self.python,
                base=self.base,
                ports=tuple(self.port),
                pack=tuple(self.pack),
                provides=tuple(self.provides),
                isolation=self.isolation,
                idle=self.idle,
                gpus=self.gpus,
                memory=self.memory,
                cpus=self.cpus,
                shm_size=self.shm_size,
                pids=self.pids,
                services=tuple(self.service),
                exclude_services=tuple(self.exclude_service),
                binder=self.binder,
                slim=self.slim,
                wheels=_absolute(self.wheel),
                find_links=_absolute(self.find_links),
            ),
            strict=self.strict,
            yes=self.yes,
            **more,
        )

    def _split_wish(self) -> SplitWish | None:
        """Return what the command line says of environments of their own; None for nothing."""
        if not self.split:
            return None
        if self.split == ["off"]:
            return SplitWish(off=True)
        named: dict[str, list[str]] = {}
        for text in self.split:
            name, _, notebooks = text.partition("=")
            if text == _EACH:
                continue
            if not notebooks.strip(","):
                message = f"This names no group with its notebooks: `{text}`"
                raise UsageError(message, hint=_SPLIT)
            listed = (notebook for notebook in notebooks.split(",") if notebook)
            named.setdefault(check_group(name), []).extend(listed)
        groups = (Group(name=name, notebooks=tuple(found)) for name, found in named.items())
        return SplitWish(named=tuple(groups))

    def _gpu_host(self) -> GpuHost | None:
        """Return the machine that the options describe; None for this one."""
        if self.compute_cap and not _CAPABILITY.fullmatch(self.compute_cap):
            message = f"This is not a compute capability: `{self.compute_cap}`"
            raise UsageError(message, hint="write it like --compute-cap 8.6")
        gpus = (Gpu(compute_capability=self.compute_cap),) if self.compute_cap else ()
        if not self.driver and not gpus:
            return None
        return GpuHost(driver=self.driver, origin="--driver" if self.driver else "", gpus=gpus)
