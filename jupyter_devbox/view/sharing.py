"""What `share` says. Names of folders and branches are the project's: they are made visible."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_devbox.spec.sharing import Offer
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.sharing import Sharing


def links(sharing: Sharing) -> list[str]:
    """Return each way to open the project, then the badges for a README."""
    lines = [f"Project {clean(str(sharing.project.root))}"]
    if sharing.remote:
        branch = f", branch {clean(sharing.branch)}" if sharing.branch else ""
        lines.append(f"Repository {sharing.remote.address}{branch}")
    reasons = {(offer.reason, offer.hint) for offer in sharing.offers}
    common = len(reasons) == 1 and not any(offer.url for offer in sharing.offers)
    if common:
        lines += _why(sharing.offers[0])
    for offer in sharing.offers:
        lines += [offer.title, *_offer(offer, why=not common)]
    badges = [offer.badge for offer in sharing.offers if offer.badge]
    if badges:
        lines += ["", "For your README:", *badges]
    return lines


def _offer(offer: Offer, *, why: bool) -> Iterator[str]:
    if offer.url:
        yield f"  {offer.url}"
    elif why:
        yield from (f"  {line}" for line in _why(offer))
    yield f"  In a terminal: {clean(offer.command)}"


def _why(offer: Offer) -> Iterator[str]:
    yield f"No link yet. {clean(offer.reason)}."
    if offer.hint:
        yield f"Next: {clean(offer.hint)}"
