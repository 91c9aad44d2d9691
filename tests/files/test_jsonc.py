"""JSON with comments: read as a JSONC reader would, edited without touching what is not ours."""

from __future__ import annotations

import json
import re

import json5
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files import jsonc

PLAIN = '{"a": 1, "b": {"c": [1, 2]}}'

# json5 does not join the two halves of an escaped character beyond U+FFFF.
text = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | text
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
objects = st.dictionaries(text, values, max_size=4)
gaps = st.sampled_from(
    ["", " ", "\n", "\r\n", "\t", "// note, {\n", '/* a, "b": */', "/* two\nlines */ ", " // x\r\n"]
)


@st.composite
def documents(draw, roots=objects):
    """A JSON object as people write it: comments, trailing commas, a byte order mark."""

    def gap():
        return draw(gaps)

    def show(value):
        if isinstance(value, dict):
            parts = [f"{json.dumps(k)}{gap()}:{gap()}{show(v)}" for k, v in value.items()]
            return "{" + joined(parts) + "}"
        if isinstance(value, list):
            return "[" + joined([show(v) for v in value]) + "]"
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    def joined(parts):
        body = (gap() + ",").join(gap() + part for part in parts)
        return body + (gap() + "," if parts and draw(st.booleans()) else "") + gap()

    value = draw(roots)
    mark = "\ufeff" if draw(st.booleans()) else ""
    return mark + gap() + show(value) + gap(), value


# --- reading -----------------------------------------------------------------------


@given(documents())
def test_it_reads_what_other_readers_read(document):
    source, value = document
    assert jsonc.parse(source).value == value == json5.loads(source.removeprefix("\ufeff"))


def test_the_halves_of_an_escaped_character_are_joined():
    assert jsonc.parse('{"\\ud83d\\ude00": "\\ud83d\\ude00"}').value == {"😀": "😀"}


@given(documents())
def test_every_value_stands_where_it_says(document):
    source, value = document
    for key, node in jsonc.parse(source).members.items():
        assert json5.loads(source[node.start : node.end]) == value[key]
        assert json5.loads(re.match(r'"(?:[^"\\]|\\.)*"', source[node.key_start :]).group()) == key


@pytest.mark.parametrize(
    ("source", "line", "column", "expected"),
    [
        ("", 1, 1, '"{"'), ("[]", 1, 1, '"{"'), ("\n  nonsense", 2, 3, '"{"'),
        ('{"a": }', 1, 7, "a value"), ('{\n  "a": 1\n  "b": 2\n}', 2, 9, '"," expected'),
        ("{'a': 1}", 1, 2, "double quotes"), ('{"a" 1}', 1, 6, '":"'),
        ('{"a": [1 2]}', 1, 9, '"," expected'), ('{"a": [1}', 1, 9, '"]"'),
        ('{"a": "x" // why\n  {}}', 1, 10, '","'), ('{"a": {}"b": 1}', 1, 9, '","'),
        ('{"a": 1', 1, 8, '"}"'), ('{"a": 1} x', 1, 10, "end of the file"),
        ('{"a": 1, "a": 2}', 1, 10, 'one "a" only'), ('{"a": "\\x"}', 1, 7, "well-formed"),
        ('{"a": "line\nbreak"}', 1, 7, "a value"), ('{"a": 01}', 1, 8, '","'),
        ('{"a": NaN}', 1, 7, "a value"), ('{"a": 1 /* no end', 1, 9, '","'), ('{,}', 1, 2, "a key"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "well-formed"),
        ('{"a":' + "[" * 80, 1, 70, "less nesting"),
        ('{"é": "😀", x}', 1, 12, "a key"),
    ],
)  # fmt: skip
def test_an_error_says_line_and_column(source, line, column, expected):
    with pytest.raises(ConfigurationError) as caught:
        jsonc.parse(source, "x.json")
    assert f"x.json is broken at line {line}, column {column}: " in caught.value.message
    assert expected in caught.value.message
    assert caught.value.hint


@given(st.text() | st.text('{}[]",:\\/* \n1eE.-truefalsn').map(lambda inner: "{" + inner))
@example("{" * 10_000)
@example('{"a":' * 10_000)
def test_no_text_breaks_the_reader(source):
    try:
        node = jsonc.parse(source)
    except ConfigurationError:
        return
    assert isinstance(node.value, dict)


# --- editing -----------------------------------------------------------------------


def _comments(source):
    """Return all comments, in their order; strings are passed over."""
    found = re.findall(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', source, re.DOTALL)
    return [part for part in found if not part.startswith('"')]


@given(documents(), text, values)
def test_setting_a_value_keeps_the_rest(document, key, new):
    source, value = document
    edited = jsonc.set_value(source, (key,), new)
    assert jsonc.parse(edited).value == {**value, key: new}
    assert list(jsonc.parse(edited).value) == list({**value, key: new})
    if key not in value:
        assert _comments(edited) == _comments(source)
        # Nothing but our member, and the comma before it, came in.
        kept = iter(edited)
        assert all(character in kept for character in source if not character.isspace())
    else:
        node = jsonc.parse(source).members[key]
        assert edited.startswith(source[: node.start])
        assert edited.endswith(source[node.end :])


@given(documents(st.dictionaries(text, values, min_size=1, max_size=4)), st.data())
def test_removing_a_value_keeps_the_rest(document, data):
    source, value = document
    key = data.draw(st.sampled_from(sorted(value)))
    edited = jsonc.remove(source, (key,))
    rest = {name: inner for name, inner in value.items() if name != key}
    assert jsonc.parse(edited).value == rest
    node = jsonc.parse(source).members[key]
    assert _comments(edited) == _comments(source[: node.key_start] + source[node.end :])


@given(documents(), st.lists(text, min_size=1, max_size=3), values)
def test_a_path_is_made_and_found_again(document, path, new):
    source, value = document
    inner = value
    for key in path[:-1]:
        inner = inner.get(key, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            with pytest.raises(ConfigurationError, match="no object"):
                jsonc.set_value(source, tuple(path), new)
            return
    edited = jsonc.set_value(source, tuple(path), new)
    node = jsonc.find(jsonc.parse(edited), tuple(path))
    assert node is not None
    assert node.value == new


EDITED = """\
// Ours at first.
{
    "name": "mine", // the name
    /* about b */
    "b": [1,
          2], // b's own remark
    "last": {} // the end
}
"""


def test_a_new_member_leaves_every_remark_with_its_own_member():
    assert jsonc.set_value(EDITED, ("new",), {"x": 1}) == EDITED.replace(
        '"last": {} // the end\n', '"last": {}, // the end\n    "new": {\n      "x": 1\n    }\n'
    )


def test_a_trailing_comma_is_not_doubled():
    assert jsonc.set_value('{\n  "a": 1,\n}\n', ("b",), 2) == '{\n  "a": 1,\n  "b": 2\n}\n'


def test_tabs_stay_tabs():
    source = '{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n'
    assert jsonc.set_value(source, ("a", "c"), {"d": 1}) == (
        '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": 1\n\t\t}\n\t}\n}\n'
    )


def test_an_object_that_holds_only_a_comment():
    assert jsonc.set_value("{ // mine\n}\n", ("a",), 1) == '{ // mine\n  "a": 1\n}\n'


def test_removing_takes_the_line_and_no_comment():
    assert jsonc.remove(EDITED, ("b",)) == EDITED.replace(
        '    "b": [1,\n          2], // b\'s own remark\n', "     // b's own remark\n"
    )
    assert jsonc.remove(EDITED, ("last",)) == EDITED.replace(
        '    "last": {} // the end\n', "     // the end\n"
    ).replace("2], //", "2] //")
    assert jsonc.remove('{\n  "a": 1\n}\n', ("a",)) == "{\n}\n"
    assert jsonc.remove(PLAIN, ("a",)) == '{ "b": {"c": [1, 2]}}'
    assert jsonc.remove(PLAIN, ("b", "nothing")) == PLAIN
    assert jsonc.remove(PLAIN, ("nothing", "there")) == PLAIN


def test_a_name_that_is_not_utf_8_can_be_written_and_read_again():
    """A file name of undecodable bytes comes as half surrogates, which UTF-8 has no form for."""
    edited = jsonc.set_value("{}", ("\udcff",), ["b\udcff.ipynb"])
    assert edited.encode()
    assert jsonc.parse(edited).value == {"\udcff": ["b\udcff.ipynb"]}
