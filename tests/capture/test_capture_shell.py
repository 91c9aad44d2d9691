"""Shell text as words."""

from __future__ import annotations

import pytest

from jupyter_devbox.capture.shell import split_commands


def plain(text):
    return [[word.text for word in command] for command in split_commands(text)]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("pip install a b", [["pip", "install", "a", "b"]]),
        ("a && b || c; d & e | f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("(cd x && y)", [["cd", "x"], ["y"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a \\\r\n  b", [["a", "b"]]),
        ("a # comment; b\nc", [["a"], ["c"]]),
        ("a b#egg", [["a", "b#egg"]]),
        ("a '' b", [["a", "", "b"]]),
        ("a > out.txt 2>&1 b", [["a", "b"]]),
        ("a >/dev/null", [["a"]]),
        ("a &>/dev/null; b", [["a"], ["b"]]),
        ("pip install numpy>=1.2 scipy<2", [["pip", "install", "numpy>=1.2", "scipy<2"]]),
        ("pip install numpy>=1.2,<2", [["pip", "install", "numpy>=1.2,<2"]]),
        ("pip install a>log.txt", [["pip", "install", "a"]]),
        ("cat <<EOF\npip install evil\nEOF\nb", [["cat"], ["b"]]),
        ("cat <<'EOF' > x\npip install evil\nEOF", [["cat"]]),
        ("cat <<EOF\nnever closed", [["cat"]]),
    ],
)
def test_commands(text, commands):
    assert plain(text) == commands


@pytest.mark.parametrize(
    "text",
    ["a $X", "a ${X}", 'a "b$X"', "a $(rm -rf /)", "a `id`", "a {name}", "a 'never closed", "a $"],
)
def test_what_is_not_known_is_marked(text):
    [command] = split_commands(text)
    assert [word.known for word in command] == [True, False]


def test_single_quotes_and_escapes_hold_no_variables():
    [command] = split_commands("a '$X' '`id`' \\$X")
    assert [word.known for word in command] == [True] * 4
