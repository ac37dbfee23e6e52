"""``dicomtx queue`` shows true states, and changes what it is asked to change."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.workflows.route.queue import Ending, open_queue
from dicomtx.workflows.route.records import Delivery, Received
from dicomtx.workflows.route.spool import Spool, held

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/delivery.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with three instances for "a": one dead, one left behind in sending, one waiting."""
    spool = Spool(str(tmp_path / "spool"))
    with held(spool), open_queue(spool.database) as queue:
        for number in range(3):
            path = Path(spool.arriving, "new")
            path.write_bytes(b"DICOM")
            name = spool.take(str(path))
            uids = ("1.2.840.10008.5.1.4.1.1.7", f"1.2.3.{number}", "1.2.840.10008.1.2.1")
            titles = ("CT1", "BUFFER", "127.0.0.1", "route 1")
            queue.add(Received(name, 5, "0" * 64, *uids, *titles), [("a", "")])
        queue.failed(queue.claim("a", 1), Ending("0122", "not supported"), lambda _failures: None)
        queue.claim("a", 1)
    return spool


def listed(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Returns what ``queue list --json`` prints, held to the schema."""
    capfd.readouterr()
    assert main(["queue", "list", *arguments, "--json"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for row in rows:
        VALIDATOR.validate(row)
    return rows


def states(capfd: pytest.CaptureFixture[str], spool: Spool) -> list[str]:
    return [row["state"] for row in listed(capfd, "--spool", spool.folder, "--all")]


def test_the_schema_is_one_and_names_every_field() -> None:
    VALIDATOR.check_schema(SCHEMA)
    names = [name for name in Delivery._fields if name not in ("file", "output", "conversion")]
    assert list(SCHEMA["properties"]) == names
    assert SCHEMA["required"] == names


def test_nothing_is_being_sent_if_no_route_runs(
    capfd: pytest.CaptureFixture[str], spool: Spool
) -> None:
    assert states(capfd, spool) == ["dead", "waiting", "waiting"]


def test_a_state_is_not_touched_while_a_route_runs(
    capfd: pytest.CaptureFixture[str], spool: Spool
) -> None:
    with held(spool):
        with open_queue(spool.database) as queue:
            queue.claim("a", 1)
        assert states(capfd, spool) == ["dead", "sending", "waiting"]
        assert main(["queue", "drop", "--spool", spool.folder, "--all"]) == 0
        assert states(capfd, spool) == ["dropped", "sending", "dropped"]


def test_the_table_shows_the_reason(capfd: pytest.CaptureFixture[str], spool: Spool) -> None:
    assert main(["queue", "list", "--spool", spool.folder, "--state", "dead"]) == 0
    header, row = capfd.readouterr().out.splitlines()
    assert header.split()[:3] == ["ID", "State", "Destination"]
    assert row.split()[:4] == ["1", "dead", "a", "1"]
    assert row.endswith("not supported")


def test_retry_revives_a_dead_letter(capfd: pytest.CaptureFixture[str], spool: Spool) -> None:
    assert main(["queue", "retry", "--spool", spool.folder, "--state", "dead"]) == 0
    assert capfd.readouterr().out == "retried 1 delivery\n"
    assert states(capfd, spool) == ["waiting", "waiting", "waiting"]


def test_drop_removes_the_file(capfd: pytest.CaptureFixture[str], spool: Spool) -> None:
    assert main(["queue", "drop", "--spool", spool.folder, "1", "2"]) == 0
    assert capfd.readouterr().out == "dropped 2 deliveries\n"
    assert states(capfd, spool) == ["dropped", "dropped", "waiting"]
    assert len(list(Path(spool.folder, "received").iterdir())) == 1
    assert len(listed(capfd, "--spool", spool.folder)) == 1


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_everything_is_changed_only_if_asked(
    capfd: pytest.CaptureFixture[str], spool: Spool, command: str
) -> None:
    assert main(["queue", command, "--spool", spool.folder]) == ExitCode.USAGE
    assert "--all" in capfd.readouterr().err
    assert states(capfd, spool) == ["dead", "waiting", "waiting"]


def test_a_folder_that_is_not_a_spool_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["queue", "list", "--spool", str(tmp_path)]) == ExitCode.DESTINATION
    assert "is not a spool" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
