"""What a box's label tells a client that joins it."""

from __future__ import annotations

import json

import pytest

from jupyter_devbox.spec.client_metadata import client_metadata

pytestmark = pytest.mark.usefixtures("pure")


def test_it_has_what_a_client_does_itself_and_nothing_else():
    configuration = {
        "name": "x",
        "build": {"dockerfile": "D"},
        "remoteUser": "root",
        "remoteEnv": {"TOKEN": "${localEnv:TOKEN}"},
        "containerEnv": {"TOKEN": "${localEnv:TOKEN}"},
        "mounts": ["source=/,target=/host,type=bind"],
        "initializeCommand": "evil",
        "postAttachCommand": "x",
        "shutdownAction": "none",
        "forwardPorts": [6006],
        "customizations": {"vscode": {"extensions": ["a.b"]}, "jupyter_devbox": {"written": {}}},
    }
    (told,) = json.loads(client_metadata(configuration))
    assert told == {
        "remoteUser": "jovyan",
        "postAttachCommand": "x",
        "shutdownAction": "none",
        "forwardPorts": [6006],
        "customizations": {"vscode": {"extensions": ["a.b"]}},
    }


@pytest.mark.parametrize("configuration", [{}, {"customizations": None}, {"customizations": []}])
def test_the_user_is_always_told(configuration):
    (told,) = json.loads(client_metadata(configuration))
    assert told == {**configuration, "remoteUser": "jovyan"}
