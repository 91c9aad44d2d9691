"""``trust``: what a project's files and configuration ask for, and the user's answer."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.errors import TrustChangedError
from jupyter_devbox.files.project import Project
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.shapes import project_json
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.workflow.notebooks import notebook_project
from jupyter_devbox.workflow.trusting import Review, approve, review


class TrustHandler(DevboxHandler):
    """The trust in one notebook's project."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what there is to be approved."""
        path = self.query("path")
        self.answer(await self.in_thread(lambda: self._seen(self._project(path))))

    @authenticated
    @authorized_to("execute")
    async def post(self) -> None:
        """Approve exactly what was shown: the user's own click, with the digest of what it was."""
        body = self.body()
        path, digest = body.text("path", needed=True), body.text("digest", needed=True)
        allow = body.texts("allow")
        told = await self.in_thread(lambda: self._approved(self._project(path), digest, allow))
        self.common.once.forget()
        self.common.announcer.changed("trust")
        self.answer(told)

    def _project(self, path: str) -> Project:
        return notebook_project(self.common.context, self.file_of(path))

    def _seen(self, project: Project) -> dict[str, Any]:
        return _json(project, review(self.common.context, project.root))

    def _approved(self, project: Project, digest: str, allow: tuple[str, ...]) -> dict[str, Any]:
        seen = review(self.common.context, project.root)
        if seen.digest != digest:
            message = f"The project has changed since this was shown: `{project.root}`"
            raise TrustChangedError(message, hint="look at it again")
        approve(self.common.context, seen, files=True, allow=allow)
        return self._seen(project)


def _json(project: Project, seen: Review) -> dict[str, Any]:
    return {
        "project": project_json(project),
        "approved": seen.approved,
        "digest": seen.digest,
        "files": [
            {"path": visible(file.path), "state": file.state, "diff": list(file.diff)}
            for file in seen.files
        ],
        "findings": [
            {
                "id": seen.short(finding),
                "kind": finding.kind,
                "text": f"{visible(finding.place)}: {finding.says}",
                "value": visible(finding.value),
                "path": visible(finding.file),
                "allowed": allowed,
                "blocking": finding in seen.blocking,
            }
            for finding, allowed in seen.findings
        ],
    }
