"""Planning a twin with what a test is about, the rest being usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from makers import direct
from packaging.version import Version

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.plan.cuda import Accelerated, accelerate, decelerate
from jupyter_devbox.spec.environment import DirectRequirement
from jupyter_devbox.spec.gpu import Gpu, GpuHost


def as_of_2026_11():
    """The catalogue without later releases: a new one is no reason to change these tests."""
    known = read_catalogue()
    return replace(
        known,
        torch=_until(known.torch, "torch", "2.15.0"),
        tensorflow=_until(known.tensorflow, "tensorflow", "2.21.0"),
        jax=_until(known.jax, "jax", "0.12.0.1"),
    )


def _until(rows: tuple[Any, ...], key: str, last: str) -> tuple[Any, ...]:
    return tuple(row for row in rows if Version(getattr(row, key)) <= Version(last))


CATALOGUE = as_of_2026_11()


def lines(*texts: str | DirectRequirement) -> tuple[DirectRequirement, ...]:
    return tuple(_line(text) if isinstance(text, str) else text for text in texts)


def _line(text: str) -> DirectRequirement:
    name, bracket, rest = text.partition("[")
    if not bracket:
        return direct(text, notebooks=("a.ipynb",))
    extras, _, specifier = rest.partition("]")
    return direct(name + specifier, extras=tuple(sorted(extras.split(","))), notebooks=("a.ipynb",))


def twin(
    *texts: str | DirectRequirement,
    driver: str = "580.95.05",
    cards: tuple[str, ...] = (),
    python: str = "3.11",
    platform: str = "linux/amd64",
    installed: Mapping[str, str] | None = None,
) -> Accelerated:
    gpus = tuple(Gpu(name=f"Card {c}", compute_capability=c) for c in cards)
    return accelerate(
        lines(*texts),
        python=python,
        platform=platform,
        host=GpuHost(driver=driver, origin="--driver", gpus=gpus),
        catalogue=CATALOGUE,
        installed=installed or {},
    )


def on_cpu(
    *texts: str | DirectRequirement,
    python: str = "3.11",
    platform: str = "linux/amd64",
    **more: Any,
) -> tuple[DirectRequirement, ...]:
    return decelerate(lines(*texts), python=python, platform=platform, catalogue=CATALOGUE, **more)[
        0
    ]


def texts(requirements: tuple[DirectRequirement, ...]) -> list[str]:
    return [requirement.text for requirement in requirements]


def reasons(accelerated: Accelerated, what: str) -> str:
    return "; ".join(f"{d.choice}: {d.reason}" for d in accelerated.decisions if d.what == what)
