"""What kernels left when they crashed: kept in our folder of logs, bounded in number."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from jupyter_devbox.errors import FileError, KernelStartError
from jupyter_devbox.files.core_dump import take_core
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.making import next_log
from jupyter_devbox.workflow.names import project_key

_MOST, _MOST_CORES = 20, 2
CRASH = "crash-"
CORE = ".core"


def keep_crash(context: Context, project: str, output: str) -> Path | None:
    """Write down the end of a crashed kernel's output, and return the file; None for no output.

    The newest twenty are kept. They are the user's alone to read: what was printed may be private.

    Raises
    ------
    FileError
        Jupyter's data folder cannot be written.
    """
    if not output.strip():
        return None
    key = project_key(Project(root=Path(project), reason="its kernel crashed"))
    file = next_log(context.logs, f"{CRASH}{key}")
    with writing(context.logs, DATA_ELSEWHERE):
        atomic_write(file, output.encode(), 0o600)
        _keep_newest(context, ".log", _MOST)
    return file


def keep_core(context: Context, project: str, relative: str, log: Path) -> Path:
    """Move the core dump of a crashed kernel out of its project, beside its log; return where.

    The newest two are kept, for they may be as big as the kernel was, and for the user alone to
    read: all that the kernel knew is in them. Where it cannot be moved it stays in the project, and
    that place is returned.

    Parameters
    ----------
    relative
        Its path in the project, as the box says.
    log
        What `keep_crash` returned.
    """
    target = log.with_suffix(CORE)
    try:
        target.unlink(missing_ok=True)  # of a log that is gone
        take_core(Path(project), relative, target)
    except (OSError, FileError):
        return Path(project) / relative
    with suppress(OSError):
        _keep_newest(context, CORE, _MOST_CORES)
    return target


def _keep_newest(context: Context, ending: str, most: int) -> None:
    found = context.logs.glob(f"{CRASH}*{ending}")
    for old in sorted(found, key=lambda path: path.stat().st_mtime_ns)[:-most]:
        old.unlink(missing_ok=True)


def with_log(death: KernelStartError, file: Path, core: Path | None = None) -> KernelStartError:
    """Return why a kernel ended, with the places where the rest can be read."""
    dump = f"its core dump is {core}; " if core else ""
    hint = f"all that it said is in {file}; {dump}jupyter devbox shell opens the box"
    return KernelStartError(death.message, hint=hint, details=death.details)
