"""The pages say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from jupyter_devbox import errors
from jupyter_devbox.cli.app import DevboxApp, find_verb
from jupyter_devbox.cli.containerize import ContainerizeVerb

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def classes() -> list[type[errors.DevboxError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, errors.DevboxError)]


def test_readme_is_short_and_shows_code_early():
    assert len(README.split()) <= 550
    first = next(n for n, line in enumerate(README.splitlines(), 1) if line.startswith("```"))
    assert first <= 25


def test_readme_gives_both_forms_of_both_commands():
    for chore in ("demo", "test"):
        assert f"make {chore}" in README
        assert f"python3 .ci/make.py {chore}" in README


def test_every_verb_that_the_pages_name_exists():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for verb in re.findall(r"jupyter devbox ([a-z]+)\b", text):
            assert verb in DevboxApp.subcommands, f"{page.name} names `{verb}`"


def test_every_option_in_the_guide_exists():
    text = (ROOT / "docs/containerize.md").read_text(encoding="utf-8")
    known = {*ContainerizeVerb.flags, *ContainerizeVerb.aliases}
    for option in re.findall(r"`--([a-z-]+)", text):
        assert option in known, option


def test_every_error_has_its_row():
    text = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE))
    assert rows == {str(kind.exit_code): kind.code for kind in classes()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert "//" in target or (page.parent / target).exists(), target


def test_every_test_that_a_page_names_exists():
    tests = [*(ROOT / "tests").rglob("*.py")]
    known = {path.name for path in tests} | {path.stem for path in tests}
    for path in tests:
        known.update(re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8")))
    for page in PAGES:
        for name in re.findall(r"`(test_[\w.]+)`", page.read_text(encoding="utf-8")):
            assert name in known, f"{page.name} names `{name}`"


YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def devbox_commands(value: object) -> list[str]:
    """Return the command lines in a document that call us."""
    if isinstance(value, dict):
        return [line for each in value.values() for line in devbox_commands(each)]
    if isinstance(value, list):
        return [line for each in value for line in devbox_commands(each)]
    return [value] if isinstance(value, str) and value.startswith("jupyter devbox ") else []


def test_the_checks_for_ci_are_yaml_and_call_what_there_is():
    page = (ROOT / "docs/keep-in-step.md").read_text(encoding="utf-8")
    hook, action = (yaml.safe_load(text) for text in YAML.findall(page))
    (repository,) = hook["repos"]
    assert repository["repo"] == "local"
    assert re.search(repository["hooks"][0]["files"], "sub/a.ipynb")
    assert re.search(repository["hooks"][0]["files"], ".devcontainer/Dockerfile")
    assert action["jobs"]["status"]["steps"]
    for document in (hook, action):
        (line,) = devbox_commands(document)
        _, _, verb, *options = line.split()
        found = find_verb(verb)
        assert found is not None, line
        found().read(options)  # raises for an option that does not exist
