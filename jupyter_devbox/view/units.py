"""Sizes, times and counts in words."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from jupyter_devbox.run.death import size as binary
from jupyter_devbox.spec.box_use import BoxUse
from jupyter_devbox.spec.by_hand import HandPackage
from jupyter_devbox.spec.gpu_use import GpuUse

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return untrusted text without what would steer a terminal, or turn its reading around."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.expandtabs())


def size(number: int) -> str:
    """Return bytes in decimal units, three digits: ``1.08 GB``, ``812 MB``, ``9.7 MB``."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            break
        value /= 1000
    if unit == "bytes":
        return f"{number} bytes"
    digits = 2 if value < 9.995 and unit == "GB" else 1 if value < 9.95 else 0
    return f"{value:.{digits}f} {unit}"


def about(number: int) -> str:
    """Return bytes roughly: ``41 GB``, ``1.1 GB``, ``490 MB``."""
    if number >= 9_950_000_000:
        return f"{number / 1e9:.0f} GB"
    if number >= 995_000_000:
        return f"{number / 1e9:.1f} GB"
    return f"{round(number / 1e7) * 10} MB"


def duration(seconds: float) -> str:
    """Return a duration: ``14 s``, ``2 min 41 s``."""
    whole = round(seconds)
    if whole < 1:
        return "less than 1 s"
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def moment(seconds: float) -> str:
    """Return a time since the epoch as ISO 8601, UTC: ``2026-01-31T12:00:00Z``."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def clock(seconds: float) -> str:
    """Return a running time: ``1:04``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def count(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 file``, ``4 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listing(words: list[str]) -> str:
    """Return words as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def use(box: BoxUse) -> str:
    """Return what a box uses against its limits, as far as that is known.

    Such as ``512 MiB of 4.0 GiB memory, 0.4 of 2 CPUs, 37 of 512 processes``.
    """
    parts = []
    if box.memory is not None:
        most = f" of {binary(box.memory_limit)}" if box.memory_limit else ""
        parts.append(f"{binary(box.memory)}{most} memory")
    if box.cpus is not None:
        most = f" of {box.cpus_limit:g}" if box.cpus_limit else ""
        parts.append(f"{box.cpus:.1f}{most} CPUs")
    if box.pids is not None:
        most = f" of {box.pids_limit}" if box.pids_limit else ""
        parts.append(f"{box.pids}{most} processes")
    return ", ".join(parts)


def hand_package(one: HandPackage) -> str:
    """Return a package of a box: ``scipy 1.16.2 (was 1.15.3)``."""
    was = f" (was {one.before})" if one.before else ""
    return f"{one.name} {one.version}{was}"


def card(gpu: GpuUse) -> str:
    """Return how busy a graphics card is: ``GPU 0 NVIDIA A10: 1.2 of 22 GiB used, 35 % busy``."""
    parts = []
    if gpu.memory:
        whole = f"{gpu.memory / 2**30:.0f} GiB"
        used = gpu.memory_used
        parts.append(whole if used is None else f"{used / 2**30:.1f} of {whole} used")
    if gpu.utilization is not None:
        parts.append(f"{gpu.utilization} % busy")
    name = f"GPU {gpu.index} {clean(gpu.name)}".strip()
    return f"{name}: {', '.join(parts)}" if parts else name
