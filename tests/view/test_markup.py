"""The cell's HTML: every value is text, whatever it holds."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import captured
from view_values import BUILT, FOUND, KERNEL, PLANNED, SNAPSHOT

from jupyter_devbox.errors import DevboxError, UntrustedProjectError
from jupyter_devbox.files.writer import Change, Changes
from jupyter_devbox.spec.environment import Decision
from jupyter_devbox.spec.events import PHASES, LogEvent, PhaseEvent
from jupyter_devbox.spec.snapshot import UnresolvedImport
from jupyter_devbox.view import markup
from jupyter_devbox.view.progress import Progress

EVIL = '<img src=x onerror="alert(1)"></div>\'&amp;<script>'
TAGS = {
    "style",
    "div",
    "h4",
    "p",
    "code",
    "pre",
    "details",
    "summary",
    "span",
    "table",
    "tr",
    "td",
    "b",
}


class Reader(HTMLParser):
    """Collects tags and text, and checks that tags are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = set(), set(), "", []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words += data


def pages(text):
    """Every page, with this text in every place that takes one."""
    progress = Progress(PHASES)
    progress.apply(PhaseEvent(phase="Base image", status="started"))
    progress.apply(LogEvent(phase="Base image", line=text))
    notebook = replace(
        SNAPSHOT,
        notebook=text,
        requirements=(captured("x==1", name=text, version=text, imports=(text,)),),
        unresolved=(UnresolvedImport(name=text, cells=(1,)),),
    )
    found = replace(FOUND, snapshots=(notebook,))
    planned = replace(
        PLANNED,
        spec=replace(PLANNED.spec, decisions=(Decision(what=text, choice=text, reason=text),)),
        changes=Changes(changes=(Change(path=text, old=None, new=b""),), conflicts=()),
    )
    done = replace(BUILT, snapshots=(notebook,), kernels=(replace(KERNEL, display_name=text),))
    yield markup.busy(text)
    yield markup.note(text, text)
    yield markup.with_note(markup.found(found, planned), text)
    yield markup.with_note(markup.with_note(markup.note(text, text), text), text)
    yield markup.building(progress)
    yield markup.log([text, text])
    yield markup.announcement(text)
    yield markup.done(done)
    yield markup.failed(DevboxError(text, hint=text, details=(text,)))


@given(st.text() | st.sampled_from([EVIL, '<p role="alert" class="bad">', "</div>"]))
def test_no_value_becomes_markup(text):
    for page in pages(text):
        found = Reader(page)
        assert found.tags <= TAGS
        assert not {name for name in found.attributes if name.startswith("on")}


def test_what_may_not_fit_on_the_disk_is_shown_with_the_next_step():
    tight = replace(PLANNED, free_bytes=10**10, needed_bytes=27 * 10**9)
    words = Reader(markup.found(FOUND, tight)).words
    assert "May not fit on the disk: building takes up to 27 GB, 10 GB free" in words
    assert "jupyter devbox prune" in words
    assert "May not fit" not in Reader(markup.found(FOUND, PLANNED)).words


def test_values_are_shown_as_they_are():
    for page in pages(EVIL):
        assert EVIL[:40] in Reader(page).words


def test_a_second_note_replaces_the_first():
    page = markup.note("Title", "Text")
    assert "one" in markup.with_note(page, "one")
    twice = Reader(markup.with_note(markup.with_note(page, "one"), "two"))
    assert "two" in twice.words
    assert "one" not in twice.words


@pytest.mark.parametrize("phases", [PHASES, ("Pin versions", "Write files")])
def test_progress_has_a_role_and_a_value(phases):
    progress = Progress(phases)
    progress.apply(PhaseEvent(phase="Pin versions", status="started"))
    progress.apply(PhaseEvent(phase="Pin versions", status="done"))
    page = markup.building(progress)
    assert 'role="progressbar"' in page
    assert f'aria-valuenow="{round(100 / len(phases))}"' in page


def test_colours_come_from_the_theme():
    assert markup.STYLE.count("var(--jp-") >= markup.STYLE.count("#")


def test_what_is_not_approved_is_shown_and_nothing_offers_to_approve_it():
    error = UntrustedProjectError(EVIL, hint=f"jupyter devbox trust {EVIL}", details=(f"+{EVIL}",))
    page = Reader(markup.not_approved(error)).words
    assert "This project is not approved yet" in page
    assert page.count(EVIL) == 3
    assert "Nothing of it was built or started" in page
