"""Which build of a torch release runs on a machine: the common index's, else its own index's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jupyter_devbox.plan.cuda.draft import allows
from jupyter_devbox.plan.cuda.machine import Machine, cuda_of, major, numbers, tag_of
from jupyter_devbox.spec.catalogue import Cards, Catalogue, TorchRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchBuild:
    """One build of torch: `tag` is that of its own index, "" for the common index's wheel."""

    release: TorchRelease
    cuda: str
    tag: str = ""

    @property
    def version(self) -> str:
        """The version with its local part."""
        return f"{self.release.torch}+{self.tag}" if self.tag else self.release.torch


def builds(release: TorchRelease, machine: Machine) -> tuple[TorchBuild, ...]:
    """Return a release's CUDA builds for a platform: the usual one first, then newest CUDA first.

    torch's own index has them for x86-64 alone, as far as the catalogue knows.
    """
    usual = TorchBuild(release=release, cuda=release.cuda)
    if machine.arm64:
        return (usual,) if release.arm64 else ()
    variants = (tag for tag in release.variants or () if tag != tag_of(release.cuda))
    others = sorted(variants, key=lambda tag: numbers(cuda_of(tag)), reverse=True)
    return (usual, *(TorchBuild(release=release, cuda=cuda_of(tag), tag=tag) for tag in others))


def cards_served(build: TorchBuild, machine: Machine) -> tuple[str, ...]:
    """Return the names of the cards that a build has code for."""
    row = _cards(build, machine.catalogue)
    oldest = dict(machine.catalogue.minimum_capability)[major(build.cuda)]
    return tuple(
        name
        for capability, name in machine.cards
        if (_has_code(capability, row) if row else numbers(capability) >= numbers(oldest))
    )


def choose_build(
    release: TorchRelease, machine: Machine, kept: str = "", *, drives: bool = True
) -> TorchBuild | None:
    """Return the build that is taken, None if none runs.

    Of several cards all should be served; where no build does that, one that serves any will do.

    Parameters
    ----------
    kept
        Tag of the build that the kernel has: taken if it runs.
    drives
        Whether the driver counts.
    """
    if machine.python not in release.python:
        return None
    able = [b for b in builds(release, machine) if not drives or machine.drives(b.cuda)]
    able.sort(key=lambda build: tag_of(build.cuda) != kept)
    served = [(len(cards_served(build, machine)), build) for build in able]
    most = max((count for count, _ in served), default=0)
    if machine.cards and not most:
        return None
    return next((build for count, build in served if count == most), None)


def newest(
    machine: Machine, specifier: str = "", fits: Callable[[TorchRelease], bool] | None = None
) -> TorchBuild | None:
    """Return the newest release with a build that runs, within a specifier."""
    for release in machine.catalogue.torch:
        if allows(specifier, release.torch) and (fits is None or fits(release)):
            build = choose_build(release, machine)
            if build is not None:
                return build
    return None


def download_bytes(build: TorchBuild, machine: Machine) -> int | None:
    """Return what a build downloads with its CUDA libraries; None if nobody looked.

    A build of torch's own index was not looked at: what the nearest release with the same CUDA on
    the common index downloads stands for it.
    """
    releases = machine.catalogue.torch
    place = releases.index(build.release)
    same = [r for r in releases if r.cuda == build.cuda and r.stack_bytes]
    if not same:
        return None
    nearest = min(same, key=lambda r: abs(releases.index(r) - place))
    return nearest.wheel_bytes + nearest.stack_bytes


def _cards(build: TorchBuild, catalogue: Catalogue) -> Cards | None:
    tag, release = tag_of(build.cuda), numbers(build.release.torch)
    return next(_rows(tag, release, catalogue), None)


def _rows(tag: str, release: tuple[int, ...], catalogue: Catalogue) -> Iterator[Cards]:
    for row in catalogue.cards:
        after = not row.since or release >= numbers(row.since)
        if tag in row.tags and after and (not row.before or release < numbers(row.before)):
            yield row


def _has_code(capability: str, row: Cards) -> bool:
    """Tell whether code runs on a card: cubins within a major version, PTX on all newer ones."""
    card = numbers(capability)
    codes = [numbers(code) for code in row.capabilities]
    return any(c[0] == card[0] and c <= card for c in codes) or (row.ptx and card > max(codes))
