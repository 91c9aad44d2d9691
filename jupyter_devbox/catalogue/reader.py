"""Read the tables of `data/` into `spec.catalogue`; tests hold them against `data/schemas/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from jupyter_devbox.spec.catalogue import (
    Build,
    Cards,
    Catalogue,
    CudaImage,
    Driver,
    JaxExtra,
    JaxRelease,
    TensorflowRelease,
    TorchRelease,
    Twin,
)
from jupyter_devbox.spec.services import Service

DATA = Path(__file__).parent / "data"
Row = TypeVar("Row")


@cache
def read_catalogue() -> Catalogue:
    """Return what the package's own tables say; read once a process."""
    torch, twins, cards = _table("torch"), _table("twins"), _table("gpu_arch")
    return Catalogue(
        torch=_rows(TorchRelease, torch),
        tensorflow=_rows(TensorflowRelease, _table("tensorflow")),
        jax=tuple(_jax(row) for row in _table("jax")["rows"]),
        twins=tuple(_twin(row) for row in twins["rows"]),
        drivers=_rows(Driver, _table("drivers")),
        cards=_rows(Cards, cards),
        images=_rows(CudaImage, _table("nvidia_cuda_tags")),
        image_bytes=_largest(_table("sizes")),
        torch_index=torch["index"],
        torch_dependents=tuple(twins["torch_dependents"]),
        torch_pins=tuple((name, version, of) for name, version, of in twins["torch_pins"]),
        tensorflow_dependents=tuple(twins["tensorflow_dependents"]),
        dropped=tuple(twins["dropped"]),
        brought=tuple(twins["brought"]),
        minimum_capability=tuple(cards["minimum"].items()),
        services=tuple(_service(row) for row in _table("services")["rows"]),
    )


def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return table


def _rows(kind: type[Row], table: Mapping[str, Any]) -> tuple[Row, ...]:
    return tuple(_row(kind, row) for row in table["rows"])


def _row(kind: type[Row], row: Mapping[str, Any]) -> Row:
    """Return a row as a value: what only a reader of the table needs (source, date) is left out."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in row.items()
            if name in names
        }
    )


def _jax(row: Mapping[str, Any]) -> JaxRelease:
    extras = tuple(_row(JaxExtra, extra) for extra in row["extras"])
    return JaxRelease(jax=row["jax"], python=tuple(row["python"]), extras=extras)


def _twin(row: Mapping[str, Any]) -> Twin:
    return _row(Twin, {**row, "builds": [_build(build) for build in row["builds"]]})


def _build(row: Mapping[str, Any]) -> Build:
    return _row(Build, {**row, "older": list(row.get("older", {}).items())})


def _service(row: Mapping[str, Any]) -> Service:
    pairs = {name: list(map(tuple, row[name].items())) for name in ("environment", "variables")}
    return _row(Service, {**row, **pairs})


def _largest(table: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return kind → size of the largest image of it that was seen."""
    largest: dict[str, int] = {}
    for row in table["rows"]:
        largest[row["kind"]] = max(largest.get(row["kind"], 0), row["disk_bytes"])
    return tuple(largest.items())
