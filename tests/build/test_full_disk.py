"""The engine's disk runs full in mid-build: on a daemon of the test's own, with a small one."""

from __future__ import annotations

import threading

import pytest
from private_engine import missing, private_engine

from jupyter_devbox.build import build_image
from jupyter_devbox.errors import BuildStepError
from jupyter_devbox.spec.container import BuildRequest

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def test_the_engine_s_disk_is_full(base_image, tmp_path, absent):
    if why := missing():
        absent(why)
    recipe = tmp_path / "Dockerfile"

    def build(step: str, engine):
        recipe.write_text(f"FROM {base_image.tags[0]}\nRUN {step}\n")
        return build_image(
            engine,
            BuildRequest(context=str(tmp_path), tag="devbox-test/full:1"),
            on_event=lambda _: None,
            cancel=threading.Event(),
            log_path=tmp_path / "logs" / "full-1.log",
        )

    with private_engine("600m") as private:
        private.load(base_image.tags[0])
        engine = private.connect()
        earlier = build("true", engine).image
        with pytest.raises(BuildStepError) as caught:
            build("dd if=/dev/zero of=/big bs=1M count=2000", engine)
        assert "the disk that holds Docker's images is full" in caught.value.message
        assert caught.value.hint == "jupyter devbox prune"
        assert "No space left on device" in (tmp_path / "logs" / "full-1.log").read_text()
        # What was there is there, and the next build works.
        assert engine.image("devbox-test/full:1") == earlier
        assert build("echo again", engine).image != earlier
        engine.close()
