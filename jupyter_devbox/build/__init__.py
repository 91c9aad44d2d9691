"""Files → image: BuildKit's steps told in the user's words, failures with cause and fix."""

from jupyter_devbox.build.builder import BuildResult, build_image

__all__ = ["BuildResult", "build_image"]
