"""What `sync`, `add`, `remove` and `apt` say."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_devbox.view.units import hand_package, listing
from jupyter_devbox.workflow.requests import ContainerizeResult
from jupyter_devbox.workflow.syncing import SyncResult

RESTART = "Next: restart the kernel (menu Kernel) to run in the new image; variables will be gone."


def in_the_box(result: SyncResult) -> list[str]:
    """Return what the boxes have and the files had not."""
    lines = []
    for box in result.boxes:
        lines += [f"  + {hand_package(one)}" for one in box.additions.wanted]
        lines += [f"  + {name} (apt)" for name in box.additions.apt]
        lines += [f"  - {name}" for name in box.additions.drop]
    if lines:
        lines = ["In the box, and not in the files yet:", *lines]
    return [*lines, *_left(result)]


def _left(result: SyncResult) -> Iterator[str]:
    for box in result.boxes:
        for one in box.additions.left_out:
            what = hand_package(one)
            yield f"! {what} came from an address that no notebook names, so it is left out"
        if box.additions.kept:
            names = listing([*box.additions.kept])
            yield f"! {names} was removed in the box; a notebook or your own line still names it"


def synced(result: SyncResult) -> list[str]:
    """Return how a sync ended, and what to do next."""
    made = result.made
    if not made.files and not made.built:
        state = "The files and the image are up to date."
        return [state, RESTART] if result.restart else [state]
    return [RESTART] if result.restart else []


def changed(result: ContainerizeResult) -> list[str]:
    """Return what to do after packages were added or removed by name; [] where nothing was."""
    return [RESTART] if result.built else []
