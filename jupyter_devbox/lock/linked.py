"""What a resolution takes from the user's own folders, because no index has it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from jupyter_devbox.errors import WheelError
from jupyter_devbox.lock.given import looked_through
from jupyter_devbox.lock.pylock import is_here
from jupyter_devbox.lock.wheels import LocalWheel
from jupyter_devbox.spec.lock import WheelFile
from jupyter_devbox.spec.names import normalise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def linked_files(
    text: str, *, local_names: frozenset[str], links: Sequence[str], tags: Sequence[Tag]
) -> tuple[LocalWheel, ...]:
    """Return the wheels and source archives that a lock takes from folders, looked through.

    A source archive is one whose `wheel` is no ``.whl``: it becomes a wheel in the build, in a
    stage with compilers.

    Parameters
    ----------
    text
        uv's answer, a pylock.toml.
    local_names
        Packages that come from wheels beside the lock by themselves.
    links
        The folders.
    tags
        Of the wheels that fit the image, the best first.

    Raises
    ------
    WheelError
        A file is not what its name says.
    """
    if not links:
        return ()
    entries = tomllib.loads(text).get("packages", [])
    named = ((normalise(entry["name"]), entry) for entry in entries)
    return tuple(
        _taken(name, entry, links, tags)
        for name, entry in named
        if name not in local_names and is_linked(entry)
    )


def is_linked(entry: Mapping[str, Any]) -> bool:
    """Tell whether a package of a pylock.toml is in the user's folders alone."""
    files = [*entry.get("wheels", ()), *filter(None, [entry.get("sdist")])]
    return bool(files) and all(is_here(file) for file in files)


def _taken(
    name: str, entry: Mapping[str, Any], links: Sequence[str], tags: Sequence[Tag]
) -> LocalWheel:
    wheels = [_path(file, links) for file in entry.get("wheels", ())]
    ranked = sorted((rank, path) for path in wheels for rank in _ranks(path, tags))
    if ranked:
        wheel = looked_through(ranked[0][1])
        content = ranked[0][1].read_bytes()
        return LocalWheel(
            name=wheel.name,
            version=wheel.version,
            wheel=WheelFile(filename=wheel.filename, content=content),
            requirement=name,
        )
    archive = entry.get("sdist")
    if archive is None:
        message = f"No wheel of {name} there fits the image: `{wheels[0].name if wheels else name}`"
        raise WheelError(message, hint=f"add a fitting wheel or the source, or --exclude {name}")
    return _source(name, _path(archive, links))


def _source(name: str, path: Path) -> LocalWheel:
    try:
        own, version = parse_sdist_filename(path.name)
    except InvalidSdistFilename as error:
        message = f"This is not a source archive's file name: `{path.name}`"
        raise WheelError(message, hint="build it with: python -m build --sdist") from error
    if canonicalize_name(name) != own:
        message = f"This source archive is not of {name}: `{path.name}`"
        raise WheelError(message, hint="build it with: python -m build --sdist")
    content = WheelFile(filename=path.name, content=path.read_bytes())
    return LocalWheel(name=str(own), version=str(version), wheel=content, requirement=name)


def _ranks(path: Path, tags: Sequence[Tag]) -> Iterator[int]:
    """Yield how well a wheel fits, 0 being best; nothing if it does not."""
    own = parse_wheel_filename(path.name)[3]
    yield from [rank for rank, tag in enumerate(tags) if tag in own][:1]


def _path(file: Mapping[str, Any], links: Sequence[str]) -> Path:
    """Return where a file lies, which is in one of the folders and nowhere else."""
    url = str(file.get("url", ""))
    path = Path(unquote(urlsplit(url).path) if url else str(file.get("path", "")))
    whole = path.resolve()
    if not any(whole.is_relative_to(Path(folder).resolve()) for folder in links):
        message = f"A file that is taken lies in none of the folders: `{path}`"
        raise WheelError(message, hint="put the file itself into the folder, not a link")
    return path
