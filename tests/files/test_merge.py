"""The three-way merge: what the user wrote stays, what both changed is a conflict."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import apt, direct, lock, locked, spec

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render import render
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.tree import Block, BlockFile, KeyFile, LinesFile, WholeFile

pytestmark = pytest.mark.usefixtures("pure")

ENVIRONMENT = spec(direct("numpy==2.1", notebooks=("a.ipynb",)), notebooks=("a.ipynb",))


def tree(environment=ENVIRONMENT, options=None, *packages):
    rendered = render(
        environment,
        lock(*packages or (locked("numpy==2.1"),)),
        options or ProjectOptions(),
        uv_version="0.8.0",
    )
    return {file.path.removeprefix(".devcontainer/"): file for file in rendered.files}


def fresh(name, *arguments):
    return merge(tree(*arguments)[name], None).content


# --- every kind of file ------------------------------------------------------------

NAMES = ["Dockerfile", "devcontainer.json", "requirements.in", "requirements.txt"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_nothing_changed_means_no_byte_changed(name, ends):
    text = fresh(name).replace(b"\n", ends.encode())
    again = merge(tree()[name], text)
    assert again.content == text
    assert again.conflicts == ()


@pytest.mark.parametrize("name", ["Dockerfile", "devcontainer.json", "requirements.in"])
def test_crlf_files_stay_so_when_the_plan_changes(name):
    changed = replace(ENVIRONMENT, apt=apt("ffmpeg"), requirements=(direct("six==1.17"),))
    text = fresh(name).replace(b"\n", b"\r\n")
    merged = merge(tree(changed)[name], text)
    assert merged.conflicts == ()
    assert merged.content.count(b"\r\n") == merged.content.count(b"\n")
    assert sorted(merged.content.split(b"\r\n")) == sorted(fresh(name, changed).split(b"\n"))


# --- blocks (Dockerfile) -----------------------------------------------------------


def blocks(**texts):
    parts = tuple(Block(name=name, text=text) for name, text in texts.items())
    return BlockFile(path="Dockerfile", heading="# head\n", blocks=parts)


def test_lines_outside_the_blocks_are_the_user_s():
    text = merge(blocks(base="FROM a\n", end="USER x\n"), None).content.decode()
    mine = "# mine at the top\n" + text.replace(
        "# <<< jupyter-devbox base\n", "# <<< jupyter-devbox base\nRUN mine\n"
    )
    same = merge(blocks(base="FROM a\n", end="USER x\n"), mine.encode())
    assert same.content.decode() == mine
    new = merge(blocks(base="FROM b\n", end="USER x\n"), mine.encode())
    assert new.conflicts == ()
    assert "FROM b\n" in new.content.decode()
    assert re.sub(r"(?m)^(FROM|# >>>).*\n", "", new.content.decode()) == re.sub(
        r"(?m)^(FROM|# >>>).*\n", "", mine
    )


def test_a_hand_edit_stays_while_the_plan_stays():
    text = merge(blocks(base="FROM a\n"), None).content.replace(b"FROM a\n", b"FROM mine\n")
    merged = merge(blocks(base="FROM a\n"), text)
    assert merged.content == text
    assert merged.conflicts == ()


def test_an_edit_and_another_plan_are_a_conflict_that_names_the_line():
    text = merge(blocks(base="FROM a\nRUN x\n"), None).content
    mine = text.replace(b"RUN x\n", b"RUN mine\n")
    merged = merge(blocks(base="FROM a\nRUN plan\n"), mine)
    (conflict,) = merged.conflicts
    number = mine.decode().splitlines().index("RUN mine") + 1
    assert conflict.place == f"line {number}"
    assert conflict.diff() == ("- RUN mine", "+ RUN plan")
    assert b"RUN plan" in merged.content
    again = merge(blocks(base="FROM a\nRUN plan\n"), merged.content)
    assert (again.content, again.conflicts) == (merged.content, ())


def test_an_edit_that_the_plan_arrives_at_too_is_no_conflict():
    text = merge(blocks(base="FROM a\n"), None).content.replace(b"FROM a\n", b"FROM b\n")
    merged = merge(blocks(base="FROM b\n"), text)
    assert merged.conflicts == ()
    assert merged.content == merge(blocks(base="FROM b\n"), None).content


def test_a_file_of_the_user_s_own_is_in_the_way():
    merged = merge(blocks(base="FROM a\n"), b"FROM mine\nRUN mine\n")
    (conflict,) = merged.conflicts
    assert conflict.place == "the whole file"
    assert "- FROM mine" in conflict.diff()


def test_a_block_that_the_user_deleted_is_a_conflict():
    text = merge(blocks(base="FROM a\n", end="USER x\n"), None).content.decode()
    without = re.sub(r"# >>> jupyter-devbox end.*", "", text, flags=re.DOTALL)
    merged = merge(blocks(base="FROM a\n", end="USER x\n"), without.encode())
    assert [c.place for c in merged.conflicts] == ["block end"]


def test_an_editor_that_drops_the_last_line_end_is_no_conflict():
    text = merge(blocks(base="FROM a\n"), None).content.rstrip(b"\n")
    merged = merge(blocks(base="FROM a\n"), text)
    assert (merged.content, merged.conflicts) == (text, ())


@given(st.binary(max_size=60))
def test_any_bytes_can_be_merged_and_a_second_time_changes_nothing(existing):
    rendered = blocks(base="FROM a\n")
    first = merge(rendered, existing)
    second = merge(rendered, first.content)
    assert (second.content, second.conflicts) == (first.content, ())


# --- keys (devcontainer.json) --------------------------------------------------------


def keys(**values):
    return KeyFile(
        path="devcontainer.json",
        values={tuple(name.split("__")): value for name, value in values.items()},
        record=("customizations", "ours", "written"),
        rivals=(("image",),),
        heading="// head\n",
    )


def test_what_the_user_orders_is_no_conflict_and_his_own_afterwards():
    """`--memory` changes a list that the user may have written by hand."""
    text = merge(keys(name="a"), None).content.replace(
        b'"name": "a"', b'"runArgs": ["--shm-size=1g"], // big\n  "name": "a"'
    )
    ordered = replace(keys(name="a"), edits={("runArgs",): ["--shm-size=1g", "--memory=4g"]})
    merged = merge(ordered, text)
    assert merged.conflicts == ()
    assert parsed(merged)["runArgs"] == ["--shm-size=1g", "--memory=4g"]
    assert b"// big" in merged.content
    assert "runArgs" not in parsed(merged)["customizations"]["ours"]["written"]
    assert merge(ordered, merged.content).content == merged.content
    assert merge(keys(name="a"), merged.content).content == merged.content


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_keys_that_a_rendering_is_not_about_stay_with_their_record(ends):
    text = merge(keys(name="a", init=True, build__dockerfile="D"), None).content
    text = text.replace(b"\n", ends.encode())
    only = frozenset({("init",)})
    partly = replace(keys(init=False), only=only)
    merged = merge(partly, text)
    assert merged.conflicts == ()
    assert merged.content == text.replace(b"true", b"false").replace(
        parsed_record(text)["init"].encode(), parsed_record(merged.content)["init"].encode()
    )
    assert merge(keys(name="a", init=False, build__dockerfile="D"), merged.content) == merged
    gone = merge(replace(keys(), only=only), merged.content)
    assert "init" not in parsed(gone)
    assert sorted(parsed_record(gone.content)) == ["build/dockerfile", "name"]
    edited = text.replace(b'"init": true', b'"init": "mine"')
    (conflict,) = merge(partly, edited).conflicts
    assert conflict.place == 'key "init"'


def parsed_record(content):
    return jsonc.parse(content.decode()).value["customizations"]["ours"]["written"]


def parsed(merged):
    return jsonc.parse(merged.content.decode()).value


def test_the_user_s_keys_and_comments_stay():
    text = merge(keys(name="a", build__dockerfile="D"), None).content.decode()
    mine = text.replace(
        '"build": {', '"remoteEnv": {"A": "1"}, // mine\n  /* and */ "build": {\n    "target": "x",'
    )
    merged = merge(keys(name="b", build__dockerfile="D", init=True), mine.encode())
    assert merged.conflicts == ()
    value = parsed(merged)
    assert (value["name"], value["init"]) == ("b", True)
    assert value["remoteEnv"] == {"A": "1"}
    assert value["build"] == {"target": "x", "dockerfile": "D"}
    assert "// mine" in merged.content.decode()
    assert '/* and */ "build"' in merged.content.decode()


def test_a_changed_value_stays_while_the_plan_stays():
    text = merge(keys(name="a"), None).content.replace(b'"name": "a"', b'"name": "mine"')
    merged = merge(keys(name="a"), text)
    assert (merged.content, merged.conflicts) == (text, ())
    (conflict,) = merge(keys(name="b"), text).conflicts
    assert conflict.place == 'key "name"'
    assert conflict.diff() == ('- "name": "mine"', '+ "name": "b"')


def test_a_deleted_key_stays_deleted_while_the_plan_stays():
    text = jsonc.remove(merge(keys(name="a", init=True), None).content.decode(), ("init",))
    merged = merge(keys(name="a", init=True), text.encode())
    assert (merged.content.decode(), merged.conflicts) == (text, ())
    again = merge(keys(name="c", init=True), text.encode())
    assert "init" not in parsed(again)
    (conflict,) = merge(keys(name="a", init=False), text.encode()).conflicts
    assert conflict.diff() == ('+ "init": false',)


def test_a_key_that_the_plan_drops_leaves_unless_it_was_edited():
    text = merge(keys(name="a", forwardPorts=[1], init=True), None).content
    assert set(parsed(merge(keys(name="a"), text))) == {"name", "customizations"}
    edited = text.replace(b"[1]", b"[2]")
    merged = merge(keys(name="a", init=True), edited)
    assert parsed(merged)["forwardPorts"] == [2]
    assert merged.conflicts == ()


def test_a_configuration_from_elsewhere_is_in_the_way():
    theirs = b'{\n  // ours at work\n  "name": "x",\n  "image": "team/base:1"\n}\n'
    merged = merge(keys(name="a", build__dockerfile="D"), theirs)
    assert {c.place for c in merged.conflicts} == {'key "name"', 'key "image"'}
    assert '- "image": "team/base:1"' in [line for c in merged.conflicts for line in c.diff()]
    assert "image" not in parsed(merged)
    assert "// ours at work" in merged.content.decode()


def test_one_is_not_true():
    text = merge(keys(init=True), None).content.replace(b"true", b"1")
    assert merge(keys(init=True), text).content == text
    assert merge(keys(init=False), text).conflicts


def test_a_record_of_ours_that_was_broken_by_hand():
    text = merge(keys(name="a"), None).content.decode()
    for broken in ('"written": 5', '"written": {"name": 7, "": 1, "x/y/z": null}'):
        damaged = re.sub(r'"written": \{.*?\}', broken, text, flags=re.DOTALL)
        merged = merge(keys(name="a"), damaged.encode())
        assert merged.conflicts == ()
        assert parsed(merged)["name"] == "a"


def test_something_else_where_an_object_is_needed():
    with pytest.raises(ConfigurationError, match="build"):
        merge(keys(build__dockerfile="D"), b'{"build": "mine"}')


def test_a_broken_file_says_where():
    with pytest.raises(ConfigurationError, match="line 1, column 13"):
        merge(keys(name="a"), b'{"name": "x"\n"b": 1}')


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(st.sampled_from(["name", "init", "build__x", "build__y"]), values),
    st.dictionaries(st.sampled_from(["name", "init", "build__x", "build__z"]), values),
)
def test_any_two_plans_one_after_the_other_give_the_second(first, second):
    text = merge(keys(**first), None).content
    merged = merge(keys(**second), text)
    assert merged.conflicts == ()
    for path, value in keys(**second).values.items():
        node = jsonc.find(jsonc.parse(merged.content.decode()), path)
        assert node is not None
        assert node.value == value
    again = merge(keys(**second), merged.content)
    assert (again.content, again.conflicts) == (merged.content, ())


# --- whole files (the lock) ----------------------------------------------------------


def whole(body):
    return WholeFile(path="requirements.txt", text=f"# ours {{digest}}\n{body}")


def test_an_untouched_lock_is_replaced_and_an_edited_one_is_a_conflict():
    text = merge(whole("a==1\n"), None).content
    assert b"{digest}" not in text
    assert merge(whole("a==2\n"), text).conflicts == ()
    edited = text.replace(b"a==1", b"a==9")
    (conflict,) = merge(whole("a==2\n"), edited).conflicts
    assert conflict.diff() == ("- a==9", "+ a==2")
    assert merge(whole("a==2\n"), b"a==1\n").conflicts


# --- lines (requirements.in) ---------------------------------------------------------

OURS = ('a==1  # import: a; notebooks: ["n.ipynb"]',)


def lines(*texts):
    return LinesFile(path="requirements.in", heading="# head\n", lines=texts)


def test_the_user_s_lines_stay_byte_for_byte():
    mine = "# mine\nscipy >=1   # why\n\n  # indented\n-r broken.txt\nx\x0cy\u2028z\n"
    text = merge(lines(*OURS), None).content + mine.encode()
    merged = merge(lines('b==2  # import: b; notebooks: ["n.ipynb"]'), text)
    assert merged.content.decode().endswith("\n\n" + mine)
    assert b"a==1" not in merged.content
    again = merge(lines('b==2  # import: b; notebooks: ["n.ipynb"]'), merged.content)
    assert again.content == merged.content


def test_lines_among_ours_are_kept_below_them():
    merged = merge(lines(*OURS), b"# head\nmine==1\n" + OURS[0].encode() + b"\n# and this")
    assert merged.content.decode() == f"# head\n{OURS[0]}\n\nmine==1\n# and this\n"


def test_a_byte_order_mark_does_not_wander_into_the_file():
    text = b"\xef\xbb\xbf" + merge(lines(*OURS), None).content + b"mine\n"
    merged = merge(lines(*OURS), text)
    assert merged.content.decode() == f"# head\n{OURS[0]}\n\nmine\n"


@given(st.binary(max_size=80))
def test_any_file_can_stand_there(existing):
    first = merge(lines(*OURS), existing)
    assert merge(lines(*OURS), first.content).content == first.content


# --- values that give way ----------------------------------------------------------


def test_a_value_of_the_user_s_is_kept_where_ours_gives_way():
    ours = replace(keys(name="a", hook="ours"), yielding=frozenset({("hook",)}))
    mine = b'{"hook": ["mine"]}'
    merged = merge(ours, mine)
    assert merged.conflicts == ()
    assert (parsed(merged)["hook"], parsed(merged)["name"]) == (["mine"], "a")
    assert "hook" not in parsed(merged)["customizations"]["ours"]["written"]
    assert merge(ours, merged.content).content == merged.content
    fresh_one = merge(ours, b"{}")
    assert parsed(fresh_one)["hook"] == "ours"
    # What we wrote stays ours: a new word of ours and an edit of the user's disagree as usual.
    newer = replace(keys(name="a", hook="newer"), yielding=frozenset({("hook",)}))
    assert parsed(merge(newer, fresh_one.content))["hook"] == "newer"
    edited = fresh_one.content.replace(b'"ours",', b'"mine",')
    assert parsed(merge(ours, edited))["hook"] == "mine"
    assert merge(newer, edited).conflicts
