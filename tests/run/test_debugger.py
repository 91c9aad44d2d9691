"""JupyterLab's debugger on a kernel in a box: its requests, in its order, over both transports.

The protocol is the Debug Adapter's, in Jupyter's `debug_request` ("Messaging in Jupyter").
"""

from __future__ import annotations

import queue
import time
from typing import Any

import pytest
from transports import both_transports

pytestmark = [pytest.mark.docker, both_transports]

SECONDS = 60
CELL = "import helpers_here\n\ndef twice(x):\n    y = x + 1\n    return y * 2\n\nprint(twice(20))"
MODULE = "def thrice(x):\n    z = x\n    return z * 3\n"


class Debugger:
    """What the page does: requests on the control channel, events from the public one."""

    def __init__(self, kernel) -> None:
        self._kernel = kernel
        self._sequence = 0
        self._heard: list[dict[str, Any]] = []

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._sequence += 1
        content = {
            "type": "request",
            "seq": self._sequence,
            "command": command,
            "arguments": arguments,
        }
        message = self._kernel.kc.session.msg("debug_request", content)
        self._kernel.kc.control_channel.send(message)
        answer = self._kernel.reply(message["header"]["msg_id"], channel="control")["content"]
        assert answer["success"], answer
        return answer.get("body") or {}

    def start(self) -> None:
        self.ask("initialize", clientID="test", adapterID="", pathFormat="path", linesStartAt1=True)
        self.ask("attach")

    def break_at(self, path: str, *lines: int) -> None:
        breakpoints = [{"line": line} for line in lines]
        body = self.ask("setBreakpoints", source={"path": path}, breakpoints=breakpoints)
        assert [one["verified"] for one in body["breakpoints"]] == [True] * len(lines)

    def stopped(self) -> dict[str, Any]:
        """Wait for the event that the page stops at, and return its frames, innermost first."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                message = self._kernel.kc.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            self._heard.append(message)
            content = message["content"]
            if message["msg_type"] == "debug_event" and content["event"] == "stopped":
                thread = content["body"]["threadId"]
                frames = self.ask("stackTrace", threadId=thread)["stackFrames"]
                return {"thread": thread, "frames": frames, "reason": content["body"]["reason"]}
        raise AssertionError(f"it did not stop: {self._heard}")

    def variables(self, frame: dict[str, Any]) -> dict[str, str]:
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        local = next(scope for scope in scopes if scope["name"] == "Locals")
        found = self.ask("variables", variablesReference=local["variablesReference"])["variables"]
        return {one["name"]: one["value"] for one in found}


@pytest.fixture
def debugged(devbox):
    project = devbox.root / "debugged"
    (project / "below").mkdir(parents=True, exist_ok=True)
    (project / "below" / "helpers_here.py").write_text(MODULE)
    with devbox.kernel(cwd=project / "below", name="debugged", project=project) as kernel:
        debugger = Debugger(kernel)
        debugger.start()
        yield kernel, debugger
        debugger.ask("disconnect", restart=False, terminateDebuggee=False)


def done(kernel, sent: str) -> str:
    """Return what a cell printed, once it is done."""
    said = ""

    def over(message):
        nonlocal said
        said += message["content"].get("text", "")
        return message["content"].get("execution_state") == "idle"

    kernel.on_iopub(sent, over)
    return said


def test_a_breakpoint_in_a_cell_is_hit(debugged):
    kernel, debugger = debugged
    info = debugger.ask("debugInfo")
    assert info["isStarted"]
    path = debugger.ask("dumpCell", code=CELL)["sourcePath"]
    assert path.startswith(info["tmpFilePrefix"])
    assert path.endswith(info["tmpFileSuffix"])
    debugger.break_at(path, 4)
    debugger.ask("configurationDone")
    sent = kernel.kc.execute(CELL, allow_stdin=False)
    stop = debugger.stopped()
    assert stop["reason"] == "breakpoint"
    assert stop["frames"][0]["line"] == 4
    debugger.ask("next", threadId=stop["thread"])
    stop = debugger.stopped()
    assert stop["reason"] == "step"
    inner, outer = stop["frames"][:2]
    assert (inner["name"], inner["line"], inner["source"]["path"]) == ("twice", 5, path)
    assert (outer["name"], outer["line"]) == ("<module>", 7)
    assert {"x": "20", "y": "21"}.items() <= debugger.variables(inner).items()
    assert debugger.ask("source", source={"path": path})["content"] == CELL
    debugger.ask("continue", threadId=stop["thread"])
    said = done(kernel, sent)
    assert said == "42\n", said


def test_a_breakpoint_in_a_local_module_is_hit(debugged):
    """The path is the box's: the page has it from a frame or from the kernel's own sources."""
    kernel, debugger = debugged
    path = "/workspaces/debugged/below/helpers_here.py"
    assert debugger.ask("source", source={"path": path})["content"] == MODULE
    debugger.break_at(path, 3)
    debugger.ask("configurationDone")
    sent = kernel.kc.execute(
        "import helpers_here\nprint(helpers_here.thrice(5))", allow_stdin=False
    )
    stop = debugger.stopped()
    inner = stop["frames"][0]
    assert (inner["name"], inner["line"], inner["source"]["path"]) == ("thrice", 3, path)
    assert debugger.variables(inner)["z"] == "5"
    debugger.ask("continue", threadId=stop["thread"])
    assert done(kernel, sent) == "15\n"


def test_an_interrupt_and_a_restart_end_what_is_stopped(debugged):
    kernel, debugger = debugged
    path = debugger.ask("dumpCell", code=CELL)["sourcePath"]
    debugger.break_at(path, 5)
    debugger.ask("configurationDone")
    kernel.kc.execute(CELL, allow_stdin=False)
    debugger.stopped()
    kernel.km.restart_kernel(now=True)
    kernel.kc.wait_for_ready(timeout=SECONDS)
    assert kernel.run("print('new')").text == "new\n"
    debugger.start()
    assert debugger.ask("debugInfo")["isStarted"]


def answering(kernel, code: str, *answers: str) -> str:
    """Run a cell whose questions are answered; return what it printed, questions included."""
    left = list(answers)
    asked: list[str] = []

    def hook(message):
        asked.append(message["content"]["prompt"])
        kernel.kc.input(left.pop(0))

    said = kernel.run(code, allow_stdin=True, stdin_hook=hook)
    assert left == [], (asked, said.text)
    return said.text + "".join(asked)


FAILS = "def f(secret):\n    raise ValueError(secret)\nf(41 + 1)"


@pytest.fixture
def plain(devbox):
    with devbox.kernel() as kernel:
        yield kernel


def test_debug_magic_looks_at_the_last_error(plain):
    assert plain.run(FAILS).reply["status"] == "error"
    said = answering(plain, "%debug", "p secret * 1000", "up", "q")
    assert "42000" in said
    assert "ipdb>" in said


def test_a_breakpoint_of_the_cell_s_own_stops_the_debugger_that_is_attached(debugged):
    kernel, debugger = debugged
    debugger.ask("configurationDone")
    sent = kernel.kc.execute("def f(x):\n    breakpoint()\n    return x\nprint(f(7))")
    stop = debugger.stopped()
    inner = stop["frames"][0]
    assert inner["name"] == "f"
    assert debugger.variables(inner)["x"] == "7"
    debugger.ask("continue", threadId=stop["thread"])
    assert done(kernel, sent) == "7\n"


CALLS = [
    "breakpoint()",
    "import pdb; pdb.set_trace()",
    "from IPython.core.debugger import set_trace; set_trace()",
]


@pytest.mark.parametrize("call", CALLS)
def test_a_breakpoint_of_the_cell_s_own_asks(plain, call):
    code = f"def f(x):\n    {call}\n    return x\nprint('returned', f(7))"
    said = answering(plain, code, "p x + 100", "c")
    assert "107" in said
    assert "returned 7" in said
