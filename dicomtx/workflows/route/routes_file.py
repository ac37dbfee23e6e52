"""Reads routes (``[[route]]``) from a TOML file."""

import os
from collections.abc import Mapping
from typing import Any, Final, get_args

from dicomtx.engine.planning.conditions import KEYS, Matcher, matcher
from dicomtx.engine.planning.policy import OnFailure
from dicomtx.errors import DicomtxError, SettingsError
from dicomtx.network.address import address_of
from dicomtx.settings import FIELDS, Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.policies.toml import check_goals, checked_option, condition, read_table
from dicomtx.workflows.route.routes import KEEP, Conversion, Destination, Peer, Route, Routes
from dicomtx.workflows.send.options import Decompress
from dicomtx.workflows.send.retry import DEFAULT, schedule_of

TITLES: Final = ("calling_aet", "called_aet")
CONVERSION: Final = ("to", "on_failure")
FILES: Final = ("ca_file", "cert_file", "key_file", "auth_file")
PEER: Final = ("retry", "call_as", *FILES, "decompress")
SHARED: Final[tuple[str, ...]] = ("on_failure", *PEER)
"""The keys of a route that its destinations inherit one by one."""
OF_ROUTE: Final = ("name", "destination", *TITLES, *CONVERSION, *PEER)
OF_DESTINATION: Final = ("name", "url", *CONVERSION, *PEER)


def read_routes(path: str, settings: Settings) -> Routes:
    """Returns the routes of a file.

    Args:
        path: the path of the file. Names of files in it are relative to its folder.
        settings: the settings; a route can override them.

    Raises:
        SettingsError: the file is invalid. The message names file, route and key.
    """
    table = read_table(path)
    unknown = next((key for key in table if key != "route"), None)
    if unknown:
        raise SettingsError(f"{path}: {unknown}: unknown key: use tables [[route]]")
    tables = table.get("route")
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{path}: it has no routes: use tables [[route]]")
    routes = []
    for number, one in enumerate(tables, 1):
        where = f"{path}: route {number}"
        if not isinstance(one, dict):
            raise SettingsError(f"{where}: {one!r} is not a table")
        routes.append(_route(where, f"route {number}", one))
    read = Routes(path, tuple(routes))
    _check_peers(read)
    _check_goals(read, settings)
    return read


def _route(where: str, name: str, table: dict[str, Any]) -> Route:
    conditions = [
        condition(f"{where}: {key}", key, _known(f"{where}: {key}", key, value))
        for key, value in table.items()
        if key not in OF_ROUTE and key not in FIELDS
    ]
    titles = [_title(f"{where}: {key}", key, table[key]) for key in TITLES if key in table]
    name = _text(f"{where}: name", table["name"]) if "name" in table else name
    return Route(name, tuple(conditions), tuple(titles), _destinations(where, table))


def _known(where: str, key: str, value: Any) -> Any:
    """Returns the value of a condition, after checking that the key could be one.

    Raises:
        SettingsError: it is a misspelled key of a route.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only the routes file needs it

    near = get_close_matches(key, OF_ROUTE, 1, 0.8)
    if near and key not in KEYS:
        raise SettingsError(f"{where}: unknown key: did you mean {near[0]}?")
    return value


def _title(where: str, key: str, value: Any) -> Matcher:
    try:
        return matcher(key, value)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _destinations(where: str, table: dict[str, Any]) -> tuple[Destination, ...]:
    given = table.get("destination")
    if not given:
        raise SettingsError(f'{where}: destination: it is missing: use destination = "URL"')
    items = given if isinstance(given, list) else [given]
    destinations = tuple(
        _destination(f"{where}, destination {number}" if len(items) > 1 else where, table, item)
        for number, item in enumerate(items, 1)
    )
    names = [destination.peer.name for destination in destinations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsError(f"{where}: destination: {twice} appears twice: use different names")
    return destinations


def _destination(where: str, route: dict[str, Any], item: Any) -> Destination:
    """Returns a destination: a URL, or a table that can override what its route says."""
    if isinstance(item, str):
        item = {"url": item}
    if not isinstance(item, dict) or "url" not in item:
        raise SettingsError(f'{where}: destination: use "URL", or a table with url = "URL"')
    unknown = next((k for k in item if k not in OF_DESTINATION and k not in FIELDS), None)
    if unknown:
        allowed = ", ".join(OF_DESTINATION)
        raise SettingsError(f"{where}: {unknown}: unknown key: use one of {allowed}, or a setting")
    decides = item if "to" in item else route
    own = [key for key in item if key in FIELDS]
    if own and decides is route:
        raise SettingsError(f'{where}: {own[0]}: needs a target: add to = "SYNTAX"')
    merged = {key: route[key] for key in SHARED if key in route} | item
    conversion = _conversion(where, decides, merged.get("on_failure", "error"))
    return Destination(_peer(where, merged), conversion)


def _conversion(where: str, table: Mapping[str, Any], on_failure: Any) -> Conversion:
    to = table.get("to")
    if not isinstance(to, str):
        said = "is missing" if to is None else f"{to!r} is not allowed"
        raise SettingsError(f'{where}: to: {said}: use to = "SYNTAX" or to = "keep"')
    if on_failure not in get_args(OnFailure):
        allowed = " or ".join(get_args(OnFailure))
        raise SettingsError(f"{where}: on_failure: {on_failure!r} is not allowed: use {allowed}")
    options = [(key, value) for key, value in table.items() if key in FIELDS]
    if to == KEEP:
        if options:
            raise SettingsError(f'{where}: {options[0][0]}: needs a target: add to = "SYNTAX"')
        return Conversion()
    try:
        target = find(to)
    except DicomtxError as error:
        raise SettingsError(f"{where}: to: {error}") from error
    for key, value in options:
        checked_option(f"{where}: {key}", key, value)
    check_goals(where, table)
    return Conversion(target.name, tuple(options), on_failure)


def _peer(where: str, table: Mapping[str, Any]) -> Peer:
    url = _text(f"{where}: url", table["url"])
    try:
        address = address_of(url)
    except DicomtxError as error:
        raise SettingsError(f"{where}: destination: {error}") from error
    retry = _text(f"{where}: retry", table.get("retry", DEFAULT))
    try:
        schedule_of(retry)
    except DicomtxError as error:
        raise SettingsError(f"{where}: retry: {error}") from error
    decompress = table.get("decompress", "lossless")
    if decompress not in get_args(Decompress):
        allowed = ", ".join(get_args(Decompress))
        raise SettingsError(
            f"{where}: decompress: {decompress!r} is not allowed: use one of {allowed}"
        )
    name = _text(f"{where}: name", table.get("name", str(address)))
    title = _text(f"{where}: call_as", table.get("call_as", ""), may_be_empty=True)
    files = {key: _file(where, key, table[key]) for key in FILES if key in table}
    return Peer(name, address, retry, title, **files, decompress=decompress)


def _text(where: str, value: Any, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or may_be_empty):
        raise SettingsError(f"{where}: {value!r} is not allowed: use a text")
    return value


def _file(where: str, key: str, value: Any) -> str:
    """Returns the path of a file that a route names."""
    routes_file = where.partition(": route ")[0]
    path = os.path.join(os.path.dirname(routes_file), _text(f"{where}: {key}", value))
    if not os.path.isfile(path):
        raise SettingsError(f"{where}: {key}: there is no file {path}")
    return path


def _check_peers(routes: Routes) -> None:
    """Checks that destinations with the same name are the same."""
    peers = routes.peers
    for route in routes.routes:
        for destination in route.destinations:
            peer = destination.peer
            if peers[peer.name] != peer:
                raise SettingsError(
                    f"{routes.path}: {route.name}: destination: {peer.name} differs from the"
                    " destination of this name in another route: give it a name of its own"
                )


def _check_goals(routes: Routes, settings: Settings) -> None:
    """Checks that each lossy target has a goal."""
    for route in routes.routes:
        for destination in route.destinations:
            if destination.conversion.to != KEEP:
                fault = destination.conversion.policy.without_goal(settings)
                if fault:
                    said = fault.partition("rule 1: ")[2]
                    raise SettingsError(f"{routes.path}: {route.name}: to: {said}")
