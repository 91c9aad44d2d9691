"""What a box says of its ports is checked before it counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.ports import DASHBOARDS, MOST, ListeningPort, told_ports

ROW = {"port": 8501, "address": "127.0.0.1", "pid": 7, "process": "streamlit", "label": "streamlit"}


def told(*rows):
    return told_ports(json.dumps(rows))


def test_a_well_formed_row():
    assert told(ROW) == (
        ListeningPort(
            port=8501, address="127.0.0.1", pid=7, process="streamlit", label="Streamlit"
        ),
    )


@pytest.mark.parametrize(
    "change",
    [{"port": 0}, {"port": 65536}, {"port": True}, {"port": "80"}, {"port": None},
     {"address": "localhost"}, {"address": 5}, {"address": "127.0.0.1; rm"}],
)  # fmt: skip
def test_what_is_no_port_is_left_out(change):
    assert told({**ROW, **change}) == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [("process", "a\x1b[2J"), ("process", "x" * 99), ("process", "<b>"), ("process", 5),
     ("label", "Your bank"), ("label", ["ray"]), ("pid", -1), ("pid", 1 << 40)],
)  # fmt: skip
def test_what_is_not_well_formed_is_dropped(key, value):
    (port,) = told({**ROW, key: value})
    assert not getattr(port, key)


def test_no_more_than_anybody_looks_at():
    assert len(told(*[{**ROW, "port": n} for n in range(1, 5000)])) == MOST


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ROW, "x"]), inner),
)


@given(JSON)
def test_anything_at_all(value):
    for port in told_ports(json.dumps(value)):
        assert 0 < port.port < 65536
        assert port.label in {"", *DASHBOARDS.values()}


@given(st.text())
def test_any_text(text):
    told_ports(text)


def test_deeply_nested():
    assert told_ports("[" * 100_000) == ()
