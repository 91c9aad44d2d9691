"""Two `containerize` at once on one project: one image, files written once, both succeed."""

from __future__ import annotations

import pytest
from machine import TRACE, Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def test_the_second_joins_the_first(machine: Machine, engine: Engine):
    project = machine.project("at-once")
    write_notebook(project / "one.ipynb", "import packaging")
    write_notebook(project / "two.ipynb", "import packaging")
    both = [machine.start("containerize", "--json", n, cwd=project) for n in
            ("one.ipynb", "two.ipynb")]  # fmt: skip
    said = [process.communicate(timeout=300) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert TRACE not in str(said)
    waited = [err for _, err in said if "Another containerize is at work on at-once" in err]
    assert len(waited) == 1, said
    assert "Add kernel" in waited[0].split("packaging", 1)[0]  # the other one's, before its own
    requirements = (project / ".devcontainer" / "requirements.in").read_text()
    (line,) = [line for line in requirements.splitlines() if line.startswith("packaging")]
    assert "one.ipynb" in line
    assert "two.ipynb" in line
    assert len(machine.ledger("kernelspec")) == 1
    assert len([*machine.ours.glob("logs/*.log")]) == 1  # built once
    machine.clean()
