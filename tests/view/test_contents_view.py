"""An image's size in words: nothing is said of what is not there."""

from __future__ import annotations

from jupyter_devbox.spec.contents import ImageContents, PackageSize, PlaceSize
from jupyter_devbox.view.contents import explained, image_line
from jupyter_devbox.workflow.explaining import Explanation, LayerSize
from jupyter_devbox.workflow.images import ImageState

IMAGE = ImageState(
    id="sha256:1",
    name="jupyter-devbox/digits-1a2b:cpu",
    project="/p",
    target="cpu",
    bytes=1_080_000_000,
    created=0.0,
    last_used=None,
    used="",
    shared=440_000_000,
)
CONTENTS = ImageContents(
    bytes=900,
    environment=500,
    packages=tuple(PackageSize(name=f"p{n}", version="1", bytes=2_000_000 - n) for n in range(14)),
    unowned=(PlaceSize(name="/opt/venv/x", bytes=5_000_000),),
    caches=(PlaceSize(name="/root/.cache", bytes=3_000_000), PlaceSize(name="/tmp", bytes=10)),
    spare={"tests": 138_800_000, "docs": 4000},
)


def test_one_line_an_image():
    line = image_line(IMAGE)
    assert line == "jupyter-devbox/digits-1a2b:cpu  1.08 GB, 640 MB of its own; unused"


def test_what_takes_the_room_and_what_could_go():
    layers = (
        LayerSize(what="Python packages, stable", instruction="RUN x", bytes=500_000_000),
        LayerSize(what="", instruction="RUN \x1b[2J" + "y" * 90, bytes=7_000),
    )
    unused = (PlaceSize(name="lxml", bytes=17_000_000),)
    text = explained(Explanation(layers=layers, contents=CONTENTS, unused=unused))
    joined = "\n".join(text)
    assert "\x1b" not in joined
    assert "2 more packages" in joined
    assert "139 MB  tests and their data" in joined
    assert "17 MB  lxml, which no notebook uses any more" in joined
    assert "3.0 MB  cache /root/.cache" in joined
    assert "/tmp" not in joined
    assert "static libraries" not in joined
    assert "--slim would save 139 MB (138804000 bytes)." in joined
    assert text[-1] == "  Next: jupyter devbox containerize --slim"


def test_nothing_to_save():
    bare = ImageContents(bytes=1, environment=0)
    text = explained(Explanation(layers=(), contents=bare))
    assert text[-2:] == ["    nothing", "  --slim would save nothing."]
