"""The house rules that a reader relies on: who imports whom, sizes, errors, what loading costs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_devbox import errors
from jupyter_devbox.errors import DevboxError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "jupyter_devbox"
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_stages_do_not_import_each_other():
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("import-linter is not installed: pip install 'jupyter-devbox[dev]'")
    done = subprocess.run([program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 500


def test_no_error_is_swallowed_unseen():
    """An `except` for everything hides what nobody thought of, unless it raises again."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = ast.unparse(node.type).strip("()").split(", ") if node.type else ["all"]
                raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                wide = {"all", "Exception"} & {*names} or ("BaseException" in names and not raises)
                found += [f"{path.relative_to(ROOT)}:{node.lineno}"] if wide else []
    assert found == []


def test_what_runs_goes_by_no_clock_that_can_jump():
    """A laptop that wakes, or a clock that is set, must end no kernel, port or stream."""
    told = PACKAGE / "run" / "ending.py"  # says how long the machine slept, and decides nothing
    for path in {*(PACKAGE / "run").glob("*.py")} - {told}:
        text = path.read_text()
        assert not re.search(r"\btime\.time\b|\bdatetime\b|\butime\(", text), path


def test_nothing_names_a_registry_or_a_path_of_one_machine():
    """Addresses of package indexes and image hubs are the user's setting, never ours."""
    hosts = re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|docker\.io/|ghcr\.io|quay\.io|registry\.npmjs|hub\.docker)"
        r"|/work/|/root/"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if hosts.search(line)
    ]
    assert found == []


# --- errors --------------------------------------------------------------------------------


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


ALL = [DevboxError, *subclasses(DevboxError)]


def test_all_errors_live_in_one_module():
    assert {kind.__module__ for kind in ALL} == {errors.__name__}


def test_codes_and_exit_codes_are_unique():
    codes = [kind.code for kind in ALL]
    exits = [kind.exit_code for kind in ALL]
    assert sorted(set(codes)) == sorted(codes)
    assert sorted(set(exits)) == sorted(exits)
    assert all(re.fullmatch(r"[a-z][a-z_]*", code) for code in codes)
    assert all(1 <= number <= 130 for number in exits)
    assert {DevboxError.exit_code, errors.UsageError.exit_code} == {1, 2}
    assert errors.BuildCancelledError.exit_code == errors.INTERRUPTED_EXIT_CODE == 130


def test_the_tree_in_the_docstring_is_the_tree():
    row = re.compile(r"^    ((?:[│ ] {3})*)(?:[├└]── )?(\w+Error)\s+(\d+)", re.MULTILINE)
    rows = row.findall(errors.__doc__)
    drawn, path = {}, []
    for indent, name, number in rows:
        depth = 0 if name == "DevboxError" else len(indent) // 4 + 1
        path = [*path[:depth], name]
        drawn[name] = (path[-2] if depth else None, int(number))
    real = {
        kind.__name__: (kind.__base__.__name__ if kind is not DevboxError else None, kind.exit_code)
        for kind in ALL
    }
    assert drawn == real


def test_an_error_goes_into_json_as_it_is():
    error = errors.LockError("No", hint="do this", details=("a",))
    assert error.to_json() == {"code": "lock", "message": "No", "hint": "do this", "details": ["a"]}
    assert str(error) == "No"


# --- what loading costs ----------------------------------------------------------------------

HEAVY = ["docker", "jsonschema", "nbformat", "nbclient", "ipywidgets", "jupyter_client", "uv",
         "packaging", "jupyter_core", "asyncio.subprocess"]  # fmt: skip


def loaded(code):
    """Return which heavy libraries a program loads besides what IPython itself brings."""
    tail = f"; import sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(ast.literal_eval(done.stdout.strip().splitlines()[-1]))


def test_the_package_itself_loads_nothing():
    assert loaded("import jupyter_devbox") == set()


def test_the_magics_load_ipython_alone():
    before = loaded("from IPython.core import magic, interactiveshell")
    assert loaded("import IPython.core.interactiveshell, jupyter_devbox.magics") <= before


def test_the_command_line_loads_docker_and_jsonschema_only_when_needed():
    code = "from jupyter_devbox.cli.app import _VERBS, find_verb; [find_verb(v) for v in _VERBS]"
    assert not loaded(code) & {"docker", "jsonschema", "nbclient", "nbformat", "ipywidgets"}


def test_the_public_functions_are_there():
    code = """
import jupyter_devbox
public = {"__version__", "capture", "containerize", "load_ipython_extension"}
assert set(jupyter_devbox.__all__) == public
assert callable(jupyter_devbox.capture) and callable(jupyter_devbox.containerize)
try:
    jupyter_devbox.nothing
except AttributeError as error:
    assert "nothing" in str(error)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (PACKAGE / "py.typed").is_file()


def test_no_two_files_of_tests_have_one_name():
    """Pytest imports them by name alone, and takes the second for the first."""
    names = [path.name for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    assert [name for name in dict.fromkeys(names) if names.count(name) > 1] == []


def test_no_file_is_too_big_for_a_repository():
    """A downloaded wheel once lay at the top for a day: whoever clones gets it for ever."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout")
    names = filter(None, done.stdout.decode().split("\0"))
    assert [n for n in names if (ROOT / n).is_file() and (ROOT / n).stat().st_size > 2**21] == []
