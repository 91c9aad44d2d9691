"""What a machine's driver and cards can run, by the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_devbox.errors import PlanError
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.gpu import Gpu, GpuHost

Numbers = tuple[int, ...]

_DRIVER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}")
_CAPABILITY = re.compile(r"[0-9]{1,2}\.[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the environment shall run: `python` is a minor version, `platform` the image's."""

    python: str
    platform: str
    host: GpuHost
    catalogue: Catalogue

    @property
    def arm64(self) -> bool:
        """Whether its images are for 64-bit ARM."""
        return self.platform.endswith("arm64")

    def floor(self, cuda: str) -> str:
        """Return the oldest driver that runs a CUDA version: one for all of a major version."""
        return next(d.floor for d in self.catalogue.drivers if major(d.cuda) == major(cuda))

    def drives(self, cuda: str) -> bool:
        """Tell whether the driver runs a CUDA version; an unknown driver is taken to."""
        return not self.host.driver or reaches(self.host.driver, self.floor(cuda))

    def knows(self, cuda: str) -> bool:
        """Tell whether that CUDA has code for any card of the machine, as far as they are known."""
        oldest = dict(self.catalogue.minimum_capability)[major(cuda)]
        return not self.cards or any(numbers(c) >= numbers(oldest) for c, _ in self.cards)

    def runs(self, cuda: str) -> bool:
        """Tell whether driver and a card run a CUDA version."""
        return self.drives(cuda) and self.knows(cuda)

    @property
    def cards(self) -> tuple[tuple[str, str], ...]:
        """Compute capability and name of each card that tells its own."""
        return tuple(
            (gpu.compute_capability, card_name(gpu))
            for gpu in self.host.gpus
            if _CAPABILITY.fullmatch(gpu.compute_capability)
        )


def check_driver(text: str) -> str:
    """Return a driver's version, or raise `PlanError`; "" is one that is not known."""
    if text and not _DRIVER.fullmatch(text):
        shown = text.encode("unicode_escape").decode()[:60]
        message = f"This is not a version of an NVIDIA driver: `{shown}`"
        raise PlanError(message, hint="write it like --driver 550.54")
    return text


def reaches(driver: str, floor: str) -> bool:
    """Tell whether a driver is as new as another; ``525`` stands for any of 525's releases."""
    have, needed = numbers(driver), numbers(floor)
    return have >= needed[: len(have)]


def numbers(version: str) -> Numbers:
    """Return ``12.6`` as (12, 6)."""
    return tuple(int(part) for part in version.split("."))


def major(cuda: str) -> str:
    """Return ``12`` for ``12.6``."""
    return cuda.partition(".")[0]


def tag_of(cuda: str) -> str:
    """Return ``cu126`` for ``12.6``."""
    return f"cu{cuda.replace('.', '')}"


def cuda_of(tag: str) -> str:
    """Return ``12.6`` for ``cu126``."""
    digits = tag.removeprefix("cu")
    return f"{digits[:2]}.{digits[2:]}"


def card_name(gpu: Gpu) -> str:
    """Return what a card is called, with what its code must be made for."""
    return f"{gpu.name or 'this card'} ({gpu.compute_capability})"


def gigabytes(size: int) -> str:
    """Return a download's size in words."""
    return f"{size / 1e9:.1f} GB"
