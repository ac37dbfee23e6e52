"""Compresses each instance before Orthanc stores it: a plugin for Orthanc's Python plugin.

The plugin sends the instance to ``dicomtx serve --http`` and gives Orthanc the result. Orthanc
stores only that, so origin, metadata, attachments and protection are the usual ones. If anything
goes wrong, Orthanc stores the original, and its log has the reason.

Add this to Orthanc's configuration, and start ``dicomtx serve --http 127.0.0.1:8765``::

    "Plugins" : [ "/usr/share/orthanc/plugins/libOrthancPython.so" ],
    "PythonScript" : "/etc/orthanc/dicomtx_plugin.py",
    "Dicomtx" : { "Query" : "to=jpeg2000-lossless" }

"Query" has the options of the conversion, such as ``policy=archive``. Other keys are "Host"
(127.0.0.1), "Port" (8765), "TimeOut" (300 seconds) and "TokenFile" (none).

It needs Orthanc 1.10 or later, version 4.0 or later of its Python plugin, and only the standard
library of Python. dicomtx does not run inside Orthanc, because their native libraries would clash.

Licence: this file is under the MIT licence, like dicomtx. Orthanc's Python plugin and its SDK are
under the AGPL. If you distribute them with this script, or let others use such a server over a
network, you must offer the source code under the terms of the AGPL. dicomtx is a separate program
behind HTTP.
"""

import json
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Final

import orthanc

DEFAULTS: Final = {
    "Host": "127.0.0.1",
    "Port": 8765,
    "Query": "to=jpeg2000-lossless",
    "TimeOut": 300,
    "TokenFile": "",
}
LONGEST: Final = 500  # characters of a reason in the log


class KeptError(Exception):
    """The original is stored; the text says why."""


def received(dicom: bytes, _origin: int) -> tuple[int, bytes | None]:
    """Returns what Orthanc is to store: the converted instance, or the original."""
    try:
        converted = transcode(dicom)
    except Exception as error:  # noqa: BLE001 - whatever it is, the original must be stored
        reason = " ".join(f"{error}".split())[:LONGEST] or type(error).__name__
        orthanc.LogWarning(f"dicomtx: kept the original: {reason}")
        converted = None
    if converted is None:
        return orthanc.ReceivedInstanceAction.KEEP_AS_IS, None
    return orthanc.ReceivedInstanceAction.MODIFY, converted


def transcode(dicom: bytes) -> bytes | None:
    """Returns the converted instance; None if it is to be kept as it is.

    Raises:
        KeptError: the server refused the instance, or could not convert it.
        OSError: there is no server, or it does not answer.
        HTTPException: the connection ended within the answer.
    """
    connection = HTTPConnection(OPTIONS["Host"], OPTIONS["Port"], timeout=OPTIONS["TimeOut"])
    try:
        connection.request("POST", f"/transcode?{OPTIONS['Query']}", dicom, HEADERS)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status == 200 and body:
        return body
    if response.status == 204:
        return None
    raise KeptError(_reason(response, body))


def _reason(response: HTTPResponse, body: bytes) -> str:
    """Returns the error in an answer, and the instance that it is about."""
    try:
        answer = json.loads(body)
        return f"{answer['error']} ({answer.get('sop_instance_uid') or response.status})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {response.status}"


def options() -> dict[str, Any]:
    """Returns the section "Dicomtx" of Orthanc's configuration over the defaults."""
    section = json.loads(orthanc.GetConfiguration()).get("Dicomtx", {})
    unknown = section.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"Dicomtx: unknown keys: {', '.join(sorted(unknown))}")
    return {**DEFAULTS, **section}


def headers(file: str) -> dict[str, str]:
    """Returns the headers of each request; ``file`` has the token of the server, if any."""
    given = {"Content-Type": "application/dicom"}
    if file:
        given["Authorization"] = f"Bearer {Path(file).read_text().strip()}"
    return given


OPTIONS = options()
HEADERS = headers(OPTIONS["TokenFile"])
orthanc.RegisterReceivedInstanceCallback(received)
