"""Know the Debian release under us, its package sources, and how to install from them.

No host name stands here: what is fetched comes from where this machine's own entries point.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from steps import CiError, is_root, logged

APT = Path("/etc/apt")
ROLLING = {"stable", "oldstable", "testing", "unstable", "sid"}
# One-line options whose deb822 name is not simply the same word with capitals.
OPTION_NAMES = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}

Entry = dict[str, str]
"""One package source: its deb822 fields in order."""


def facts() -> dict[str, str]:
    """Return ``/etc/os-release`` as a mapping; empty where there is none."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {name: "".join(shlex.split(value)) for name, value in pairs}


def may_install() -> bool:
    """Tell whether this is Debian and we are root; nothing is ever installed elsewhere."""
    return is_root() and facts().get("ID") == "debian"


def codename() -> str:
    """Return this release's name, for example ``bookworm``."""
    return facts().get("VERSION_CODENAME", "sid")


def number() -> int:
    """Return this release's number; testing and unstable have none and count as newest."""
    return int(facts().get("VERSION_ID", "99"))


def entries() -> list[Entry]:
    """Return every enabled binary package source of this machine, whichever form it has."""
    found: list[Entry] = []
    for path in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        found += _stanzas(text) if path.suffix == ".sources" else _lines(text)
    return [entry for entry in found if "deb" in entry.get("Types", "").split()]


def own_entries(suites: set[str]) -> list[Entry]:
    """Return Debian's own sources for any of ``suites``, each reduced to those suites.

    Other publishers also use Debian's suite names: entries signed by Debian's key come first, and
    others count only where no such entry exists (a company's re-signed mirror).
    """
    found = []
    for entry in entries():
        wanted = [suite for suite in entry.get("Suites", "").split() if suite in suites]
        if wanted and "main" in entry.get("Components", "").split():
            found.append(
                {**entry, "Types": "deb", "Suites": " ".join(wanted), "Components": "main"}
            )
    signed = [
        entry for entry in found if "debian-archive" in entry.get("Signed-By", "debian-archive")
    ]
    return signed or found


def main_entry(suite: str) -> Entry:
    """Return this machine's main Debian source with its suite changed to ``suite``.

    Raises
    ------
    CiError
        If the machine has no Debian source at all.
    """
    found = own_entries({codename()}) or own_entries(ROLLING)
    if not found:
        message = f"no Debian package source for {codename()} under {APT}"
        raise CiError(message, "add one to sources.list.d and run this again")
    return {**found[0], "Suites": suite}


def deb822(entry: Entry) -> str:
    """Render a source as a paragraph of a ``.sources`` file."""
    return "".join(f"{name}: {value}\n" for name, value in entry.items())


def install(packages: Sequence[str]) -> None:
    """Install packages from the machine's sources; services they bring are not started.

    Raises
    ------
    CiError
        If apt fails.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=180"]
    # One publisher that does not answer must not stop us: what is needed decides at the install.
    logged("apt", [*apt, "update"], env=env, check=False)
    with _no_services():
        logged("apt", [*apt, "install", "--no-install-recommends", *packages], env=env)


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting daemons, but on systemd, which owns and stops them itself."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists() or Path("/run/systemd/system").is_dir():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def _stanzas(text: str) -> list[Entry]:
    """Parse a deb822 file; a continued value (an inline key) keeps its line breaks."""
    found: list[Entry] = [{}]
    name = ""
    for line in text.splitlines():
        if not line.strip():
            found.append({})
        elif line[0] in " \t" and name in found[-1]:
            found[-1][name] += f"\n{line}"
        elif not line.startswith("#") and ":" in line:
            name, value = line.split(":", 1)
            found[-1][name] = value.strip()
    return [entry for entry in found if entry and entry.get("Enabled", "yes").lower() != "no"]


def _lines(text: str) -> list[Entry]:
    """Parse one-line entries (``deb [options] URI suite component…``) into deb822 fields."""
    found = []
    for line in text.splitlines():
        head, bracket, rest = line.partition("#")[0].partition("[")
        options, _, plain = rest.partition("]") if bracket else ("", "", head.partition(" ")[2])
        words = plain.split()
        if not head.strip() or len(words) < 2:
            continue
        entry = {"Types": head.split()[0], "URIs": words[0], "Suites": words[1]}
        entry["Components"] = " ".join(words[2:])
        for option in options.split():
            key, _, value = option.partition("=")
            entry[OPTION_NAMES.get(key, key.title())] = value.replace(",", " ")
        found.append(entry)
    return found
