"""``images`` and ``prune``: what lies on the disk, and its removal."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.shapes import engine_json, folder_json
from jupyter_devbox.view.units import moment
from jupyter_devbox.workflow.images import ImageState, images
from jupyter_devbox.workflow.pruning import prune


class ImagesHandler(DevboxHandler):
    """Our images."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the images, their sizes, and how much could be freed."""
        once = self.common.once
        found, obstacle = await once.get(
            "images", lambda: self.in_thread(images, self.common.context)
        )
        self.answer(
            {
                "images": [_json(image) for image in found],
                "bytes": sum(image.bytes for image in found),
                "prunable_bytes": sum(image.bytes for image in found if not image.used),
                "engine": engine_json(obstacle),
            }
        )


class PruneHandler(DevboxHandler):
    """What nothing uses any more."""

    @authenticated
    @authorized_to("execute")
    async def post(self) -> None:
        """Remove it, or say what would be removed."""
        body = self.body()
        dry, everything = body.needed_flag("dry_run"), body.flag("all")
        pruned = await self.in_thread(
            prune, self.common.context, everything=everything, act=not dry
        )
        if not dry:
            self.common.once.forget()
            self.common.announcer.changed("images", "kernels", "boxes", "builds", "trust")
        self.answer(pruned.to_json())


def _json(image: ImageState) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "project": folder_json(image.project) if image.project else None,
        "target": image.target,
        "bytes": image.bytes,
        "own_bytes": image.own,
        "created": moment(image.created),
        "last_used": moment(image.last_used) if image.last_used else None,
        "used": image.used,
    }
