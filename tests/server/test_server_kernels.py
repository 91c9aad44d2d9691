"""Running kernels: asked without a trace, never waited for, and never believed too much."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import pytest
from notebooks import write_notebook

from jupyter_devbox.server import live

PATH = "digits/n.ipynb"


@pytest.fixture
def patient(monkeypatch):
    """Give kernels the time that they need on a busy machine."""
    monkeypatch.setattr(live, "PATIENCE", 20.0)


@pytest.fixture
def start(jp_fetch, jp_serverapp):
    """Start a kernel; returns its id and a way to execute in it."""
    started = []

    async def kernel(name: str = "python3", folder: str = ""):
        body = json.dumps({"name": name, "path": folder})
        answer = await jp_fetch("api", "kernels", method="POST", body=body, request_timeout=90)
        identity = json.loads(answer.body)["id"]
        manager = jp_serverapp.kernel_manager.get_kernel(identity)
        client = manager.client()
        client.start_channels()
        started.append((identity, client))
        await client.wait_for_ready(timeout=60)

        async def execute(code: str, **options):
            text = []

            def take(message):
                if message["msg_type"] in {"stream", "execute_result", "error"}:
                    content = message["content"]
                    text.append(content.get("text") or content.get("data", {}).get("text/plain", "")
                                or "\n".join(content.get("traceback", [])))  # fmt: skip

            reply = await client.execute_interactive(code, output_hook=take, timeout=90, **options)
            await idle(manager)
            return reply["content"], "".join(text)

        await execute("", store_history=False)
        await execute("pass", store_history=False)
        return identity, execute, client

    async def idle(manager) -> None:
        for _ in range(200):
            if manager.execution_state == "idle":
                return
            await asyncio.sleep(0.05)
        raise AssertionError(manager.execution_state)

    yield kernel
    for _, client in started:
        client.stop_channels()


async def test_a_live_kernel_is_asked_without_a_trace(call, project, start, patient):
    write_notebook(project / "n.ipynb", "import packaging")
    identity, execute, _ = await start(folder="digits")
    await execute("40 + 2")
    await execute("import idna")  # ran, and is not saved
    status, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert status == 200, told
    assert (told["uses"]["source"], told["uses"]["packages"]) == ("live", 2)
    kernel = told["kernel"]
    assert (kernel["id"], kernel["target"], kernel["current"]) == (identity, "host", True)
    assert (kernel["name"], kernel["state"], kernel["death"]) == ("python3", "running", None)
    _, plan = await call("GET", "plan", path=PATH, kernel=identity)
    assert [r["name"] for r in plan["requirements"]] == ["idna", "packaging"]
    reply, said = await execute("print(_, len(In), list(Out), [n for n in dir() if 'devbox' in n])")
    assert said == "42 4 [1] []\n"
    assert reply["execution_count"] == 3


async def test_a_busy_kernel_is_not_waited_for(call, project, start):
    write_notebook(project / "n.ipynb", "import packaging")
    identity, _, client = await start(folder="digits")
    client.execute("import time; time.sleep(6)")
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert time.monotonic() - begun < 5
    assert told["uses"]["source"] == "environment"
    assert told["kernel"]["id"] == identity


# Notes every question of ours in the kernel, and answers it after some seconds.
WATCH = """
import builtins, time
asked, real = [], builtins.exec
def noting(*words):
    if len(words) > 1 and words[1].get("__name__") == "devbox_probe":
        asked.append(1)
        time.sleep({seconds})
    return real(*words)
builtins.exec = noting
"""


async def test_one_that_does_not_answer_in_time_is_left_alone_for_a_while(
    call, project, start, monkeypatch
):
    monkeypatch.setattr(live, "PATIENCE", 0.5)
    identity, execute, _ = await start(folder="digits")
    await execute(WATCH.format(seconds=1))
    for _ in range(3):
        _, told = await call("GET", "notebook", path=PATH, kernel=identity)
        assert told["uses"]["source"] == "environment"
        await asyncio.sleep(1)
    _, said = await execute("print(len(asked))")
    assert said == "1\n"


async def test_the_same_question_is_asked_once(call, project, start, patient):
    write_notebook(project / "n.ipynb", "import packaging")
    identity, execute, _ = await start(folder="digits")
    await execute(WATCH.format(seconds=0))
    for _ in range(2):
        ask = (call("GET", "notebook", path=PATH, kernel=identity) for _ in range(6))
        assert {told["uses"]["source"] for _, told in await asyncio.gather(*ask)} == {"live"}
    _, said = await execute("print(len(asked))")
    assert int(said) <= 3  # the history, and the probe's one or two rounds
    await call("GET", "notebook", path=PATH, kernel=identity)
    _, again = await execute("print(len(asked))")
    assert int(again) > int(said), "something was executed meanwhile"


async def test_who_asks_while_a_question_is_under_way_gets_its_answer(
    call, project, start, patient
):
    """The question itself makes the kernel busy: that is no reason to leave it alone."""
    write_notebook(project / "n.ipynb", "import packaging")
    identity, execute, _ = await start(folder="digits")
    await execute(WATCH.format(seconds=0.3))

    async def ask(after: float) -> str:
        await asyncio.sleep(after)
        _, told = await call("GET", "notebook", path=PATH, kernel=identity)
        return told["uses"]["source"]

    assert set(await asyncio.gather(*(ask(0.1 * n) for n in range(6)))) == {"live"}
    _, said = await execute("print(len(asked))")
    assert int(said) <= 3


@pytest.fixture
def foreign(jp_data_dir):
    """A kernel that says it is R's: it would execute Python if it were asked."""
    folder = jp_data_dir / "kernels" / "ir"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "R", "language": "R"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return "ir"


async def test_a_kernel_that_is_not_python_is_never_asked(call, project, start, foreign):
    identity, execute, _ = await start(foreign, "digits")
    await execute(WATCH.format(seconds=0))
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["uses"]["source"] == "environment"
    assert told["kernel"]["display_name"] == "R"
    _, said = await execute("print(len(asked))")
    assert said == "0\n"


async def test_a_notebook_that_is_not_python(call, project):
    document = json.loads((project / "n.ipynb").read_text())
    document["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    (project / "n.ipynb").write_text(json.dumps(document))
    for what in ("notebook", "plan"):
        status, told = await call("GET", what, path=PATH)
        assert (status, told["code"]) == (409, "unsupported_kernel")


async def test_a_kernel_that_has_ended_is_none(call, project):
    status, told = await call("GET", "notebook", path=PATH, kernel="0" * 36)
    assert (status, told["kernel"]) == (200, None)


async def test_an_answer_that_is_none_falls_back_to_the_file(call, project, start):
    """User code may have replaced what the question rests on."""
    identity, execute, _ = await start(folder="digits")
    await execute("import json; json.loads = lambda *_: 1 / 0")
    status, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert (status, told["uses"]["source"]) == (200, "environment")


async def test_who_may_not_execute_asks_no_kernel(call, project, start, jp_serverapp):
    from test_server_security import ReadOnly

    identity, _, _ = await start(folder="digits")
    jp_serverapp.web_app.settings["authorizer"] = ReadOnly(parent=jp_serverapp)
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["uses"]["source"] == "environment"
