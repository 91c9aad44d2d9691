"""From imports and install lines to requirements: what is installed, then the curated map."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.importmap import (
    import_map,
    known_distributions,
    look_up,
    mapped_tops,
)
from jupyter_devbox.capture.requirement import Install, valid_name
from jupyter_devbox.spec.snapshot import (
    CapturedRequirement,
    CaptureWarning,
    Reason,
    Source,
    UnresolvedImport,
)

_GONE_FROM_STDLIB = frozenset(
    [
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "binhex",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "formatter",
        "imghdr",
        "imp",
        "macpath",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "parser",
        "pipes",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "symbol",
        "telnetlib",
        "uu",
        "xdrlib",
        "__future__",
        "__main__",
        "__builtin__",
        "lib2to3",
        "tomllib",
    ]
)
_STDLIB = sys.stdlib_module_names | _GONE_FROM_STDLIB
_OURS = frozenset({"jupyter_devbox"})
_ALWAYS_THERE = frozenset({"pip", "jupyter-devbox"})
_CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "py-xgboost": "xgboost",
    "tensorflow-base": "tensorflow",
}
_GONE = "the file it was installed from is gone"
_OLD_NAMES = {"pil": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}


@dataclass(slots=True)
class Need:
    """One dotted name that the code imports.

    `module` is what stands after ``import`` or ``from``; `dotted` adds the imported member, which
    may be a submodule.
    """

    dotted: str
    module: str
    optional: bool = True
    cells: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Answer:
    """What an interpreter's probe said; empty after a static scan."""

    modules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    distributions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """One requirement in the making: why it is here, and where from."""

    reason: Reason
    imports: set[str] = field(default_factory=set)
    cells: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Resolution:
    """Requirements by name, what stayed open, and what the user should know."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    unresolved: dict[str, set[int]] = field(default_factory=dict)
    warnings: list[CaptureWarning] = field(default_factory=list)


def is_stdlib(name: str) -> bool:
    """Tell whether the dotted name belongs to Python itself, or to us."""
    top = name.split(".", maxsplit=1)[0]
    return top in _STDLIB or top in _OURS


def named_by_imports(installs: list[Install], needs: Iterable[Need]) -> list[Install]:
    """Return the installs with the names that imports give to repositories.

    A repository's last segment is often not the distribution's name: ``…/tensorflow/docs`` is
    tensorflow-docs. It is taken for the distribution of an import if owner and segment joined, or
    the segment alone, are that distribution's name.
    """
    dists = {name for need in needs if (row := look_up(need.dotted)) for name in row.dists}
    return [_renamed(item, dists) if item.from_url else item for item in installs]


def _renamed(install: Install, dists: set[str]) -> Install:
    segments = urlsplit(install.url or "").path.strip("/").split("/")
    owner = valid_name(segments[-2]) if len(segments) > 1 else None
    joined = f"{owner}-{install.name}"
    return replace(install, name=joined) if joined in dists else install


def resolve(needs: Iterable[Need], installs: list[Install], answer: Answer) -> Resolution:
    """Name the distribution of each import; what nobody is known to provide stays unresolved."""
    result = Resolution()
    installed = {_dist_of(install) for install in installs if not install.conda}
    for need in needs:
        if is_stdlib(need.module):
            continue
        owner, reached = _owner(need, installed, answer)
        if owner:
            draft = result.drafts.setdefault(owner, Draft("import"))
            draft.imports.add(reached)
            draft.cells.update(need.cells)
        elif owner is None:
            _leave_open(need, result)
        elif not any(w.code == "colab" for w in result.warnings):
            message = f"A module that only Google Colab has is left out: `{reached}`"
            result.warnings.append(
                CaptureWarning(code="colab", message=message, cell=min(need.cells, default=None))
            )
    for install in installs:
        _add_install(install, answer, result)
    return result


def _owner(need: Need, installed: set[str], answer: Answer) -> tuple[str | None, str]:
    """Return (distribution, dotted name reached); "" for a module that no index offers."""
    found = answer.modules.get(need.dotted)
    if found is not None and found["kind"] == "distribution":
        return found["owner"], _reached(found["module"], need)
    if found is not None and found["kind"] == "stdlib":
        return "", need.module
    row = look_up(need.dotted)
    if row is not None:
        return row.choose(installed), _reached(row.prefix, need)
    for name in _names_of(need):
        if name in installed:
            return name, need.module
    return None, need.module


def _reached(prefix: str, need: Need) -> str:
    return prefix if len(prefix) > len(need.module) else need.module


def _names_of(need: Need) -> list[str]:
    """Return the distribution names that would be the same as the import's own."""
    parts = need.module.split(".")
    spelled = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return [name for text in spelled if (name := valid_name(text)) is not None]


def _leave_open(need: Need, result: Resolution) -> None:
    name = open_name(need)
    if need.optional:
        message = f"An optional import has no known package: `{name}`"
        cell = min(need.cells, default=None)
        result.warnings.append(CaptureWarning(code="optional-import", message=message, cell=cell))
    else:
        result.unresolved.setdefault(name, set()).update(need.cells)


def open_name(need: Need) -> str:
    """Return the name under which an import is reported: its top, or more for a namespace."""
    top = need.module.partition(".")[0]
    shared = top in mapped_tops() and top not in import_map()
    return need.dotted if shared else top


def _dist_of(install: Install) -> str:
    """Return the distribution that an install line means by conda's or a placeholder's name."""
    table = _CONDA_NAMES if install.conda else _OLD_NAMES
    return table.get(install.name, install.name)


def _add_install(install: Install, answer: Answer, result: Resolution) -> None:
    name = _dist_of(install)
    if name in _ALWAYS_THERE:
        return
    if install.conda and name not in answer.distributions and name not in known_distributions():
        message = f"A conda package has no known counterpart in the package index: `{name}`"
        result.warnings.append(
            CaptureWarning(code="conda-package", message=message, cell=install.cell)
        )
        return
    draft = result.drafts.setdefault(name, Draft("install"))
    if install.cell is not None:
        draft.cells.add(install.cell)


def requirements(
    result: Resolution, installs: list[Install], answer: Answer
) -> list[CapturedRequirement]:
    """Return the requirements, with what is installed and what the install lines say."""
    found = []
    for name, draft in sorted(result.drafts.items()):
        lines = [install for install in installs if _dist_of(install) == name]
        installed = answer.distributions.get(name)
        source, url = _source(lines, installed)
        lost = _lost(installed) if source == "index" else ""
        if lost == _GONE and installed:
            message = (
                "The file it was installed from is gone; the index's version is taken: "
                f"`{name} {installed['version']}`"
            )
            result.warnings.append(CaptureWarning(code="file-gone", message=message))
        found.append(
            CapturedRequirement(
                name=name,
                version=(installed["version"] or None) if installed else None,
                extras=tuple(sorted({extra for line in lines for extra in line.extras})),
                imports=tuple(sorted(draft.imports)),
                reason=draft.reason,
                source=source,
                url=url,
                lost=lost,
                specifier=next((i.specifier for i in reversed(lines) if i.specifier), ""),
                index=next((i.index for i in reversed(lines) if i.index), ""),
                cells=tuple(sorted(draft.cells)),
            )
        )
    return found


def _source(lines: list[Install], installed: Mapping[str, Any] | None) -> tuple[Source, str | None]:
    """Return where it comes from: by what is installed, else by the last line that says so."""
    if installed is None:
        line = next((i for i in reversed(lines) if i.source != "index"), None)
        return (line.source, line.url) if line is not None else ("index", None)
    direct = installed["direct_url"]
    if direct is None or _lost(installed):
        return "index", None
    url = urls.strip_credentials(direct["url"])
    if "vcs_info" in direct:
        return "vcs", _vcs_url(direct, url)
    if direct.get("dir_info", {}).get("editable"):
        return "editable", url
    return "file", url + _hash_fragment(direct)


def _lost(installed: Mapping[str, Any] | None) -> str:
    """Return why the address that a distribution was installed from cannot be taken, if it has one.

    That of a conda package leads to the machine that built it.
    """
    direct = installed["direct_url"] if installed else None
    if installed is None or direct is None:
        return ""
    if installed["conda"]:
        return "conda installed it from a file of its own"
    url = urls.strip_credentials(direct["url"])
    if not url:
        return "its address cannot be told from the login in it"
    editable = direct.get("dir_info", {}).get("editable")
    return _GONE if _is_gone(url) and not editable and "vcs_info" not in direct else ""


def _is_gone(url: str) -> bool:
    return url.startswith("file:") and not Path(unquote(urlsplit(url).path)).exists()


def _vcs_url(direct: Mapping[str, Any], url: str) -> str:
    info = direct["vcs_info"]
    kind, commit = str(info.get("vcs", "git")), str(info.get("commit_id", ""))
    revision = f"@{commit}" if re.fullmatch(r"[0-9A-Za-z._/-]+", commit) else ""
    folder = str(direct.get("subdirectory", ""))
    fragment = f"#subdirectory={folder}" if re.fullmatch(r"[\w.][\w./-]*", folder) else ""
    return f"{kind}+{url}{revision}{fragment}"


def _hash_fragment(direct: Mapping[str, Any]) -> str:
    info = direct.get("archive_info", {})
    digest = info.get("hashes", {}).get("sha256") or str(info.get("hash", "")).partition("=")[2]
    return f"#sha256={digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def unresolved_imports(result: Resolution) -> tuple[UnresolvedImport, ...]:
    """Return what stayed open, sorted by name."""
    return tuple(
        UnresolvedImport(name=name, cells=tuple(sorted(cells)))
        for name, cells in sorted(result.unresolved.items())
    )
