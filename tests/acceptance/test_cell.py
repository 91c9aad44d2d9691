"""The widget of `%containerize`, without a browser: its states, buttons and words."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from machine import wait_for

from jupyter_devbox.errors import BuildCancelledError, BuildStepError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import BaseImage, EnvironmentSpec
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.snapshot import KernelSnapshot, UnresolvedImport
from jupyter_devbox.view import cell as cell_module
from jupyter_devbox.view.cell import CellView, widgets_work
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Found,
    Planned,
    RegisteredKernel,
)


def test_only_where_somebody_watches():
    assert widgets_work({"JPY_SESSION_NAME": "/a.ipynb"}, {})
    assert widgets_work({}, {"__vsc_ipynb_file__": "/a.ipynb"})
    assert not widgets_work({}, {})
