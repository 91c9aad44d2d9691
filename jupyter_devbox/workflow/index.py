"""The package indexes that this machine is set to use, their credentials kept apart."""

from __future__ import annotations

import netrc
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from jupyter_devbox.engine.redact import PROXY_VARIABLES, has_login
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import index_login
from jupyter_devbox.errors import PlanError
from jupyter_devbox.workflow.context import Context

_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_MORE_NAMES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL")


@dataclass(frozen=True, slots=True)
class Index:
    """An index by its public address; the login never leaves this object but as a secret."""

    url: str
    login: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Only what may be seen."""
        return f"Index({self.url!r})"

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.url).hostname or ""

    def environment(self) -> Mapping[str, str]:
        """Return what uv on this machine is given."""
        if not self.login:
            return {"UV_DEFAULT_INDEX": self.url}
        parts = urlsplit(self.url)
        netloc = f"{self.login}:{self.password}@{parts.netloc}"
        return {"UV_DEFAULT_INDEX": urlunsplit(parts._replace(netloc=netloc))}


def machine_index(context: Context) -> Index | None:
    """Return the index that uv's or pip's variables name; None for uv's own default.

    Raises
    ------
    PlanError
        The variable holds no address.
    """
    for name in _NAMES:
        value = context.env.get(name, "").strip()
        if value:
            return _index(context, name, value)
    return None


def more_indexes(context: Context) -> tuple[Index, ...]:
    """Return the further indexes that uv's or pip's variables name.

    The lock asks them for local versions, each for that one package: an index asked for everything
    could slip in a package of any name.

    Raises
    ------
    PlanError
        A variable holds something else than addresses.
    """
    found = [
        _index(context, name, re.sub(r"^[\w.-]+=", "", value))  # uv's own form: NAME=URL
        for name in _MORE_NAMES
        for value in context.env.get(name, "").split()
    ]
    return tuple(dict.fromkeys(found))


def _index(context: Context, name: str, value: str) -> Index:
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http", "file"} or any(ord(c) < 33 for c in value):
        message = f"The variable {name} holds no index address"
        raise PlanError(message, hint=f"unset {name}, or set it to https://…/simple")
    host = parts.netloc.rpartition("@")[2]
    public = urlunsplit(parts._replace(netloc=host))
    if parts.username:
        return Index(public, parts.username, parts.password or "")
    return Index(public, *_netrc_login(context, host.partition(":")[0]))


def _netrc_login(context: Context, host: str) -> tuple[str, str]:
    """Return login and password that the user's netrc file has for a host; "" where none."""
    path = Path(context.env.get("NETRC", "") or context.home / ".netrc")
    try:
        found = netrc.netrc(str(path)).authenticators(host) if path.is_file() else None
    except (OSError, netrc.NetrcParseError):
        found = None
    return (found[0], found[2] or "") if found else ("", "")


def index_environment(context: Context) -> Mapping[str, str]:
    """Return the variables by which uv finds this machine's indexes, and their logins."""
    index = machine_index(context)
    variables = dict(index.environment()) if index else {}
    for one in _with_login(context):
        variables.update(index_login(one.url, unquote(one.login), unquote(one.password)))
    return variables


def _with_login(context: Context) -> list[Index]:
    every = (machine_index(context), *more_indexes(context))
    return [index for index in every if index and index.login]


@contextmanager
def build_secrets(context: Context) -> Iterator[Mapping[str, str]]:
    """Yield BuildKit secret id → file: certificates, and the logins of indexes and proxies.

    The files with logins are readable by their owner alone and are gone when the build has ended.
    """
    secrets = {"ca": context.ca_bundle} if context.ca_bundle else {}
    logins = {"netrc": _netrc(_with_login(context)), "proxy": _proxies(context.env)}
    with scratch("login") as folder:
        for name, text in logins.items():
            if text:
                path = folder / name
                path.touch(mode=0o600)
                path.write_text(text, encoding="utf-8")
                secrets[name] = str(path)
        yield secrets


def _netrc(indexes: Iterable[Index]) -> str:
    """Return the logins of indexes in netrc's form; "" where there are none."""
    return "".join(
        f"machine {index.host}\nlogin {unquote(index.login)}\npassword {unquote(index.password)}\n"
        for index in indexes
    )


def _proxies(env: Mapping[str, str]) -> str:
    """Return shell text that sets the proxies that hold a login; "" where none does."""
    return "".join(
        f"export {name}={shlex.quote(env[name])}\n"
        for name in PROXY_VARIABLES
        if has_login(env.get(name, ""))
    )
