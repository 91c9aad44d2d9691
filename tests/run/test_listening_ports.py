"""What /proc says of listening sockets, and what programs are called."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from jupyter_devbox.run import listening_ports
from jupyter_devbox.run.listening_ports import (
    OWN_SOCKETS,
    described,
    listening,
    reached_at,
    sockets,
)

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  inode"
ROW = "   0: {} 00000000:0000 {} 00000000:00000000 00:00000000 00000000  1000  0 {} 1 0 100"


def row(address, inode=7, state="0A"):
    return "\n".join([HEAD, ROW.format(address, state, inode)])


@pytest.mark.skipif(os.sys.byteorder != "little", reason="the rows below are of such a machine")
@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("0100007F:2135", ("127.0.0.1", 8501)),
        ("00000000:1772", ("0.0.0.0", 6002)),
        ("00000000000000000000000001000000:0050", ("::1", 80)),
        ("00000000000000000000000000000000:0050", ("::", 80)),
        ("0000000000000000FFFF00000100007F:0050", ("127.0.0.1", 80)),
    ],
)
def test_addresses(address, found):
    assert listening(row(address)) == {"7": found}


def test_only_what_listens():
    assert listening(row("0100007F:2135", state="01")) == {}
    assert listening("") == {}


def test_a_socket_of_this_process():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        mine = {k: v for k, v in sockets().items() if v[1] == port}
        (told,) = described(mine)
        assert told["pid"] == os.getpid()


def test_one_port_of_both_families_is_one_row():
    rows = described({"1": ("::", 80), "2": ("0.0.0.0", 80), "3": ("172.17.0.2", 81)})
    assert [(r["port"], r["address"]) for r in rows] == [(80, "0.0.0.0"), (81, "172.17.0.2")]
    assert [reached_at(str(r["address"])) for r in rows] == ["127.0.0.1", "172.17.0.2"]
    assert len(described({str(n): ("127.0.0.1", n) for n in range(1, 999)})) == 256


@pytest.mark.parametrize(
    ("line", "port", "name", "label"),
    [
        ("/opt/venv/bin/python /opt/venv/bin/streamlit run app.py", 9000, "streamlit", "streamlit"),
        ("python -m streamlit run app.py", 9000, "streamlit", "streamlit"),
        ("python -m tensorboard.main --logdir x", 1, "tensorboard.main", "tensorboard"),
        ("/v/bin/python3 /v/bin/tensorboard --logdir x", 1, "tensorboard", "tensorboard"),
        ("python app.py", 8050, "app.py", "dash"),
        ("python app.py", 7860, "app.py", "gradio"),
        ("python -u app.py --password secret", 80, "app.py", ""),
        ("python /opt/venv/lib/ray/dashboard/dashboard.py --host=x", 1, "dashboard.py", "ray"),
        ("python /v/bin/gunicorn -b :5000 mlflow.server:app", 5000, "gunicorn", "mlflow"),
        ("dask scheduler", 8787, "dask", "dask"),
        ("python -m ipykernel_launcher -f k.json", 8787, "ipykernel_launcher", "dask"),
        ("node server.js", 8050, "node", ""),
        ("", 8050, "", ""),
    ],
)  # fmt: skip
def test_names_and_guesses(monkeypatch, line, port, name, label):
    monkeypatch.setattr(listening_ports, "_owners", lambda inodes: {"1": 5})
    monkeypatch.setattr(listening_ports, "_command", lambda pid: line.split())
    monkeypatch.setattr(listening_ports, "_is_users", lambda pid, inode: True)
    (told,) = described({"1": ("127.0.0.1", port)})
    assert (told["process"], told["label"]) == (name, label)
    assert "secret" not in str(told)


@pytest.mark.parametrize("noted", [True, False], ids=["our-kernel", "anothers-kernel"])
def test_a_kernels_own_socket_is_told_from_its_programs_without_a_call(
    monkeypatch, tmp_path, noted
):
    monkeypatch.setattr(
        listening_ports, "_owners", lambda inodes: dict.fromkeys(inodes, os.getpid())
    )
    words = ["python3", "-m", "ipykernel_launcher", "-f", "k.json"]
    monkeypatch.setattr(listening_ports, "_command", lambda pid: words)
    address = ("127.0.0.1", 0)
    place = Path(f"{OWN_SOCKETS[1]}test-{os.getpid()}") if noted else tmp_path / "note"
    with place.open("xb", buffering=0) as note:
        place.unlink()
        with socket.create_server(address) as own, socket.create_server(address) as users:
            inodes = [os.fstat(each.fileno()).st_ino for each in (own, users)]
            note.write(f"/dev/null\nsocket:[{inodes[0]}]\n".encode())
            found = {
                str(inode): each.getsockname()
                for inode, each in zip(inodes, (own, users), strict=True)
            }
            told = [row["port"] for row in described(found)]
            assert told == ([users.getsockname()[1]] if noted else [])
            for each in (own, users):
                each.setblocking(False)
                with pytest.raises(BlockingIOError):  # nobody has called
                    each.accept()


def test_a_door_of_the_debugger_is_not_shown(monkeypatch):
    monkeypatch.setattr(listening_ports, "_owners", lambda inodes: {"1": 5})
    words = ["python", "/opt/venv/lib/debugpy/adapter", "--for-server", "1"]
    monkeypatch.setattr(listening_ports, "_command", lambda pid: words)
    assert described({"1": ("127.0.0.1", 4)}) == []
