"""One run of everything with credentials everywhere: they are searched for in all that it left."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import IO
from urllib.parse import quote, quote_plus

import pytest
from box_cells import DRIVER
from machine import Done, Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

# Spelt with what addresses must encode, and new each time: an engine never forgets.
NEW = [token_hex(6) for _ in range(8)]
INDEX, CELL, PROXY = f"{NEW[0]}/ix+pass w", f"{NEW[1]}/ce+ll pass", f"{NEW[2]}/pr+oxy pass"
TOKENS = {
    "HF_TOKEN": f"hf_{NEW[3]}0123456789",
    "AWS_SECRET_ACCESS_KEY": f"aws/{NEW[4]}+Ec/abcd",
    "GITHUB_TOKEN": f"ghp_{NEW[5]}9876543210",
    "MY_OWN_VARIABLE": f"own-{NEW[6]}",
}
DOTENV = f"dotenv-{NEW[7]}"
PROXIES = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy"}
SECRETS = (INDEX, CELL, PROXY, DOTENV, *TOKENS.values())
LOGINS = {secret: f"ada:{secret}" for secret in (INDEX, CELL, PROXY)}

# Where BuildKit writes down every build with its arguments; only root can look at that.
NOTES = Path("/var/lib/docker/buildkit")


def spellings(secret: str) -> set[bytes]:
    """Every way in which a secret is written down somewhere."""
    ways = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    ways |= {way.lower() for way in ways if "%" in way} | {json.dumps(secret)[1:-1]}
    for text in (LOGINS.get(secret, secret), *tuple(ways)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # In the middle of other text base64 has three ways to begin.
            for skipped in range(3):
                ways.add(encode(b"_" * skipped + text.encode()).decode().rstrip("=")[4:-3])
    return {way.encode() for way in ways}


WORDS = {word: secret for secret in SECRETS for word in spellings(secret)}


def secrets_in(data: bytes) -> set[str]:
    return {secret for word, secret in WORDS.items() if word in data}


def test_the_search_finds_each_spelling():
    for secret in SECRETS:
        for way in (secret, quote(secret, safe=""), f"x{LOGINS.get(secret, secret)}y"):
            assert secret in secrets_in(f"<{way}>".encode())
            assert secret in secrets_in(base64.b64encode(way.encode()))


def files(*roots: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below some folders, and the names of all."""
    for root in roots:
        for path in root.rglob("*"):
            yield f"name of {path}", os.fsencode(path)
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def layers(archive: IO[bytes], name: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every file of an image's archive, those in its layers one by one."""
    with tarfile.open(fileobj=archive) as tar:
        for member in tar:
            names = f"{member.name} {member.linkname} {member.pax_headers}"
            yield f"name in {name}", names.encode(errors="surrogateescape")
            content = tar.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            data = content.read()
            yield f"{name}/{member.name}", data
            if tarfile.is_tarfile(io.BytesIO(data)):
                yield from layers(io.BytesIO(data), f"{name}/{member.name[:20]}")


def address(secret: str, public: str) -> str:
    return public.replace("//", f"//ada:{quote(secret, safe='')}@", 1)


def public_index() -> str:
    """The index that pip uses when nothing is set."""
    internal = pytest.importorskip("pip._internal.models.index")
    return str(internal.PyPI.simple_url).rstrip("/")


class Run:
    """The project and its user, who has credentials wherever one can have them."""

    def __init__(self, machine: Machine, tmp: Path) -> None:
        self.machine = machine
        self.said: list[Done] = []
        index = public_index()
        self.notebooks = machine.project("secretive")
        self.tmp = tmp
        proxy = address(PROXY, "http://proxy.example.invalid:3128")
        self.env = {
            **TOKENS,
            "PIP_INDEX_URL": address(INDEX, index),
            "UV_EXTRA_INDEX_URL": address(INDEX, index),
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "HTTP_PROXY": proxy,
            "NO_PROXY": "*",
            "no_proxy": "*",
            "TMPDIR": str(self.tmp),
            # Nothing that others built or fetched before.
            "UV_CACHE_DIR": str(machine.root / "uv"),
        }
        (self.notebooks / ".env").write_text(f"API_KEY={DOTENV}\n")
        self.write("n.ipynb", f"%pip install --extra-index-url {address(CELL, index)} six")

    def write(self, name: str, *cells: str) -> None:
        write_notebook(self.notebooks / name, *cells)

    def __call__(self, *words: str, code: int = 0) -> Done:
        done = self.machine.devbox(*words, cwd=self.notebooks, env=self.env)
        self.said.append(done)
        assert done.code == code, done
        return done


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    """The user's own folder for temporary files, by a short name: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="jdb-s-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def ran(
    make_machine, engine: Engine, docker_cli: str, temporary: Path
) -> tuple[Run, dict[str, bytes]]:
    """Everything once; returns what it left, by where it was found, as far as it is no file."""
    run = Run(make_machine("secrets-everywhere"), temporary)
    found: dict[str, bytes] = {}

    def ask(*words: str) -> bytes:
        return subprocess.run([docker_cli, *words], capture_output=True, check=True).stdout

    began = time.time()
    for words in (("capture", "n.ipynb", "--json"), ("plan", "n.ipynb", "--json")):
        run(*words)
    made = run("containerize", "n.ipynb", "--json").json
    first = made["image"]
    run("run", "n.ipynb", "--json")
    (box,) = run("status", "--json").json["boxes"]
    found["box"] = ask("container", "inspect", box["id"])
    ask_in_the_box(run, made["kernels"][0]["name"])
    if os.access(NOTES, os.R_OK | os.X_OK):
        # Before a step prints anything: what a step prints the engine keeps as it is.
        found.update({name: data for name, data in files(NOTES) if secrets_in(data)})
    print_all_in_a_step(run)
    run("trust", "--approve")
    second = run("build", "--json").json["image"]
    run("verify", "--json")
    for image in (first, second):
        found[f"history {image}"] = ask("history", "--no-trunc", image)
        found[f"inspect {image}"] = ask("image", "inspect", image)
        with tempfile.TemporaryFile() as archive:
            subprocess.run([docker_cli, "save", image], stdout=archive, check=True)
            archive.seek(0)
            for name, data in layers(archive, image[:15]):
                if secrets_in(data):
                    found[name] = data
    # What the engine itself tells of it.
    found["events"] = ask(
        "events", "--since", f"{began:.0f}", "--until", f"{time.time() + 1:.0f}",
        "--format", "{{json .}}",
    )  # fmt: skip
    return run, found


def ask_in_the_box(run: Run, kernel: str) -> None:
    """`%containerize` in the box, for a notebook that has a login in a cell."""
    index = address(CELL, public_index())
    run.write("more.ipynb", f"%pip install --index-url {index} packaging")
    machine = run.machine
    cells = ("%load_ext jupyter_devbox", "%containerize", "import os; print(dict(os.environ))")
    words = (kernel, run.notebooks / "more.ipynb", *cells)
    done = machine.command(machine.python, "-c", DRIVER, *words, cwd=run.notebooks, env=run.env)
    assert done.code == 0, done
    assert "waits for your word" in done.out
    environment = json.loads(done.out)[-1]
    for secret in (INDEX, CELL, DOTENV, *TOKENS.values()):
        assert not secrets_in(environment.encode()) & {secret}
    run.said.append(Done(("in the box",), 0, "".join(json.loads(done.out)[:-1]), done.err))
    (run.notebooks / "more.ipynb").unlink()


def print_all_in_a_step(run: Run) -> None:
    """A step of the user's own prints what the build is given, in all spellings."""
    mounts = "".join(
        f"--mount=type=secret,id={name},target=/tmp/{name},mode=0444 "
        for name in ("netrc", "proxy")
    )
    recipe = run.notebooks / ".devcontainer" / "Dockerfile"
    show = (
        "cat /tmp/netrc /tmp/proxy && . /tmp/proxy && env && "
        "python3 -c \"import base64, urllib.parse as u; w = open('/tmp/netrc').read().split(); "
        "p = ' '.join(w[5:]); t = w[3] + ':' + p; "
        'print(u.quote(p), u.quote_plus(p), base64.b64encode(t.encode()), p)"'
    )
    recipe.write_text(f"{recipe.read_text()}RUN {mounts}: {token_hex(4)} && {show}\n")


def test_nothing_that_was_said_or_kept_by_the_engine(ran):
    run, found = ran
    for done in run.said:
        assert not secrets_in((done.out + done.err).encode()), done.words
    # The box has the proxies, as run-time settings, and nothing else of the user's.
    box = json.loads(found["box"])[0]
    variables = dict(entry.split("=", 1) for entry in box["Config"]["Env"])
    for name in PROXIES & set(variables):
        assert variables.pop(name) == run.env[name]
    box["Config"]["Env"] = variables
    assert not set(variables) & {*TOKENS, "PIP_INDEX_URL", "UV_EXTRA_INDEX_URL", "API_KEY"}
    assert not secrets_in(json.dumps(box).encode())
    leaks = {name: secrets_in(data) for name, data in found.items() if name != "box"}
    assert not {name: which for name, which in leaks.items() if which}


def test_no_file(ran):
    """The project, Jupyter's data folder, HOME, our runtime folder, and the temporary one."""
    run, _ = ran
    machine = run.machine
    runtime = Path(machine.env["JUPYTER_DEVBOX_RUNTIME_DIR"])
    allowed = {str(run.notebooks / name) for name in (".env", "n.ipynb", "n.out.ipynb")}
    places = (run.notebooks, machine.data, machine.home, runtime, run.tmp)
    leaks = {name: secrets_in(data) for name, data in files(*places)}
    assert {name for name, which in leaks.items() if which} <= allowed
    assert list((machine.ours / "asks").iterdir()), "the ask was not there to be searched"
    logs = [path.read_text() for path in (machine.ours / "logs").iterdir()]
    assert any("https_proxy=http://***@" in log for log in logs), logs
    assert list(run.tmp.iterdir()) == []


def test_pruned(ran):
    run, _ = ran
    run("prune", "--all", "--yes", "--json")
    assert not secrets_in(run.said[-1].out.encode())
