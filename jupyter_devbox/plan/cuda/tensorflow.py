"""TensorFlow: one extra brings CUDA, another name leaves it out."""

from __future__ import annotations

from dataclasses import replace

from packaging.version import Version

from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.plan.cuda.draft import Draft, Stack, allows, exact
from jupyter_devbox.plan.cuda.machine import Machine
from jupyter_devbox.plan.cuda.refusal import CPU, refused_package
from jupyter_devbox.spec.catalogue import Catalogue, TensorflowRelease
from jupyter_devbox.spec.environment import DirectRequirement

NAMES = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu")
EXTRA = "and-cuda"


def accelerate_tensorflow(draft: Draft, machine: Machine) -> None:
    """Let TensorFlow bring CUDA, or an image that has it where no extra does.

    Raises
    ------
    NoCudaError
        No build runs on the machine.
    """
    line = draft.merge(NAMES)
    if line is None:
        return
    release = _release(line, machine)
    pin = exact(line.specifier)
    extras = {*line.extras} - {EXTRA} | ({EXTRA} if release.extra else set())
    why = f"[and-cuda] brings CUDA {release.cuda}" if release.extra else _by_image(release)
    new = replace(
        line,
        name="tensorflow",
        extras=tuple(sorted(extras)),
        specifier=f"=={pin.public if pin else release.tensorflow}",
        indexes=(),
    )
    draft.change(line.name, new, why, told=True)
    stack = Stack(
        package="tensorflow",
        cuda=release.cuda,
        download_bytes=release.cuda_bytes or None,
        base="slim" if release.extra else "cudnn-runtime",
    )
    draft.stacks.append(stack)


def decelerate_tensorflow(
    draft: Draft, *, python: str, platform: str, catalogue: Catalogue
) -> None:
    """Take the wheel without CUDA, unless something asks for the other one by its name.

    Only x86-64 has one of its own; TensorFlow's wheels for 64-bit ARM have no CUDA.
    """
    line = draft.merge(NAMES)
    if line is None:
        return
    extras = tuple(extra for extra in line.extras if extra != EXTRA)
    asking = [name for name in catalogue.tensorflow_dependents if name in draft.lines]
    pin = exact(line.specifier)
    able = (r for r in catalogue.tensorflow if python in r.python)
    newest = next((r for r in able if allows(line.specifier, r.tensorflow)), None)
    specifier = f"=={newest.tensorflow}" if newest else line.specifier
    name, why = "tensorflow-cpu", "the wheel without CUDA"
    if asking:
        name, why = "tensorflow", f"{', '.join(asking)} asks for it by this name"
    elif platform.endswith("arm64"):
        name, why = "tensorflow", "its wheel for 64-bit ARM has no CUDA"
    new = replace(
        line,
        name=name,
        extras=extras,
        specifier=f"=={pin.public}" if pin else specifier,
        indexes=(),
    )
    draft.change(line.name, new, why)


def _release(line: DirectRequirement, machine: Machine) -> TensorflowRelease:
    """Return what is known of the release that is taken."""
    if machine.arm64:
        message = f"TensorFlow has CPU wheels alone for 64-bit ARM: `{machine.platform}`"
        raise NoCudaError(message, hint=CPU)
    able = [r for r in machine.catalogue.tensorflow if machine.python in r.python]
    fitting = [r for r in able if machine.runs(r.cuda)]
    pin = exact(line.specifier)
    if pin is None:
        found = next((r for r in fitting if allows(line.specifier, r.tensorflow)), None)
    else:
        found = _known(pin.public, machine.catalogue)
        if found is None:
            message = f"It is not known which CUDA this TensorFlow is built for: `{pin.public}`"
            raise NoCudaError(message, hint=_way_out(fitting), alternative=_pin(fitting))
    if found is None or found not in able:
        message = f"There is no {line.text} with CUDA for Python `{machine.python}`"
        if found is None and able:
            message = f"No build of {line.text} that is known runs on `{machine.host.driver}`"
        raise NoCudaError(message, hint=_way_out(fitting), alternative=_pin(fitting))
    if found not in fitting:
        name = f"tensorflow {pin.public if pin else found.tensorflow}"
        raise refused_package(name, found.cuda, machine, _way_out(fitting), _pin(fitting))
    return found


def _known(version: str, catalogue: Catalogue) -> TensorflowRelease | None:
    """Return a release, or the one that was looked at of its minor version."""
    rows = catalogue.tensorflow
    exactly = next((r for r in rows if r.tensorflow == version), None)
    minor = Version(version).release[:2]
    return exactly or next((r for r in rows if Version(r.tensorflow).release[:2] == minor), None)


def _by_image(release: TensorflowRelease) -> str:
    return f"CUDA {release.cuda} comes with the image: {release.why}"


def _way_out(fitting: list[TensorflowRelease]) -> str:
    if not fitting:
        return CPU
    return f"--include {_pin(fitting)} runs here, with CUDA {fitting[0].cuda}; or {CPU}"


def _pin(fitting: list[TensorflowRelease]) -> str:
    return f"tensorflow=={fitting[0].tensorflow}" if fitting else ""
