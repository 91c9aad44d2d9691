"""uv's answer, read."""

from __future__ import annotations

import pytest

from jupyter_devbox.errors import LockError
from jupyter_devbox.lock.pylock import read_pylock

A, B = "a" * 64, "b" * 64
TEXT = f"""
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "Numpy"
version = "2.1.0"
wheels = [
    {{ url = "https://host/n-cp311.whl", size = 16, hashes = {{ sha256 = "{B}" }} }},
    {{ url = "https://host/n-any.whl", size = 9, hashes = {{ sha256 = "{A}" }} }},
]
sdist = {{ url = "https://host/n.tar.gz", size = 99, hashes = {{ sha256 = "{"c" * 64}" }} }}

[[packages]]
name = "lone-source"
version = "1.0"
sdist = {{ url = "https://host/l.tar.gz", size = 5, hashes = {{ sha256 = "{A}" }} }}

[[packages]]
name = "demo"
archive = {{ path = "/tmp/demo.whl", hashes = {{}} }}
"""


def test_packages_of_an_index():
    source, numpy = read_pylock(TEXT, local_names=frozenset({"demo"}))
    assert (numpy.name, numpy.version, numpy.size, numpy.compiled) == ("numpy", "2.1.0", 16, False)
    assert numpy.hashes == (f"sha256:{A}", f"sha256:{B}")
    assert (source.name, source.compiled, source.hashes) == ("lone-source", True, (f"sha256:{A}",))


@pytest.mark.parametrize("hashes", ["", "hashes = {}", 'hashes = { md5 = "00" }'])
def test_what_has_no_hash_could_be_anything(hashes):
    file = f'{{ url = "https://host/x.whl"{", " + hashes if hashes else ""} }}'
    text = f'[[packages]]\nname = "x"\nversion = "1"\nwheels = [{file}]\n'
    with pytest.raises(LockError, match="no hash for a package: `x`") as caught:
        read_pylock(text, local_names=frozenset())
    assert caught.value.hint


def test_nothing_locked():
    assert read_pylock('lock-version = "1.0"\n', local_names=frozenset()) == ()
