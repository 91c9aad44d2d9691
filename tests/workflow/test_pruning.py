"""What may go, by use, age and size: each thing stays or goes for one reason, and only ours."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from engine.fake import FakeEngine

from jupyter_devbox.spec.box import LABEL_KIND
from jupyter_devbox.spec.container import ContainerSpec
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.pruning import Bounds, Pruned, prune

DAY = 86400


@pytest.fixture
def fake(tmp_path):
    (tmp_path / "engine").mkdir()
    engine = FakeEngine(tmp_path / "engine", ["old:1", "new:1", "theirs:1"])
    yield engine
    engine.close()


@pytest.fixture
def machine(context: Context, fake: FakeEngine) -> Context:
    """A machine with an old large image, a new small one, and a stranger's."""
    for name, days, size in (
        ("old:1", 40, 3 * 10**9),
        ("new:1", 1, 10**8),
        ("theirs:1", 99, 10**9),
    ):
        image = fake.image(name)
        made = replace(image, created=time.time() - days * DAY, size=size)
        fake._images[image.id] = made
    for name in ("old:1", "new:1"):
        context.ledger.record("image", fake.image(name).id, tag=name)
    return replace(context, connect=lambda: fake)


def names(pruned: Pruned) -> tuple[list[str], dict[str, str]]:
    return [t.name for t in pruned.removed], {t.name: t.used for t in pruned.kept}


def removed(machine: Context, **bounds: int) -> list[str]:
    return names(prune(machine, everything=False, act=False, bounds=Bounds(**bounds)))[0]


def test_by_age_and_by_size(machine):
    assert removed(machine) == ["new:1", "old:1"]
    assert removed(machine, seconds=30 * DAY) == ["old:1"]
    assert removed(machine, seconds=60 * DAY) == []
    assert removed(machine, bytes=2 * 10**9) == ["old:1"]
    assert removed(machine, bytes=3 * 10**9) == []
    assert removed(machine, seconds=1, bytes=5 * 10**7) == ["new:1", "old:1"]


def test_what_stays_says_why(machine):
    pruned = prune(machine, everything=False, act=False, bounds=Bounds(seconds=30 * DAY))
    assert names(pruned)[1] == {"new:1": "it is not that old"}
    pruned = prune(machine, everything=False, act=False, bounds=Bounds(bytes=10**9))
    assert names(pruned)[1] == {"new:1": "it is not that large"}
    assert pruned.to_json()["dry_run"] is True


def test_only_what_was_shown_goes_and_never_a_strangers(machine, fake):
    bounds = Bounds(seconds=30 * DAY)
    shown = prune(machine, everything=True, act=False, bounds=bounds)
    done = prune(machine, everything=True, act=True, bounds=bounds)
    assert done.removed == shown.removed
    assert fake.image("old:1") is None
    assert fake.image("new:1") is not None
    assert fake.image("theirs:1") is not None


def test_an_image_stays_while_a_box_of_it_does(machine, fake):
    image = fake.image("old:1").id
    labels = {LABEL_KIND: "box"}
    box = fake.create(ContainerSpec(image=image, command=("sleep", "100"), labels=labels))
    machine.ledger.record("box", box)
    fake.start(box)
    done = prune(machine, everything=False, act=True)
    assert names(done)[0] == ["new:1"]
    assert names(done)[1]["old:1"] == "a box of it stays"
    # It was used this moment: it isn't old any more either.
    pruned = prune(machine, everything=True, act=False, bounds=Bounds(seconds=30 * DAY))
    assert names(pruned)[0] == []
    fake.stop(box, 0)
    done = prune(machine, everything=True, act=True)
    assert {"old:1", fake_name(done)} <= {t.name for t in done.removed}
    assert fake.image("old:1") is None


def fake_name(pruned: Pruned) -> str:
    return next(t.name for t in pruned.removed if t.kind == "box")


def test_logs_go_by_age_alone(machine):
    machine.logs.mkdir(parents=True)
    for name, days in (("a-1.log", 40), ("a-2.log", 1)):
        log: Path = machine.logs / name
        log.write_text("x")
        os.utime(log, (time.time() - days * DAY,) * 2)
    assert "a-1.log" not in removed(machine)
    assert removed(machine, seconds=30 * DAY) == ["old:1", "a-1.log"]
    assert removed(machine, bytes=1) == ["new:1", "old:1"]


def test_a_kernelspec_has_the_age_of_its_file(machine):
    folder = machine.kernels / "devbox-gone-cpu"
    folder.mkdir(parents=True)
    ours = {"project": "/no/such/project", "target": "cpu", "image": None}
    spec = {"argv": ["x"], "display_name": "x", "language": "python"}
    spec["metadata"] = {"jupyter_devbox": ours}
    (folder / "kernel.json").write_text(json.dumps(spec))
    assert "devbox-gone-cpu" in removed(machine)
    assert "devbox-gone-cpu" not in removed(machine, seconds=DAY)
