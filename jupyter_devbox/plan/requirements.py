"""Direct requirements: the union over the project's notebooks, each line with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.environment import Decision, DirectRequirement
from jupyter_devbox.spec.given import GivenWheel
from jupyter_devbox.spec.names import ADDRESS, check_name, normalise, parse_requirement
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot

OURS = frozenset({"jupyter-devbox", "ipykernel", "pip"})
"""The lock always has these; a notebook that names them adds nothing."""


def from_capture(
    captured: CapturedRequirement, notebook: str, indexes: Sequence[str] = ()
) -> DirectRequirement:
    """Return one notebook's requirement, pinned to what is installed where that is allowed.

    What is installed is asked first of the index that its own install line names. A local version
    (``2.5.1+cu124``) is kept if there are any `indexes` that may have it. For a version that is not
    installed, the notebook's word alone would choose whose code runs.
    """
    check_name(captured.name)
    specifier, firm = _pin(captured)
    version = installed_version(captured.version)
    asked: Sequence[str] = ()
    if not firm and captured.source == "index" and version is not None:
        asked = indexes if version.local else (captured.index,)
    indexes = [index for index in dict.fromkeys(asked) if ADDRESS.fullmatch(index)]
    if indexes:
        specifier = f"=={version}"
    detail = ", ".join(captured.imports)
    if captured.reason == "install":
        detail = "installed by the notebook"
    elif captured.reason == "engine" and not detail:
        detail = "a call loads it"
    return DirectRequirement(
        name=captured.name,
        extras=captured.extras,
        specifier=specifier,
        firm=firm,
        allowed=public_specifier(captured.specifier),
        reason=captured.reason,
        detail=detail,
        notebooks=(notebook,),
        source=captured.source,
        url=captured.url if captured.source != "index" else None,
        indexes=tuple(indexes),
    )


def _pin(captured: CapturedRequirement) -> tuple[str, bool]:
    """Return the specifier and whether it is the user's own word."""
    wanted = public_specifier(captured.specifier)
    version = installed_version(captured.version)
    if version is None:
        return wanted, bool(wanted)
    allowed = SpecifierSet(captured.specifier, prereleases=True)
    if captured.source == "index" and not allowed.contains(version):
        return wanted, True
    return f"=={version.public}", False


def installed_version(text: str | None) -> Version | None:
    """Return a version that installed metadata gives; None for none, or an old form of text."""
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None


def public_specifier(text: str) -> str:
    """Return a specifier without local versions (``==2.0.0+cu124``): public indexes have none.

    Raises
    ------
    RequirementError
        It is not a specifier.
    """
    try:
        clauses = sorted(str(clause) for clause in SpecifierSet(text))
    except InvalidSpecifier as error:
        message = f"This is not a version specifier: `{text}`"
        raise RequirementError(message, hint="write it like >=2,<3") from error
    # Only == and != take a local version, and one that no index has need not be ruled out.
    kept = (c.split("+")[0] for c in clauses if "+" not in c or not c.startswith("!="))
    return ",".join(kept)


def unite(
    snapshots: tuple[KernelSnapshot, ...],
    existing: ExistingEnvironment,
    options: ProjectOptions,
    machine: Sequence[str] = (),
    wheels: Sequence[GivenWheel] = (),
) -> tuple[tuple[DirectRequirement, ...], tuple[Decision, ...]]:
    """Return all direct requirements, sorted by name, and a decision for each that needs one.

    What other notebooks of the project need stays; what only the captured notebooks needed, and
    no longer do, leaves. A line that the user wrote wins over ours. `machine` are the indexes that
    this machine is set to use; `wheels` are those that the user gave.
    """
    captured_notebooks = {snapshot.notebook for snapshot in snapshots}
    united: dict[str, DirectRequirement] = {}
    decisions: list[Decision] = []
    for old in existing.requirements:
        kept = _still_needed(old, captured_notebooks, existing.notebooks)
        if kept is not None:
            united[old.name] = kept
    for snapshot in snapshots:
        for captured in snapshot.requirements:
            if captured.name in OURS:
                continue
            named = (captured.index, *snapshot.indexes, *machine)
            new = from_capture(captured, snapshot.notebook, named)
            united[new.name] = _join(united.get(new.name), new, decisions)
    for text in options.include:
        asked = _included(text)
        united[asked.name] = _join(united.get(asked.name), asked, decisions)
    for wheel in wheels:
        before = united.get(wheel.name)
        # A line of the user's own says what is needed; the wheel says where it is.
        kept = None if before is None or before.reason == "hand" else before
        united[wheel.name] = _join(kept, _given(wheel), decisions)
    dropped = [name for name in options.exclude if united.pop(name, None) is not None]
    decisions += [
        Decision(what=name, choice="left out", reason="you excluded it") for name in dropped
    ]
    if united.pop("jupyter-devbox", None) is not None:
        reason = "the lock always has the version that runs here"
        decisions.append(Decision(what="jupyter-devbox", choice="as it is", reason=reason))
    united = {kernel.name: kernel for kernel in _kernel_requirements(snapshots)} | united
    return tuple(united[name] for name in sorted(united)), tuple(decisions)


def _still_needed(
    old: DirectRequirement, captured: set[str], present: Iterable[str]
) -> DirectRequirement | None:
    """Return an existing line without the notebooks that speak for themselves now."""
    if old.reason == "hand":
        return old
    if old.reason in {"kernel", "option"}:
        return None
    notebooks = tuple(sorted((set(old.notebooks) - captured) & set(present)))
    return replace(old, notebooks=notebooks) if notebooks else None


def _join(
    old: DirectRequirement | None, new: DirectRequirement, decisions: list[Decision]
) -> DirectRequirement:
    """Return one line for a package that several name: notebooks, the user by hand or by option."""
    if old is None:
        return new
    asked = new.reason == "option"
    if old.reason == "hand":
        who = "--include says" if asked else "the notebook has"
        return _hand_wins(old, new, who, decisions)
    if old.specifier and new.specifier and old.specifier != new.specifier:
        why = "--include says so" if asked else "the newest capture wins"
        others = ", ".join(old.notebooks)
        reason = f"{why}; {others} had {old.text}"
        if (old.firm or new.firm) and others and not asked:
            reason += "; --split gives each its own"
        decisions.append(Decision(what=new.name, choice=new.text, reason=reason))
    if not new.specifier and new.url is None:
        # Nothing is said of a version: what the others say of it stands.
        new = _pinned_as(new, old)
    joined = replace(
        new,
        extras=tuple(sorted({*old.extras, *new.extras})),
        notebooks=tuple(sorted({*old.notebooks, *new.notebooks})),
    )
    if asked:
        return joined
    return replace(
        joined,
        detail=", ".join(sorted({*_words(old.detail), *_words(new.detail)})),
        reason="import" if "import" in {old.reason, new.reason} else new.reason,
    )


def _pinned_as(new: DirectRequirement, old: DirectRequirement) -> DirectRequirement:
    return replace(
        new,
        specifier=old.specifier,
        firm=old.firm,
        allowed=old.allowed,
        source=old.source,
        url=old.url,
        indexes=old.indexes,
    )


def _hand_wins(
    hand: DirectRequirement, other: DirectRequirement, who: str, decisions: list[Decision]
) -> DirectRequirement:
    if other.specifier and other.specifier != hand.specifier:
        reason = f"your own line in requirements.in; {who} {other.text}"
        decisions.append(Decision(what=hand.name, choice=hand.text, reason=reason))
    return hand


def _included(text: str) -> DirectRequirement:
    """Return what `--include` asks for."""
    parsed = parse_requirement(text)
    return DirectRequirement(
        name=normalise(parsed.name),
        extras=tuple(sorted(parsed.extras)),
        specifier=str(parsed.specifier),
        firm=bool(str(parsed.specifier)),
        marker=str(parsed.marker or ""),
        reason="option",
        detail="--include",
    )


def _given(wheel: GivenWheel) -> DirectRequirement:
    """Return what `--wheel` asks for: this very version, and from nowhere else."""
    return DirectRequirement(
        name=wheel.name,
        specifier=f"=={wheel.version}",
        firm=True,
        reason="option",
        detail=f"--wheel {wheel.filename}",
        source="file",
        url=wheel.url,
    )


def _words(detail: str) -> list[str]:
    return [word.strip() for word in detail.split(",") if word.strip()]


def _kernel_requirements(
    snapshots: tuple[KernelSnapshot, ...],
) -> tuple[DirectRequirement, ...]:
    """Return ipykernel in the kernel's version, and pip: a uv environment has none of its own."""
    versions = {
        d.name: d.version for snapshot in snapshots for d in snapshot.installed if d.name in OURS
    }
    return tuple(
        DirectRequirement(
            name=name,
            specifier=f"=={version.public}" if version else "",
            reason="kernel",
            detail=detail,
        )
        for name, detail in (("ipykernel", "runs the notebook"), ("pip", "%pip in the box"))
        for version in (installed_version(versions.get(name)),)
    )
