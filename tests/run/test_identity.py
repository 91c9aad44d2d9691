"""`jovyan` in the box is the user on the host."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.run.identity import Accounts, identity_archive

DEBIAN = Accounts(
    passwd="root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
    "node:x:1001:1001::/home/node:/bin/bash\njovyan:x:1000:1000::/home/jovyan:/bin/bash\n",
    group="root:x:0:\nusers:x:100:\njovyan:x:1000:\n",
)
IDS = st.integers(0, 2**31 - 1)


@given(uid=IDS, gid=IDS)
def test_looked_up_both_ways(uid, gid):
    mine = DEBIAN.with_user(uid, gid)
    entries = [line.split(":") for line in mine.passwd.splitlines()]
    assert [e for e in entries if e[0] == "jovyan"] == [
        ["jovyan", "x", str(uid), str(gid), "", "/home/jovyan", "/bin/bash"]
    ]
    first = next(e[0] for e in entries if e[2] == str(uid))
    assert first == ("root" if uid == 0 else "jovyan")
    assert f"jovyan:x:{gid}:\n" in mine.group


def test_the_image_keeps_its_accounts():
    mine = DEBIAN.with_user(1001, 100)
    assert [line.split(":")[0] for line in mine.passwd.splitlines()] == [
        "root",
        "jovyan",
        "daemon",
        "node",
    ]
    assert mine.group == "root:x:0:\njovyan:x:100:\nusers:x:100:\n"


def test_an_image_without_jovyan_or_root():
    mine = Accounts("a:x:5:5::/:/bin/sh\n", "").with_user(7, 8)
    assert mine.passwd == "jovyan:x:7:8::/home/jovyan:/bin/sh\na:x:5:5::/:/bin/sh\n"
    assert mine.group == "jovyan:x:8:\n"


def test_archive():
    with tarfile.open(fileobj=io.BytesIO(identity_archive(DEBIAN, 12345, 678))) as archive:
        entries = {entry.name: entry for entry in archive}
        passwd = archive.extractfile("etc/passwd").read().decode()
    assert list(entries) == ["etc/passwd", "etc/group", "home/jovyan"]
    assert passwd == DEBIAN.with_user(12345, 678).passwd
    home = entries["home/jovyan"]
    assert (home.isdir(), home.uid, home.gid, home.mode) == (True, 12345, 678, 0o755)
    assert (entries["etc/passwd"].uid, entries["etc/passwd"].mode) == (0, 0o644)


@given(uid=IDS, gid=IDS)
def test_same_input_same_bytes(uid, gid):
    assert identity_archive(DEBIAN, uid, gid) == identity_archive(DEBIAN, uid, gid)
