"""Shell lines as data: split into commands and words, never run, never expanded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SEPARATORS = frozenset(";&|()\n")
_BLANK = frozenset(" \t\r\f\v")
_REQUIREMENT_HEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-\[\],]*([<>=!~]=?[^<>]*,)?")
_BRACES = re.compile(r"\{[A-Za-z_][^{}\s]*\}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command; `known` is False when a variable or substitution is part of it."""

    text: str
    known: bool = True


Command = tuple[Word, ...]


@dataclass(slots=True)
class _Splitter:
    """One pass over the text, character by character."""

    text: str
    position: int = 0
    commands: list[Command] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    open_word: bool = False
    quoted: bool = False
    redirect: bool = False

    def run(self) -> list[Command]:
        while self.position < len(self.text):
            self._step(self.text[self.position])
        self._end_command()
        return self.commands

    def _step(self, char: str) -> None:
        if char in _BLANK:
            self._end_word()
            self.position += 1
        elif char in _SEPARATORS:
            self._separator(char)
        elif char in "'\"":
            self._quote(char)
        elif char == "\\":
            self._escape()
        elif char in "$`":
            self._substitution(char)
        elif char in "<>":
            self._comparison_or_redirect(char)
        elif char == "#" and not self.current and not self.quoted:
            self._skip_to("\n")
        else:
            self.current.append(char)
            self.position += 1

    def _separator(self, char: str) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if char == "&" and following == ">":
            self._end_word()
        else:
            self._end_command()
        self.position += 1

    def _quote(self, quote: str) -> None:
        self.quoted = True
        index = self.position + 1
        while index < len(self.text) and self.text[index] != quote:
            char = self.text[index]
            if quote == '"' and char == "\\" and index + 1 < len(self.text):
                index += 1
                char = self.text[index]
            elif quote == '"' and char in "$`":
                self.open_word = True
            self.current.append(char)
            index += 1
        if index >= len(self.text):
            self.open_word = True
        self.position = index + 1

    def _escape(self) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if following == "\r" and self.text[self.position + 2 : self.position + 3] == "\n":
            self.position += 1
        elif following != "\n":
            self.current.append(following)
        self.position += 2

    def _substitution(self, char: str) -> None:
        self.open_word = True
        if char == "`":
            end = self.text.find("`", self.position + 1)
            end = len(self.text) if end < 0 else end + 1
        elif self.text.startswith("$(", self.position):
            end = self._closing(self.position + 1)
        else:
            end = self.position + 1
        self.current.append(self.text[self.position : end])
        self.position = end

    def _closing(self, start: int) -> int:
        depth = 0
        for index in range(start, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[index], 0)
            if depth == 0:
                return index + 1
        return len(self.text)

    def _comparison_or_redirect(self, char: str) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        word = "".join(self.current)
        if (following == "=" or following.isdigit()) and (
            self.quoted or _REQUIREMENT_HEAD.fullmatch(word)
        ):
            # `pip install numpy>=1.2`: the shell would redirect, the author means a version.
            self.current.append(char)
            self.position += 1
            return
        if self.text.startswith("<<", self.position) and not self.text.startswith(
            "<<<", self.position
        ):
            self._here_document()
            return
        if word.isdigit():
            self.current.clear()
        self._end_word()
        self.redirect = True
        while self.text[self.position : self.position + 1] in {"<", ">", "&"}:
            self.position += 1

    def _here_document(self) -> None:
        match = re.compile(r"<<-?[ \t]*(['\"]?)([\w.-]+)\1").match(self.text, self.position)
        if match is None:
            self._skip_to("\n")
            return
        end = re.compile(rf"^[ \t]*{re.escape(match[2])}[ \t]*$", re.MULTILINE)
        newline = self.text.find("\n", match.end())
        found = end.search(self.text, newline + 1) if newline >= 0 else None
        self._end_command()
        self.position = found.end() if found else len(self.text)

    def _skip_to(self, stop: str) -> None:
        end = self.text.find(stop, self.position)
        self.position = len(self.text) if end < 0 else end

    def _end_word(self) -> None:
        if self.current or self.quoted:
            text = "".join(self.current)
            if not self.redirect:
                known = not self.open_word and not _BRACES.search(text)
                self.words.append(Word(text, known=known))
            self.redirect = False
        self.current.clear()
        self.open_word = self.quoted = False

    def _end_command(self) -> None:
        self._end_word()
        if self.words:
            self.commands.append(tuple(self.words))
        self.words.clear()
        self.redirect = False


def split_commands(text: str) -> list[Command]:
    """Return the commands of a shell text in order, each as its words.

    Quotes are removed; comments, redirections and here-documents are left out. Variables,
    substitutions and IPython's ``{name}`` stay as they are written and mark their word as unknown.
    """
    return _Splitter(text).run()
