"""What kernels said when they crashed: kept in our folder of logs, bounded in size and number."""

from __future__ import annotations

from pathlib import Path

from jupyter_devbox.errors import KernelStartError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.making import next_log
from jupyter_devbox.workflow.names import project_key

_MOST = 20
CRASH = "crash-"


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
        kept = sorted(context.logs.glob(f"{CRASH}*.log"), key=lambda path: path.stat().st_mtime_ns)
        for old in kept[:-_MOST]:
            old.unlink(missing_ok=True)
    return file


def with_log(death: KernelStartError, file: Path) -> KernelStartError:
    """Return why a kernel ended, with the place where the rest can be read."""
    hint = f"all that it said is in {file}; jupyter devbox shell opens the box"
    return KernelStartError(death.message, hint=hint, details=death.details)
