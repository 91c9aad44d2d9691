"""What images of an engine share."""

from __future__ import annotations

from jupyter_devbox.engine.base import Engine


def has_layers_of_its_own(engine: Engine, identity: str) -> bool:
    """Tell whether no other image has all of its layers: other tests may have the same lock."""
    image = engine.image(identity)
    assert image is not None
    others = (other for other in engine.images({}) if other.id != identity)
    return not any(other.layers[: len(image.layers)] == image.layers for other in others)
