"""openapi.yaml and the handlers say the same; random requests get what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from notebooks import write_notebook
from process import ServerProcess
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import missing_required_header, positive_data_acceptance

import jupyter_devbox.server
from jupyter_devbox.server.handler import DevboxHandler
from jupyter_devbox.server.routes import handlers

FILE = Path(jupyter_devbox.server.__file__).with_name("openapi.yaml")
TOLD = yaml.safe_load(FILE.read_text(encoding="utf-8"))
METHODS = ("get", "head", "post", "delete", "patch", "put")


def served() -> set[tuple[str, str]]:
    """Return address and method of all that the handlers answer to."""
    return {
        (re.sub(r"\(.*?\)", "{id}", f"/{path}"), method)
        for path, handler in handlers()
        for method in METHODS
        if getattr(handler, method) is not getattr(DevboxHandler, method)
    }


def test_it_describes_every_handler_and_no_other():
    described = {
        (path, method)
        for path, item in TOLD["paths"].items()
        for method in item
        if method in METHODS
    }
    assert described == served()


def test_it_is_a_sound_schema():
    for name, schema in TOLD["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema, name


# --- against a real server, without an engine and without an index -------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on whose machine nothing can be built and nobody can be asked."""
    folder = tmp_path_factory.mktemp("openapi")
    gone = {"DOCKER_HOST": f"unix://{folder}/none.sock", "UV_OFFLINE": "1"}
    made = ServerProcess(folder, gone)
    (made.root / "folder").mkdir()
    write_notebook(made.root / "folder" / "train.ipynb", "import packaging")
    made.start()
    yield made
    made.end()


NOT_OURS = [
    missing_required_header,  # Jupyter says 403, not 401
    not_a_server_error,  # 503 is the answer of a machine without an engine; 500 is looked for below
    positive_data_acceptance,  # names of packages and images have grammars of their own
]
schema = schemathesis.openapi.from_path(FILE)


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_any_request_gets_what_is_promised(case, server):
    answer = case.call_and_validate(
        base_url=f"{server.url}jupyter-devbox", headers=server.headers, excluded_checks=NOT_OURS
    )
    assert answer.status_code in {200, 201, 202, 400, 403, 404, 405, 409, 503}, answer.text
    assert "Traceback" not in answer.text
