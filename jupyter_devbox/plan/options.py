"""The user's wishes: those of this run joined to those the project remembers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.plan.answers import parse_answer
from jupyter_devbox.spec.durations import parse_duration
from jupyter_devbox.spec.gpu_words import parse_gpus
from jupyter_devbox.spec.limit_words import check_limits
from jupyter_devbox.spec.names import (
    check_apt_name,
    check_image,
    check_name,
    check_port,
    check_python,
    normalise,
    parse_requirement,
)
from jupyter_devbox.spec.project import ProjectOptions


def merge_options(remembered: ProjectOptions, asked: ProjectOptions) -> ProjectOptions:
    """Return both together, checked; what is asked now wins over what is remembered.

    Raises
    ------
    RequirementError
        A name, version, image or port is not well formed.
    ConfigurationError
        A limit is not.
    """
    asked_names = _by_name(asked.include)
    excluded = {_excluded(text) for text in asked.exclude}
    dropped = {normalise(check_name(name)) for name in asked.drop}
    kept = _by_name(remembered.include)
    include = {n: t for n, t in (kept | asked_names).items() if n not in excluded | dropped}
    exclude = ({_excluded(text) for text in remembered.exclude} | excluded) - set(asked_names)
    packed = {*remembered.pack, *asked.pack}
    apt, exclude_apt = _apt(remembered, asked)
    base = asked.base or remembered.base
    python = asked.python or remembered.python
    limits = check_limits({**remembered.limits, **asked.limits})
    return ProjectOptions(
        include=tuple(include[name] for name in sorted(include)),
        exclude=tuple(sorted(exclude)),
        apt=apt,
        exclude_apt=exclude_apt,
        python=check_python(python) if python else "",
        base=check_image(base) if base else "",
        ports=tuple(sorted({check_port(p) for p in (*remembered.ports, *asked.ports)})),
        pack=tuple(sorted(n for n in packed if normalise(n) not in exclude)),
        provides=_answers(remembered.provides, asked.provides),
        isolation=_isolation(asked.isolation or remembered.isolation),
        idle=_duration(asked.idle or remembered.idle),
        gpus=_gpus(asked.gpus or remembered.gpus),
        services=tuple(sorted({*remembered.services, *asked.services} - {*asked.exclude_services})),
        exclude_services=asked.exclude_services,
        binder=_binder(asked.binder or remembered.binder),
        slim=_slim(asked.slim or remembered.slim),
        wheels=_wheels(remembered.wheels, asked.wheels, exclude),
        find_links=tuple(dict.fromkeys((*remembered.find_links, *asked.find_links))),
    ).limited(limits)


def _apt(
    remembered: ProjectOptions, asked: ProjectOptions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Debian packages to add and to leave out, each checked; no name is in both."""
    wanted = {check_apt_name(name) for name in asked.apt}
    unwanted = {check_apt_name(name) for name in asked.exclude_apt} - wanted
    add = wanted | ({check_apt_name(name) for name in remembered.apt} - unwanted)
    leave_out = unwanted | ({check_apt_name(name) for name in remembered.exclude_apt} - wanted)
    return tuple(sorted(add)), tuple(sorted(leave_out))


def _wheels(
    remembered: tuple[str, ...], asked: tuple[str, ...], exclude: set[str]
) -> tuple[str, ...]:
    """Return the wheels of this run; one that is asked for takes an earlier one's place."""
    named = {_package_of(path) for path in asked}
    kept = {path for path in remembered if _package_of(path) not in {*named, *exclude}}
    return tuple(sorted({*kept, *asked}))


def _package_of(path: str) -> str:
    """Return the normal form of the name that a wheel's file name begins with."""
    return normalise(re.split(r"[/\\]", path)[-1].split("-")[0])


def _by_name(texts: Iterable[str]) -> dict[str, str]:
    """Return name → requirement, both in their normal form."""
    parsed = [parse_requirement(text) for text in texts]
    return {normalise(requirement.name): str(requirement) for requirement in parsed}


def _excluded(text: str) -> str:
    """Return the normal form of a package's name, or of a module's, such as ``_helpers``."""
    return normalise(text if text.isidentifier() else parse_requirement(text).name)


def _answers(remembered: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return one answer an import; the newest counts."""
    answers = dict(parse_answer(text) for text in (*remembered, *asked))
    return tuple(f"{name}={package}" for name, package in sorted(answers.items()))


def _duration(text: str) -> str:
    """Return a time that can be read, as it was written."""
    if text:
        parse_duration(text)
    return text


def _isolation(value: str) -> str:
    """Return a known isolation."""
    if value not in {"", "box", "kernel"}:
        message = f"This isolation is not known: `{value}`"
        raise RequirementError(message, hint="--isolation box or --isolation kernel")
    return value


def _binder(value: str) -> str:
    """Return a known way to Binder; ``off`` is none."""
    if value not in {"", "dockerfile", "buildpack", "off"}:
        message = f"This way to Binder is not known: `{value}`"
        raise RequirementError(message, hint="--binder, --binder=buildpack or --binder=off")
    return "" if value == "off" else value


def _slim(value: str) -> str:
    """Return whether the images are slim; ``off`` is not."""
    if value not in {"", "on", "off"}:
        message = f"The images are slim or not: `{value}`"
        raise RequirementError(message, hint="--slim or --slim=off")
    return "" if value == "off" else value


def _gpus(text: str) -> str:
    """Return which graphics cards are meant, checked; raises `ConfigurationError`."""
    if text:
        parse_gpus(text)
    return text
