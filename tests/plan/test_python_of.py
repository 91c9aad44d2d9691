"""Which Python an environment is for, when no notebook says so."""

from __future__ import annotations

from jupyter_devbox.plan.planner import PlanInputs, python_of
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.requirements_txt import format_lock, read_python
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.spec.target_files import CPU


def test_the_kernel_then_the_lock_then_this_machine():
    def of(captured: str, locked: str) -> str:
        return python_of(
            PlanInputs(
                project="p",
                target="cpu",
                snapshots=(KernelSnapshot(python=captured),),
                existing=ExistingEnvironment(python=locked),
                fallback_python="3.12.1",
            )
        )

    assert of("3.10.4", "3.11.2") == "3.10.4"
    assert of("", "3.11.2") == "3.11.2"
    assert of("", "") == "3.12.1"


def test_the_lock_says_which_python_it_is_for():
    text = format_lock(Lock(python="3.11.2", platform="linux/amd64", packages=()))[CPU.stable]
    assert read_python(text) == "3.11.2"
    assert read_python("numpy==1.0\n") == ""
