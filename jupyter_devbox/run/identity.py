"""Who the user is inside a box: `jovyan`, with the uid and gid that own the project on the host.

`devcontainer exec` looks `jovyan` up in the box's /etc/passwd, so the number must be right there:
with the image's own 1000 it could not write the user's files.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RunError
from jupyter_devbox.run.archive import add_files
from jupyter_devbox.run.runtime_dir import write_private
from jupyter_devbox.spec.box import HOME, USER, BoxSpec
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec

IDLE = ("/bin/sh", "-c", "trap 'exit 0' TERM; while sleep 86400 & wait $!; do :; done")
"""What a box's main process does: nothing, in any image that has a shell, and ends at once."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The text of /etc/passwd and of /etc/group."""

    passwd: str
    group: str

    def with_user(self, uid: int, gid: int) -> Accounts:
        """Return the same accounts with `jovyan` as this uid and gid, right after root.

        So a name is found for the uid whatever other account of the image has it; root stays root.
        """
        shell = next((f[6] for f in _fields(self.passwd) if f[0] == USER and len(f) > 6), "/bin/sh")
        return Accounts(
            _inserted(self.passwd, f"{USER}:x:{uid}:{gid}::{HOME}:{shell}"),
            _inserted(self.group, f"{USER}:x:{gid}:"),
        )


def _fields(text: str) -> list[list[str]]:
    """Split the lines of an account file."""
    return [line.split(":") for line in text.splitlines() if line]


def _inserted(text: str, line: str) -> str:
    """Put a line after root's, in place of the one it replaces."""
    lines = [":".join(fields) for fields in _fields(text) if fields[0] != USER]
    at = next((n + 1 for n, entry in enumerate(lines) if entry.startswith("root:")), 0)
    return "".join(f"{entry}\n" for entry in (*lines[:at], line, *lines[at:]))


def identity_archive(accounts: Accounts, uid: int, gid: int) -> bytes:
    """Return the archive that makes `jovyan` this uid and gid when unpacked at ``/``."""
    mine = accounts.with_user(uid, gid)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        texts = {"etc/passwd": mine.passwd, "etc/group": mine.group}
        add_files(archive, {name: text.encode() for name, text in texts.items()})
        home = tarfile.TarInfo(HOME.lstrip("/"))
        home.type, home.mode, home.uid, home.gid = tarfile.DIRTYPE, 0o755, uid, gid
        archive.addfile(home)
    return buffer.getvalue()


def image_accounts(
    engine: Engine, spec: BoxSpec, cache: Path, record: Callable[[str, str], None]
) -> Accounts:
    """Return the accounts that an image comes with, asking it once.

    Parameters
    ----------
    cache
        A folder of our own; an image never changes, so neither does the answer.
    record
        Told of the container that is asked, before it starts.
    """
    kept = cache / f"accounts-{spec.image.removeprefix('sha256:')[:16]}.json"
    try:
        return Accounts(*json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        accounts = _ask(engine, spec, record)
    text = json.dumps([accounts.passwd, accounts.group])
    write_private(kept, text.encode())
    return accounts


def _ask(engine: Engine, spec: BoxSpec, record: Callable[[str, str], None]) -> Accounts:
    """Read the accounts in a container that lives for this alone."""
    container = engine.create(
        ContainerSpec(
            image=spec.image,
            command=IDLE,
            user="0:0",
            network="none",
            labels=spec.labels("kernel"),
        )
    )
    try:
        record("kernel", container)
        engine.start(container)
        texts = []
        for path in ("/etc/passwd", "/etc/group"):
            result = engine.run(container, ExecSpec(command=("cat", path)))
            if result.exit_code != 0:
                msg = f"The image has no accounts file: `{path}`"
                raise RunError(
                    msg, hint="choose an image based on Debian", details=(result.stderr,)
                )
            texts.append(result.stdout)
    finally:
        engine.remove(container)
    return Accounts(*texts)
