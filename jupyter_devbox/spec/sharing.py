"""Links that open a project elsewhere, each only where it can work, and what to do instead. Pure.

The forms of the links are the services' own: code.visualstudio.com/docs/devcontainers ("Add an open
in dev container badge"), docs.github.com ("Facilitating quick creation and resumption of
codespaces"), devpod.sh/docs ("Open in DevPod badge"), mybinder.readthedocs.io ("Generate your own
Binder badges").
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from jupyter_devbox.spec.remotes import Remote

GITHUB = "github.com"
PUBLIC_HOSTS = (GITHUB, "gitlab.com", "bitbucket.org", "codeberg.org")
"""Hosts that anybody can clone from, and every service here knows."""

Stand = Literal["absent", "changed", "committed", "pushed"]
"""How files stand: not there, not in a commit as they are, in one, in one that was pushed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingFacts:
    """What decides which links work.

    Parameters
    ----------
    folder
        The project's folder on this machine.
    problem, remedy
        Why there is no repository that others could reach, and what to do; "" where there is one.
    remote
        None where there is none, or none that is an address.
    branch
        The branch that others see, by its name there; "" where none is checked out.
    is_default
        Whether it is the one that links without a branch open.
    inner
        The project's folder in the repository, with ``/``; "" for the top.
    container, binder
        How the files stand that dev container clients, and Binder, read.
    changed
        One container file that is not in a commit as it is; "" if all are.
    notebooks
        The project's notebooks, relative to its folder.
    """

    folder: str
    problem: str = ""
    remedy: str = ""
    remote: Remote | None = None
    branch: str = ""
    is_default: bool = True
    inner: str = ""
    container: Stand = "absent"
    binder: Stand = "absent"
    changed: str = ""
    notebooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to open the project.

    Parameters
    ----------
    url
        The link; "" where it would not work.
    badge
        The same as Markdown, for a README; "" likewise.
    reason, hint
        Why there is no link, and the next step; "" where there is one.
    command
        What does the same from a terminal, link or no link.
    """

    id: str
    title: str
    url: str = ""
    badge: str = ""
    reason: str = ""
    hint: str = ""
    command: str = ""

    def to_json(self) -> dict[str, str | None]:
        """Return the object of `share --json`, and of the REST interface."""
        return {
            "id": self.id,
            "title": self.title,
            "url": self.url or None,
            "badge": self.badge or None,
            "reason": self.reason,
            "hint": self.hint,
            "command": self.command,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A service: what it wants, and the form of its links."""

    id: str
    title: str
    label: str
    picture: str
    hosts: tuple[str, ...]
    link: Callable[[SharingFacts, Remote], str]
    command: Callable[[SharingFacts], str]
    reads: Literal["container", "binder"] = "container"
    branches: bool = True
    folders: bool = False


def offers(facts: SharingFacts) -> tuple[Offer, ...]:
    """Return all ways there are, in the order in which they are shown."""
    return tuple(_offer(facts, service) for service in _SERVICES)


def _offer(facts: SharingFacts, service: _Service) -> Offer:
    command = service.command(facts)
    reason, hint = next(_obstacles(facts, service), ("", ""))
    if reason or facts.remote is None:
        return Offer(id=service.id, title=service.title, reason=reason, hint=hint, command=command)
    url = service.link(facts, facts.remote)
    badge = f"[![{service.label}]({service.picture})]({url})"
    return Offer(id=service.id, title=service.title, url=url, badge=badge, command=command)


def _obstacles(facts: SharingFacts, service: _Service) -> Iterator[tuple[str, str]]:
    """Yield what stands in a link's way, the first thing to mend first."""
    yield from _nothing(facts, service)
    yield from _unreachable(facts, service)
    yield from _not_pushed(facts, service)
    yield from _out_of_sight(facts, service)


def _nothing(facts: SharingFacts, service: _Service) -> Iterator[tuple[str, str]]:
    if service.reads == "binder" and facts.binder == "absent":
        yield "There is nothing yet that Binder reads", _containerize(facts, " --binder")
    if service.reads == "container" and facts.container == "absent":
        yield "No container files are written yet", _containerize(facts)


def _unreachable(facts: SharingFacts, service: _Service) -> Iterator[tuple[str, str]]:
    if facts.remote is None:
        yield facts.problem or "The repository has no remote", facts.remedy
    elif facts.remote.host not in service.hosts:
        yield _foreign(facts.remote, service), ""


def _not_pushed(facts: SharingFacts, service: _Service) -> Iterator[tuple[str, str]]:
    if not facts.branch:
        yield "No branch is checked out, so others would see another state", "git switch BRANCH"
    binder = service.reads == "binder"
    stand = facts.binder if binder else facts.container
    if stand == "changed":
        what = "Binder's files are" if binder else "The container files are"
        named = f": `{facts.changed}`" if facts.changed and not binder else ""
        folder = "binder" if binder else ".devcontainer"
        add = f'git add {folder} && git commit -m "Share the environment" && git push'
        yield f"{what} not in a commit as they are{named}", add
    if stand == "committed":
        yield "The last commit is not pushed", "git push"


def _out_of_sight(facts: SharingFacts, service: _Service) -> Iterator[tuple[str, str]]:
    if facts.inner and not service.folders:
        where = "binder/" if service.reads == "binder" else ".devcontainer/"
        yield f"{service.title} looks for {where} at the repository's top: `{facts.inner}`", ""
    if facts.inner and not facts.is_default:
        yield "A link leads to a folder or to a branch, not to both", "merge the branch first"
    if not service.branches and not facts.is_default:
        yield f"The link opens the default branch, and this is `{facts.branch}`", "merge it first"


def _foreign(remote: Remote, service: _Service) -> str:
    if service.hosts == (GITHUB,):
        return f"{service.title} opens repositories on {GITHUB} alone: `{remote.host}`"
    return f"Nobody knows whether others may clone from there: `{remote.host}`"


def _containerize(facts: SharingFacts, option: str = "") -> str:
    one = facts.notebooks[0] if len(facts.notebooks) == 1 else ""
    # A line end in a name would cut the command in two where it is copied from.
    notebook = shlex.quote(one) if one.isprintable() and one else "NOTEBOOK.ipynb"
    return f"jupyter devbox containerize {notebook}{option}"


# --- the services ----------------------------------------------------------------


def _vscode(_: SharingFacts, remote: Remote) -> str:
    target = "vscode://ms-vscode-remote.remote-containers/cloneInVolume"
    return f"https://vscode.dev/redirect?url={target}?url={remote.address}"


def _codespaces(facts: SharingFacts, remote: Remote) -> str:
    branch = "" if facts.is_default else f"/tree/{quote(facts.branch)}"
    return f"https://codespaces.new/{remote.path}{branch}"


def _devpod(facts: SharingFacts, remote: Remote) -> str:
    return f"https://devpod.sh/open#{_devpod_source(facts, remote)}"


def _devpod_source(facts: SharingFacts, remote: Remote) -> str:
    if facts.inner:
        return f"{remote.address}@subpath:{quote(facts.inner)}"
    return remote.address if facts.is_default else f"{remote.address}@{quote(facts.branch)}"


def _binder(facts: SharingFacts, remote: Remote) -> str:
    kinds = {GITHUB: f"gh/{remote.path}", "gitlab.com": f"gl/{quote(remote.path, safe='')}"}
    where = kinds.get(remote.host, f"git/{quote(remote.address, safe='')}")
    one = facts.notebooks[0] if len(facts.notebooks) == 1 else ""
    opened = f"labpath={quote(one, safe='', errors='replace')}" if one else "urlpath=lab"
    return f"https://mybinder.org/v2/{where}/{quote(facts.branch, safe='')}?{opened}"


def _here(facts: SharingFacts, *command: str) -> str:
    return shlex.join([*command, facts.folder])


def _codespace_command(facts: SharingFacts) -> str:
    remote = facts.remote
    if remote is None or remote.host != GITHUB or not facts.branch:
        return _here(facts, "devcontainer", "up", "--workspace-folder")
    words = ("gh", "codespace", "create", "--repo", remote.path, "--branch", facts.branch)
    return shlex.join(words)


_SERVICES = (
    _Service(
        id="vscode",
        title="VS Code Dev Containers",
        label="Open in Dev Containers",
        picture=(
            "https://img.shields.io/static/v1?label=Dev%20Containers&message=Open&color=blue"
            "&logo=visualstudiocode"
        ),
        hosts=PUBLIC_HOSTS,
        link=_vscode,
        command=lambda facts: _here(facts, "code"),
        branches=False,
    ),
    _Service(
        id="codespaces",
        title="GitHub Codespaces",
        label="Open in GitHub Codespaces",
        picture="https://github.com/codespaces/badge.svg",
        hosts=(GITHUB,),
        link=_codespaces,
        command=_codespace_command,
    ),
    _Service(
        id="devpod",
        title="DevPod",
        label="Open in DevPod",
        picture="https://devpod.sh/assets/open-in-devpod.svg",
        hosts=PUBLIC_HOSTS,
        link=_devpod,
        command=lambda facts: _here(facts, "devpod", "up"),
        folders=True,
    ),
    _Service(
        id="binder",
        title="Binder",
        label="Launch on Binder",
        picture="https://mybinder.org/badge_logo.svg",
        hosts=PUBLIC_HOSTS,
        link=_binder,
        command=lambda facts: _here(facts, "jupyter-repo2docker"),
        reads="binder",
    ),
)
