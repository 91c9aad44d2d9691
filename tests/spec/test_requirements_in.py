"""requirements.in: our lines survive a round trip, whatever notebooks are called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.environment import DirectRequirement
from jupyter_devbox.spec.requirements_in import HEADING, format_line, parse_line

names = st.from_regex(r"\A[a-z0-9]([a-z0-9\-]{0,8}[a-z0-9])?\Z").map(
    lambda name: "-".join(part for part in name.split("-") if part)
)
versions = st.sampled_from(["", "==1.2.3", ">=2", "<2,>=1.0", "~=1.4", "==1!2.0.post1", "===a#b"])
extras = st.lists(st.sampled_from(["all", "excel", "s3"]), unique=True).map(
    lambda found: tuple(sorted(found))
)
notebooks = st.lists(
    st.one_of(
        st.text(min_size=1),
        st.sampled_from(
            ['it\'s "quoted".ipynb', "a\nb.ipynb", "x; notebooks: [].ipynb", "[é] #.ipynb"]
        ),
    ),
    unique=True,
).map(lambda found: tuple(sorted(found)))
urls = st.sampled_from(
    [
        ("index", None),
        ("vcs", "git+https://host/x.git@abc#subdirectory=a;b"),
        ("file", "file:///home/me/my%20wheels/x-1-py3-none-any.whl"),
    ]
)


@st.composite
def ours(draw):
    source, url = draw(urls)
    specifier, allowed = draw(versions), draw(versions)
    reason = draw(st.sampled_from(["import", "install", "engine", "option"]))
    if (reason, source) == ("option", "file"):  # where it lies is the project's option, --wheel
        source, url = "index", None
    return DirectRequirement(
        name=draw(names),
        extras=draw(extras),
        specifier=specifier,
        firm=reason == "option" or specifier == allowed != "",
        allowed=allowed,
        marker=draw(st.sampled_from(["", 'sys_platform == "linux"'])),
        reason=reason,
        detail=draw(st.sampled_from(["pandas.io, numpy", "pandas.read_excel(…)", ""])),
        notebooks=draw(notebooks),
        source=source,
        url=url,
        indexes=draw(st.sampled_from([(), ("https://index.example:8443/whl/cu124",)])),
    )


@pytest.mark.usefixtures("pure")
@given(ours())
@example(DirectRequirement(name="a", notebooks=("# import: x", "; notebooks: []")))
def test_what_is_written_is_read_again(requirement):
    line = format_line(requirement)
    assert "\n" not in line
    assert line.isprintable()
    assert parse_line(line) == requirement


@given(ours())
def test_other_tools_read_the_requirement_too(requirement):
    text = format_line(requirement).split("  #")[0]
    parsed = Requirement(text)
    assert (parsed.name, parsed.extras) == (requirement.name, set(requirement.extras))


@given(st.text())
def test_a_detail_never_breaks_the_line(detail):
    requirement = DirectRequirement(name="a", specifier="==1", detail=detail, notebooks=("n",))
    line = format_line(requirement)
    assert len(line.splitlines()) == 1
    parsed = parse_line(line)
    assert parsed is not None
    assert replace(parsed, detail="") == replace(requirement, detail="")


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "  # numpy==1", *HEADING.splitlines()])
def test_comments_and_empty_lines_hold_nothing(line):
    assert parse_line(line) is None


def test_the_user_s_own_line():
    requirement = parse_line("  Scikit.Learn[b,a] >= 1.4, <2   # because of the paper")
    assert requirement == DirectRequirement(
        name="scikit-learn", extras=("a", "b"), specifier="<2,>=1.4", firm=True, reason="hand"
    )


def test_a_marker_of_the_user_s_is_kept():
    requirement = parse_line('pywin32; sys_platform == "win32"')
    assert requirement is not None
    assert requirement.text == 'pywin32; sys_platform == "win32"'


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("-r other.txt", "option"),
        ("--index-url https://somewhere", "option"),
        ("-e .", "option"),
        ("https://somewhere/x.whl", "requirement"),
        ("numpy @ file:///etc/passwd", "address"),
        ("numpy==1.0 \\", "requirement"),
        ("numpy==1 --hash=sha256:00", "requirement"),
        ('numpy==1  # import: numpy; notebooks: ["a.ipynb]', "damaged"),
    ],
)
def test_what_the_lock_cannot_take_is_refused_with_a_next_step(line, word):
    with pytest.raises(RequirementError, match=word) as caught:
        parse_line(line)
    assert caught.value.hint


def test_a_version_of_the_user_s_own_stays_his_word():
    """What a notebook's `%pip install 'pandas<2'` says is not pinned when another is captured."""
    line = 'pandas<2  # import: pandas; allowed: <2; notebooks: ["a.ipynb"]'
    requirement = parse_line(line)
    assert requirement is not None
    assert requirement.firm
    assert format_line(requirement) == line
