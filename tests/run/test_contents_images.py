"""What real images say of themselves, and what lying ones do not get us to believe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import ImageContentsError
from jupyter_devbox.run.contents import image_contents
from jupyter_devbox.spec.container import BuildRequest, ImageInfo

pytestmark = pytest.mark.docker

BASE = "python:3.11-slim-bookworm"
LIES = {
    "endless": "yes",
    "no answer": "echo",
    "another form": 'echo \'{"schema": 1, "bytes": "many"}\'',
    "not there": "exit 3",
    "deep": "head -c 200000 /dev/zero | tr '\\0' '['",
}


@pytest.fixture
def make_image(
    engine: Engine, docker_cli: str, tmp_path: Path
) -> Iterator[Callable[..., ImageInfo]]:
    made: list[str] = []

    def make(*lines: str, **options: object) -> ImageInfo:
        (tmp_path / "Dockerfile").write_text("\n".join((f"FROM {BASE}", *lines, "")))
        request = BuildRequest(context=str(tmp_path), **options)
        image = engine.build(request, lambda _: None, threading.Event())
        made.append(image.id)
        return image

    yield make
    for image in dict.fromkeys(made):  # refused if a container of it were left
        engine.remove_image(image)


def test_an_image_without_our_environment(make_image, engine):
    image = make_image("RUN mkdir -p /root/.cache && head -c 5000 /dev/zero > /root/.cache/x")
    found = image_contents(engine, image.id)
    assert found.environment == 0
    assert found.packages == ()
    assert any(place.name == "/root/.cache" and place.bytes == 5000 for place in found.caches)
    assert any(package.name == "libc6" for package in found.debian)
    # What it sees is what the engine says it has, give or take what only root may read.
    assert 0.8 * image.size < found.bytes <= 1.05 * image.size


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_image_is_not_believed(make_image, engine, lie):
    script = LIES[lie]
    (quoted,) = [script.replace("'", "'\"'\"'")]
    image = make_image(
        "RUN rm -f /usr/local/bin/python3 /usr/bin/python3 "
        f"&& printf '%s\\n' '#!/bin/sh' '{quoted}' > /usr/local/bin/python3 "
        "&& chmod +x /usr/local/bin/python3"
    )
    with pytest.raises(ImageContentsError, match="does not say"):
        image_contents(engine, image.id)


def test_steps_and_what_is_shared(make_image, engine):
    image = make_image("RUN head -c 3000000 /dev/urandom > /blob", "ENV A=1")
    steps = engine.history(image.id)
    blob = [step for step in steps if "/blob" in step.instruction]
    assert len(blob) == 1
    assert 3_000_000 <= blob[0].bytes < 3_100_000
    assert steps.index(blob[0]) == len(steps) - 2  # the base's first, the last one last
    assert steps[-1].bytes == 0
    assert engine.history("no-such-image:1") == ()
    # All but the new layer is the base's.
    own = image.size - engine.shared_bytes()[image.id]
    assert 3_000_000 <= own < 3_200_000
