"""Make sure that the engine has the base image: ``python3 .ci/base_image.py``.

Builds say ``FROM python:3.11-slim-bookworm``. Where no image hub is in reach, a stand-in under the
same tag is made from Debian's own packages, alike in all that our images rely on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import debian
import engine
from steps import CiError, ask, end, logged, say, step

IMAGE = "python:3.11-slim-bookworm"
LABEL = "jupyter-devbox.standin=1"
SUITE = "bookworm"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates,netbase,tzdata"
SEARCH_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
UNREAD = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
)
REMADE = ("var/lib/apt/lists", "var/cache/apt", "var/log", "tmp", "var/tmp")
# As the official images have them: no service starts in a build, no downloaded package stays.
SETTINGS = {
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/dpkg/dpkg.cfg.d/docker": "force-unsafe-io\n"
    + "".join(f"path-exclude /{folder}/*\n" for folder in UNREAD)
    + "path-include /usr/share/doc/*/copyright\n",
    "etc/apt/apt.conf.d/docker": 'Acquire::Languages "none";\n'
    'Acquire::GzipIndexes "true";\n'
    'Apt::AutoRemove::SuggestsImportant "false";\n'
    'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n',
}


def ensure(docker: Path, env: dict[str, str]) -> str:
    """Make the base image present in the engine; return in a few words where it comes from.

    Raises
    ------
    CiError
        If it is not there, cannot be pulled and cannot be made here.
    """
    if ask([docker, "image", "inspect", IMAGE], env=env) is not None:
        return "there"
    # The daemon gives up within seconds on a hub that it cannot reach; the long wait is for one
    # that answers over a slow line.
    if ask([docker, "pull", "--quiet", IMAGE], env=env, wait=300) is not None:
        return "pulled"
    if not debian.may_install():
        message = f"no image hub in reach, and only root on Debian can make a stand-in for {IMAGE}"
        raise CiError(message, f"docker pull {IMAGE}")
    with step(f"made a stand-in for {IMAGE} from Debian's packages"):
        _build(docker, env)
    return "stand-in"


def _build(docker: Path, env: dict[str, str]) -> None:
    """Install a small system into a folder, make it look official, import it."""
    if shutil.which("debootstrap") is None:
        debian.install(["debootstrap"])
    entry = debian.main_entry(SUITE)
    mirror = entry["URIs"].split()[0]
    keyring = entry.get("Signed-By", "")
    root = Path(tempfile.mkdtemp(prefix="devbox-base-", dir="/var/tmp"))
    try:
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}"]
        if keyring.startswith("/"):
            command.append(f"--keyring={keyring}")
        logged("debootstrap", [*command, SUITE, root, mirror])
        python = _disguise(root)
        _slim(root)
        _sources(root)
        _import(docker, env, root, python)
    finally:
        _discard(root)


def _disguise(root: Path) -> str:
    """Put the interpreter where the official image has it; return its full version."""
    for name, target in {
        "python": "python3",
        "python3": "python3",
        "python3.11": "python3.11",
        "pip": "pip3",
        "pip3": "pip3",
    }.items():
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{target}")
    for marker in (root / "usr/lib").glob("python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    show = "import platform; print(platform.python_version())"
    version = ask(["chroot", root, "/usr/bin/python3", "-c", show])
    if not version:
        message = f"the interpreter in the new base system does not run: `{root}`"
        raise CiError(message)
    return version


def _slim(root: Path) -> None:
    """Drop what a container never reads, and write the settings of the official image."""
    for folder in UNREAD:
        for path in (root / folder).glob("**/*"):
            if path.name != "copyright" and (path.is_symlink() or path.is_file()):
                path.unlink()
    for folder in REMADE:
        for path in (root / folder).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "var/lib/apt/lists/partial").mkdir(exist_ok=True)
    (root / "var/cache/apt/archives/partial").mkdir(parents=True, exist_ok=True)
    for name, text in SETTINGS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def _sources(root: Path) -> None:
    """Give the image this machine's Debian sources, for its own release and no other."""
    found = debian.own_entries({SUITE, f"{SUITE}-updates", f"{SUITE}-security"})
    found = found or [debian.main_entry(SUITE)]
    for entry in found:
        keyring = entry.get("Signed-By", "")
        if keyring.startswith("/") and not (root / keyring[1:]).exists():
            (root / keyring[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(keyring, root / keyring[1:])
    text = "\n".join(map(debian.deb822, found))
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(text, encoding="utf-8")


def _import(docker: Path, env: dict[str, str], root: Path, python: str) -> None:
    """Turn the folder into an image of one layer, with the official image's settings."""
    changes = [
        f"ENV PATH={SEARCH_PATH}",
        "ENV LANG=C.UTF-8",
        f"ENV PYTHON_VERSION={python}",
        f"LABEL {LABEL}",
        'CMD ["python3"]',
    ]
    options = [word for change in changes for word in ("--change", change)]
    pack = subprocess.Popen(
        ["tar", "--numeric-owner", "-C", root, "-c", "."], stdout=subprocess.PIPE
    )
    done = subprocess.run(
        [docker, "import", *options, "-", IMAGE],
        env=env,
        stdin=pack.stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    if pack.stdout:
        pack.stdout.close()
    if pack.wait() or done.returncode:
        message = f"`docker import` failed: `{done.stderr.strip()}`"
        raise CiError(message)


def _discard(root: Path) -> None:
    """Remove the folder; reach through no mount that a cut-off debootstrap left (/dev)."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    inside = [line.split()[1] for line in mounts if line.split()[1].startswith(f"{root}/")]
    for target in reversed(inside):
        subprocess.run(["umount", "--lazy", target], check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=False)


def main() -> int:
    """Report what was done for the engine that runs; return the exit status."""
    found = engine.find()
    if isinstance(found, engine.NoEngine):
        raise CiError(found.reason, found.hint)
    how = ensure(found.docker, {**os.environ, **found.env})
    size = ask([found.docker, "image", "inspect", "--format", "{{.Size}}", IMAGE], env=found.env)
    say(f"base image: {IMAGE} ({how}, {int(size or 0) / 1e6:.0f} MB)")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CiError as problem:
        sys.exit(end(problem))
