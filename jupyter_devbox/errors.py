"""Every way jupyter-devbox can fail, as one tree.

::

    DevboxError                        1  unexpected
    ├── UsageError                     2
    ├── CaptureError                  10
    │   ├── NotebookError             11  not a notebook, truncated, too old
    │   ├── UnsupportedKernelError    12  R, Julia, …
    │   ├── UnresolvedImportError     13  only with --strict
    │   └── ProbeError                14
    ├── PlanError                     20
    │   ├── ProjectError              21  no fitting project folder
    │   ├── BaseImageError            22
    │   ├── RequirementError          23  a name, version or apt package that is not well formed
    │   ├── OutsideModuleError        24  the user's own module lies outside the project
    │   ├── PlanChangedError          25  the project is no longer as it was when the plan was shown
    │   ├── NoCudaError               26  nothing was built for this driver, card or Python
    │   ├── ServiceTakenError         27  a service of the user's has the name of one of ours
    │   └── BinderError               28  the project cannot go to Binder as it is
    ├── LockError                     30
    │   ├── ResolutionError           31  a pin the index lacks, pins that conflict
    │   ├── IndexUnreachableError     32
    │   ├── PackageConflictError      33  what was installed in the box does not go with the lock
    │   └── AddressedPackageError     34  it came from an address that the box alone names
    ├── FileError                     40
    │   ├── ConflictError             41  a hand edit and the plan disagree
    │   ├── ConfigurationError        42  a broken devcontainer.json
    │   ├── ReadOnlyError             43
    │   ├── UntrustedProjectError     44  files that nobody approved here
    │   └── TrustChangedError         45  the files are no longer those that were shown
    ├── EngineError                   50
    │   ├── EngineNotFoundError       51
    │   ├── EngineNotRunningError     52
    │   ├── EnginePermissionError     53
    │   ├── BuildxMissingError        54
    │   ├── ComposeMissingError       55
    │   └── ImageContentsError        56  an image does not say what it holds
    ├── BuildError                    60
    │   ├── BuildStepError            61
    │   ├── WheelError                62  a wheel that was named cannot be taken
    │   ├── SbomError                 63  the bill of materials cannot be written
    │   └── BuildCancelledError      130  Ctrl-C, or Cancel build
    ├── RunError                      70
    │   ├── ImageMissingError         71
    │   ├── KernelStartError          72
    │   ├── NotebookFailedError       73
    │   ├── VerificationError         74
    │   ├── TransportError            75
    │   ├── BoxRequestError           76  what a box asks for is not allowed or not understood
    │   ├── GpuUnavailableError       77  the engine can't give the box a graphics card
    │   ├── ServiceError              78  Compose can't start what runs beside the box
    │   ├── BoxProgramError           79  a program in the box failed, or is missing
    │   ├── PortError                 85  a port of a box that is not there, or can't be reached
    │   └── OutsideBoxError           86  a folder that the box does not have
    └── RequestError                  80  what a client of the server asks for
        ├── BadRequestError           81  the request is not well formed
        ├── NotFoundError             82  there is no such notebook, build, box, …
        ├── NotAvailableError         83  the server cannot do this here
        └── NotOursError              84  another program made it: not ours to stop

`code` is stable and goes into JSON; `exit_code` is the command line's. Interrupted is 130.
A message is one sentence that names the cause, the value last; `hint` is the next command.
"""

from __future__ import annotations

from typing import ClassVar


class DevboxError(Exception):
    """A mistake or obstacle that the user can act on.

    Parameters
    ----------
    message
        One sentence that names the cause; the offending value last, in backticks.
    hint
        The next command or action, ready to be typed.
    details
        Lines that support the message: a diff, a log's end.
    """

    code: ClassVar[str] = "unexpected"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def to_json(self) -> dict[str, object]:
        """Return the form that goes into JSON output and REST answers."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "details": list(self.details),
        }


class UsageError(DevboxError):
    """The command line or the magic's arguments are off."""

    code, exit_code = "usage", 2


class CaptureError(DevboxError):
    """What the notebook uses could not be found out."""

    code, exit_code = "capture", 10


class NotebookError(CaptureError):
    """The file is not a notebook that can be read."""

    code, exit_code = "notebook", 11


class UnsupportedKernelError(CaptureError):
    """The notebook's language is not Python."""

    code, exit_code = "unsupported_kernel", 12


class UnresolvedImportError(CaptureError):
    """An import has no known package, and `--strict` was given."""

    code, exit_code = "unresolved_import", 13


class ProbeError(CaptureError):
    """The running kernel did not answer the probe."""

    code, exit_code = "probe", 14


class PlanError(DevboxError):
    """No sound decision is possible from these facts."""

    code, exit_code = "plan", 20


class ProjectError(PlanError):
    """There is no fitting project folder for this notebook."""

    code, exit_code = "project", 21


class BaseImageError(PlanError):
    """No base image fits."""

    code, exit_code = "base_image", 22


class RequirementError(PlanError):
    """A package name, version or apt name is not well formed."""

    code, exit_code = "requirement", 23


class OutsideModuleError(PlanError):
    """A module of the user's own lies outside the project, and nobody agreed to copy it."""

    code, exit_code = "outside_module", 24


class PlanChangedError(PlanError):
    """What would be written is not what the user was shown; nothing was."""

    code, exit_code = "plan_changed", 25


class NoCudaError(PlanError):
    """No CUDA build runs here: driver or card too old, or none for this Python or platform.

    `alternative` is a requirement that would do here, such as ``torch==2.7.1``; "" if none.
    """

    code, exit_code = "no_cuda", 26

    def __init__(
        self, message: str, *, hint: str = "", details: tuple[str, ...] = (), alternative: str = ""
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.alternative = alternative


class ServiceTakenError(PlanError):
    """A Compose file of the user's has a service with the name of one of ours."""

    code, exit_code = "service_taken", 27


class BinderError(PlanError):
    """Binder would refuse the project, or not read what is written for it."""

    code, exit_code = "binder", 28


class LockError(DevboxError):
    """The closure could not be locked."""

    code, exit_code = "lock", 30


class ResolutionError(LockError):
    """The pins cannot be satisfied together, or the index lacks one."""

    code, exit_code = "resolution", 31


class IndexUnreachableError(LockError):
    """The package index does not answer and the cache is not enough."""

    code, exit_code = "index_unreachable", 32


class PackageConflictError(LockError):
    """What was installed in the box by hand does not go with what is locked."""

    code, exit_code = "package_conflict", 33


class AddressedPackageError(LockError):
    """A notebook uses a package that the box has from an address, and the box alone says which."""

    code, exit_code = "addressed_package", 34


class FileError(DevboxError):
    """A file of the project stands in the way."""

    code, exit_code = "file", 40


class ConflictError(FileError):
    """A hand edit and the plan disagree; nothing was written."""

    code, exit_code = "conflict", 41


class ConfigurationError(FileError):
    """A devcontainer.json cannot be read or breaks its schema."""

    code, exit_code = "configuration", 42


class ReadOnlyError(FileError):
    """The project's folder cannot be written."""

    code, exit_code = "read_only", 43


class UntrustedProjectError(FileError):
    """Something of the project is not approved on this machine, or changed since."""

    code, exit_code = "untrusted_project", 44


class TrustChangedError(FileError):
    """The files are not those that the user was shown; nothing was approved."""

    code, exit_code = "trust_changed", 45


class EngineError(DevboxError):
    """The container engine refused or failed."""

    code, exit_code = "engine", 50


class EngineNotFoundError(EngineError):
    """No container engine is installed."""

    code, exit_code = "engine_not_found", 51


class EngineNotRunningError(EngineError):
    """An engine is installed, and nothing answers."""

    code, exit_code = "engine_not_running", 52


class EnginePermissionError(EngineError):
    """The user may not open the engine's socket."""

    code, exit_code = "engine_permission", 53


class BuildxMissingError(EngineError):
    """The docker command lacks the buildx plugin."""

    code, exit_code = "buildx_missing", 54


class ComposeMissingError(EngineError):
    """The docker command lacks the compose plugin, or has one that is too old."""

    code, exit_code = "compose_missing", 55


class ImageContentsError(EngineError):
    """An image does not say what it holds, or what it says cannot be read."""

    code, exit_code = "image_contents", 56


class BuildError(DevboxError):
    """The image could not be built."""

    code, exit_code = "build", 60


class BuildStepError(BuildError):
    """One step of the build failed."""

    code, exit_code = "build_step", 61


class WheelError(BuildError):
    """A wheel that the user named is none, is damaged, or is not what it says."""

    code, exit_code = "wheel", 62


class SbomError(BuildError):
    """The bill of materials cannot be written."""

    code, exit_code = "sbom", 63


class BuildCancelledError(BuildError):
    """The user stopped the build; finished steps stay cached."""

    code, exit_code = "cancelled", 130


class RunError(DevboxError):
    """The box or its kernel failed."""

    code, exit_code = "run", 70


class ImageMissingError(RunError):
    """The image a kernel was registered for is gone."""

    code, exit_code = "image_missing", 71


class KernelStartError(RunError):
    """The kernel ended before it answered."""

    code, exit_code = "kernel_start", 72


class NotebookFailedError(RunError):
    """A cell raised."""

    code, exit_code = "notebook_failed", 73


class VerificationError(RunError):
    """The clean environment does not give what the notebook gave."""

    code, exit_code = "verification", 74


class TransportError(RunError):
    """Host and box cannot reach each other."""

    code, exit_code = "transport", 75


class BoxRequestError(RunError):
    """A box asks for what it may not have, or in words that are not understood."""

    code, exit_code = "box_request", 76


class GpuUnavailableError(RunError):
    """The engine can't give a box the graphics cards that it asks for."""

    code, exit_code = "no_gpu", 77


class ServiceError(RunError):
    """Compose cannot start the box with what runs beside it."""

    code, exit_code = "service", 78


class BoxProgramError(RunError):
    """A program that was asked for in the box failed, or the image lacks it."""

    code, exit_code = "box_program", 79


class OutsideBoxError(RunError):
    """A folder of this machine that a box does not have."""

    code, exit_code = "outside_box", 86


class PortError(RunError):
    """Nothing in a box listens on a port, or it cannot be reached from here."""

    code, exit_code = "port", 85


class RequestError(DevboxError):
    """What a client of the server asks for is not to be had."""

    code, exit_code = "request", 80


class BadRequestError(RequestError):
    """The request is not well formed."""

    code, exit_code = "bad_request", 81


class NotFoundError(RequestError):
    """There is no such thing."""

    code, exit_code = "not_found", 82


class NotAvailableError(RequestError):
    """The server cannot do this as it is set up."""

    code, exit_code = "not_available", 83


class NotOursError(RequestError):
    """Another program made or runs it: it is used, and never stopped by us."""

    code, exit_code = "not_ours", 84


DRIFT_EXIT_CODE = 87
"""Exit code of `status --check` where notebooks, files and boxes disagree: no error, but a no."""
INTERRUPTED_EXIT_CODE = 130
"""Exit code after Ctrl-C (128 + SIGINT), as shells have it."""
