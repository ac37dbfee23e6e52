"""Explains routes to the user."""

from collections.abc import Iterator

from dicomtx.workflows.route.routes import Route, Routes
from dicomtx.workflows.send.retry import schedule_of


def lines(routes: Routes) -> list[tuple[str, str, str, str]]:
    """Returns a row for each destination: route, conditions, destination, and what is sent."""
    return list(_lines(routes))


def _lines(routes: Routes) -> Iterator[tuple[str, str, str, str]]:
    for route in routes.routes:
        name, conditions = route.name, _conditions(route)
        for destination in route.destinations:
            peer = destination.peer
            place = str(peer.address)
            shown = place if place == peer.name else f"{peer.name} ({place})"
            retries = f"retry {peer.retry}" if schedule_of(peer.retry) else "no retry"
            yield name, conditions, shown, f"{destination.conversion}; {retries}"
            name = conditions = ""


def _conditions(route: Route) -> str:
    matchers = (*route.titles, *route.conditions)
    return ", ".join(f"{matcher.key} = {matcher}" for matcher in matchers) or "all others"
