"""What `trust` says. Every value is the project's, so it was made visible before it came here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_devbox.ledger.asks import StoredAsk
from jupyter_devbox.spec.findings import Finding
from jupyter_devbox.spec.visible import bounded, visible
from jupyter_devbox.view.units import clean, count
from jupyter_devbox.workflow.trusting import Review

_VALUE = 120
_DIFF = 60


def files(review: Review) -> list[str]:
    """Return the files with their states, and the differences of those that wait."""
    lines = [f"Project {clean(str(review.root))}"]
    if not review.files:
        return [*lines, "It has no files that a build would read."]
    lines.append("What a build and the box read:")
    lines += [f"  {file.state:<9} {visible(file.path)}" for file in review.files]
    for file in review.waiting:
        lines += ["", *(f"  {line}" for line in file.diff)]
    return lines


def findings(review: Review) -> list[str]:
    """Return what the configuration asks for beyond an ordinary box, each with its id."""
    if not review.findings:
        return []
    lines = ["", "What it asks for beyond an ordinary box:"]
    for finding, allowed in review.findings:
        lines += _finding(review.short(finding), finding, allowed=allowed)
    return lines


def _finding(short: str, finding: Finding, *, allowed: bool) -> Iterator[str]:
    yield f"  {short}  {visible(finding.place)}: {finding.says}"
    if finding.value != "null":
        yield f"          {visible(finding.value, _VALUE)}"
    yield f"          {_answer(finding, allowed=allowed)}"


def _answer(finding: Finding, *, allowed: bool) -> str:
    if finding.kind == "never":
        return "the box never takes it: no answer is needed"
    if finding.kind == "image":
        return "allowed: built without it" if allowed else "a build waits for your answer"
    if finding.kind == "service":
        return "allowed: Compose does it" if allowed else "build and start wait for your answer"
    return "allowed: the box has it" if allowed else "not allowed: the box does without"


def asks(waiting: Sequence[StoredAsk], command: str) -> list[str]:
    """Return what boxes ask for, each with what it would change; [] where none waits."""
    lines: list[str] = []
    for ask in waiting:
        what = " ".join((ask.verb, *ask.names))
        where = (
            f"{visible(what)}, for {visible(ask.notebook)}"
            if ask.names
            else (f"{visible(ask.verb)} {visible(ask.notebook)}")
        )
        lines += ["", f"Box {visible(ask.box)} of {clean(ask.project)} asks for: {where}"]
        lines += [f"  {visible(line)}" for line in bounded(ask.diff, _DIFF)]
        lines += [
            f"  {command} --accept {ask.id}   does it, and builds",
            f"  {command} --refuse {ask.id}   says no",
        ]
    return lines


def next_steps(review: Review, command: str) -> list[str]:
    """Return what may be done about what is not approved yet, and the verdict."""
    steps = []
    if review.waiting:
        number = count(len(review.waiting), "file")
        steps.append((f"{command} --approve", f"{number}, as shown"))
    steps += [
        (f"{command} --allow {review.short(finding)}", visible(finding.place))
        for finding in (*review.blocking, *review.left_out)
    ]
    verdict = (
        "Approved: nothing stands in the way of a build."
        if review.approved
        else "Not approved: nothing of it is built or started."
    )
    width = max((len(words) for words, _ in steps), default=0) + 3
    rows = [f"  {words:<{width}}{what}" for words, what in steps]
    return ["", verdict, *(["Next:", *rows] if rows else [])]
