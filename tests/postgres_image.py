"""The database image that our table names: where no hub is in reach, a stand-in made here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.engine.base import Engine

POSTGRES = next(s.image for s in read_catalogue().services if s.name == "postgres")


@contextmanager
def postgres_image(engine: Engine, docker_cli: str) -> Iterator[str]:
    """Yield its name; a stand-in is gone at the end."""
    if engine.image(POSTGRES) is not None:
        yield POSTGRES
        return
    words = (docker_cli, "build", "--quiet", "--tag", POSTGRES, Path(__file__).parent / "postgres")
    subprocess.run(words, check=True, capture_output=True)
    yield POSTGRES
    engine.remove_image(POSTGRES)
