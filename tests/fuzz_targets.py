"""What reads a stranger's text, each with a text to begin from.

A reader may raise a `DevboxError`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from jupyter_devbox.build.fixes import diagnose
from jupyter_devbox.capture.scan import scan_cell
from jupyter_devbox.capture.shell import split_commands
from jupyter_devbox.engine import nvidia_smi
from jupyter_devbox.files import jsonc
from jupyter_devbox.spec.asking import parse_ask
from jupyter_devbox.spec.compose_reach import compose_reach
from jupyter_devbox.spec.ports import told_ports
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.requirements_in import format_line, parse_line
from jupyter_devbox.spec.requirements_txt import read_inputs, read_pins, read_python


def cell(text: str) -> None:
    """A cell of a notebook."""
    scan_cell(text, frozenset({"helpers"}))


def shell(text: str) -> None:
    """The commands of a line that begins with ``!``, or of ``%%bash``."""
    split_commands(text)


def json_comments(text: str) -> None:
    """devcontainer.json: what is set is there, and what is removed is not."""
    if not isinstance(jsonc.parse(text).value, dict):
        return
    changed = jsonc.set_value(text, ("name",), "x")
    assert jsonc.parse(changed).value["name"] == "x"
    assert "name" not in jsonc.parse(jsonc.remove(changed, ("name",))).value


def configuration(text: str) -> None:
    """What a stranger's devcontainer.json asks for."""
    value = jsonc.parse(text).value
    if isinstance(value, dict):
        for finding in reach(value, ".devcontainer/devcontainer.json"):
            assert finding.says


def compose(text: str) -> None:
    """What a stranger's Compose file asks for."""
    compose_reach(text, "compose.yml")


def requirement(text: str) -> None:
    """A line of requirements.in: what we write says the same when it is read and written again."""
    found = parse_line(text)
    if found is not None and found.reason != "hand":
        written = format_line(found)
        again = parse_line(written)
        assert again is not None
        assert format_line(again) == written


def lock(text: str) -> None:
    """requirements.txt."""
    read_pins(text)
    read_python(text)
    read_inputs(text)


def asking(text: str) -> None:
    """What a box asks its host for."""
    parse_ask(text.encode("utf-8", "surrogateescape"))


def ports(text: str) -> None:
    """What a box says of its ports."""
    told_ports(text)


def build_output(text: str) -> None:
    """What a failing build prints, and more of the same."""
    diagnose([text, text * (100_000 // (len(text) + 1))])


def cards(text: str) -> None:
    """What a program that is called nvidia-smi prints."""
    for fields in (nvidia_smi.CARD_FIELDS, nvidia_smi.OLD_CARD_FIELDS):
        nvidia_smi.cards(text, fields)
        nvidia_smi.driver(text, fields)
    nvidia_smi.uses(text)


SEEDS: dict[Callable[[str], None], str] = {
    cell: """%%bash
pip install -r r.txt 'numpy>=2' && apt-get install -y jq
""",
    shell: "sudo apt-get -y install jq; x=$(a \"b c\") | pip install 'six==1' # no\n",
    json_comments: '{ // mine\n "name": "n", "mounts": ["source=a,target=b,type=bind",], /* */ }',
    configuration: """{"runArgs": ["--privileged", "-v", "/:/h", "--memory=2g"], "features": {},
 "build": {"options": ["--ssh"], "args": {"A": "${localEnv:HOME}"}}, "mounts": [{"source": "/"}],
 "customizations": {"vscode": {"extensions": ["a.b"], "settings": {"x": "y"}}}}""",
    compose: "services: {a: {image: b, deploy: {resources: {limits: {cpus: '1'}}}, ports: [1:2]}}",
    requirement: 'numpy[a]>=2  # import: numpy; notebooks: ["a.ipynb"]',
    lock: "# python 3.11.7\n# inputs 0123\nsix==1.16.0 \\\n    --hash=sha256:" + "0" * 64,
    asking: '{"verb": "containerize", "notebook": "/workspaces/digits/a.ipynb"}',
    ports: '[{"port": 8501, "address": "::1", "pid": 7, "process": "a", "label": "ray"}]',
    build_output: "exec: /bin/sh: x: not found; see a-1.0-py3-none-any.whl, 'b' (c==1.0)",
    cards: "GPU-1-2, NVIDIA H100, 81559, 580.95.05, 9.0\n0, A, 81559, 10, [N/A]\n",
}
"""What a reader is told, and a text of its own language to begin from."""
TARGETS = {reader.__name__: reader for reader in SEEDS}
