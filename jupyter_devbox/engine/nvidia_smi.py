"""What is asked of `nvidia-smi`, and what its answers mean. Pure.

Its fields: ``nvidia-smi --help-query-gpu``. What it can't tell stands in brackets (``[N/A]``,
``[Not Supported]``, ``[Insufficient Permissions]``). An answer may come out of a box, so that only
what is well formed counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping

from jupyter_devbox.engine.redact import printable
from jupyter_devbox.spec.gpu import Gpu
from jupyter_devbox.spec.gpu_use import GpuUse

PROGRAM = "nvidia-smi"
CARD_FIELDS = ("uuid", "name", "memory.total", "driver_version", "compute_cap")
OLD_CARD_FIELDS = CARD_FIELDS[:-1]
"""Drivers before 510 refuse the whole question for a field that they don't know."""
USE_FIELDS = ("index", "name", "memory.total", "memory.used", "utilization.gpu")

_MIB = 1 << 20
_MOST_CARDS = 64
_LONGEST_NAME = 80
_LONGEST_LINE = 1000
_UUID = re.compile(r"(?:GPU|MIG)-[0-9A-Za-z/-]{1,70}")
_NUMBER = re.compile(r"(\d{1,9})(?: (?:MiB|%))?", re.ASCII)
_CAPABILITY = re.compile(r"\d{1,2}\.\d", re.ASCII)
_DRIVER = re.compile(r"\d{2,4}(?:\.\d{1,4}){1,3}", re.ASCII)
_MODULE = re.compile(r"\sKernel Module\b.*?\s(\d{2,4}(?:\.\d{1,4}){1,3})\s", re.ASCII)


def question(fields: Iterable[str]) -> tuple[str, str]:
    """Return the options with which it tells these of each card, a line each."""
    return f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"


def cards(answer: str, fields: tuple[str, ...]) -> tuple[Gpu, ...]:
    """Return the cards of an answer to `CARD_FIELDS` or `OLD_CARD_FIELDS`."""
    return tuple(
        Gpu(
            name=_name(row["name"]),
            memory=(_number(row["memory.total"]) or 0) * _MIB,
            compute_capability=_fitting(_CAPABILITY, row.get("compute_cap", "")),
            uuid=row["uuid"],
        )
        for row in _rows(answer, fields)
        if _UUID.fullmatch(row["uuid"])
    )


def driver(answer: str, fields: tuple[str, ...]) -> str:
    """Return the driver's version in the same answer, "" without a card."""
    found = (_fitting(_DRIVER, row["driver_version"]) for row in _rows(answer, fields))
    return next(filter(None, found), "")


def uses(answer: str) -> tuple[GpuUse, ...]:
    """Return how busy the cards of an answer to `USE_FIELDS` are."""
    return tuple(
        _use(index, row)
        for row in _rows(answer, USE_FIELDS)
        if (index := _number(row["index"])) is not None
    )


def module_version(text: str) -> str:
    """Return the driver's version out of /proc/driver/nvidia/version, "" if it has none.

    Its first line names the *Kernel Module*, open or not, then the version.
    """
    found = _MODULE.search(text.partition("\n")[0] + " ")
    return found[1] if found else ""


def driver_version(text: str) -> str:
    """Return a text that is a driver's version, without white space around it; else ""."""
    return _fitting(_DRIVER, text.strip())


def _use(index: int, row: Mapping[str, str]) -> GpuUse:
    used, busy = _number(row["memory.used"]), _number(row["utilization.gpu"])
    return GpuUse(
        index=index,
        name=_name(row["name"]),
        memory=(_number(row["memory.total"]) or 0) * _MIB,
        memory_used=None if used is None else used * _MIB,
        utilization=None if busy is None else min(busy, 100),
    )


def _rows(answer: str, fields: tuple[str, ...]) -> Iterable[Mapping[str, str]]:
    lines = [printable(line[:_LONGEST_LINE]) for line in answer.splitlines()[:_MOST_CARDS]]
    for row in csv.reader(lines, skipinitialspace=True, quoting=csv.QUOTE_NONE):
        if len(row) == len(fields):
            yield {name: value.strip() for name, value in zip(fields, row, strict=True)}


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else None


def _name(text: str) -> str:
    return "" if text.startswith("[") else text[:_LONGEST_NAME]


def _fitting(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""
