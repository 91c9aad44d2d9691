"""How people write which graphics cards they want. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.gpu import GpuRequest

ALL = "all"

_CARD = re.compile(r"[0-9]{1,3}(?::[0-9]{1,3})?|(?:GPU|MIG)-[0-9A-Za-z][0-9A-Za-z/-]{0,70}")
_MOST = 64
_SHOWN = 80
_CAPABILITIES = {"gpu", "nvidia", "compute", "utility"}
"""What a box gets anyway."""


def parse_gpus(text: str) -> GpuRequest:
    """Return the cards that an option of ours names: ``all``, ``0``, ``0,1``, ``1:0``, ``GPU-…``.

    Raises
    ------
    ConfigurationError
        It names none.
    """
    words = text.strip().strip('"').removeprefix("device=")
    request = GpuRequest() if words == ALL else _cards(words.split(","))
    if request is None:
        message = f"These are no graphics cards: `{text[:_SHOWN]}`"
        raise ConfigurationError(message, hint="write it like --gpus all, or --gpus 0,1")
    return request


def gpu_words(request: GpuRequest) -> str:
    """Return cards as a user would write them: ``all``, ``0,1``."""
    return ",".join(request.devices) or ALL


def docker_gpus(text: str) -> GpuRequest | None:
    """Return what the value of Docker's ``--gpus`` asks for; None where the box can't take it.

    Its grammar is a line of CSV: ``all``, a number of cards, ``"device=0,1"``, ``driver=``,
    ``capabilities=`` (docker/cli, opts/gpus.go). Two things are taken more kindly than there:
    ``device=0,1`` without its quotes, which Docker refuses, and ``0``, which gives no card there:
    both can only mean what they name.
    """
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return None
    count, devices = "", list[str]()
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals and devices and _CARD.fullmatch(field):
            devices.append(field)
        elif not (equals or count or devices):
            count = "device 0" if field == "0" else field
        elif key == "count" and not count:
            count = value
        elif key == "device" and not devices:
            devices = value.split(",")
        elif not _is_ours_anyway(key, value):
            return None
    if devices:
        return None if count else _cards(devices)
    return _counted(count or "1") if fields else None


def _is_ours_anyway(key: str, value: str) -> bool:
    if key == "driver":
        return value in {"", "nvidia"}
    return key == "capabilities" and set(value.split(",")) <= _CAPABILITIES


def _counted(count: str) -> GpuRequest | None:
    if count in {ALL, "-1"}:
        return GpuRequest()
    if count == "device 0":
        return GpuRequest(devices=("0",))
    if re.fullmatch(r"[0-9]{1,2}", count) and 1 <= int(count) <= _MOST:
        return GpuRequest(devices=tuple(map(str, range(int(count)))))
    return None


def _cards(names: Iterable[str]) -> GpuRequest | None:
    cards = tuple(dict.fromkeys(name.strip() for name in names))
    good = len(cards) <= _MOST and all(_CARD.fullmatch(card) for card in cards)
    return GpuRequest(devices=cards) if cards and good else None
