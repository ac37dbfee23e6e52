"""Answers to store requests, in JSON and XML (PS3.18 10.5.3)."""

import json
from typing import Any


def result(kept: dict[str, int], failed: dict[str, int]) -> dict[str, Any]:
    def items(pairs: dict[str, int], reason: str) -> list[dict[str, Any]]:
        return [
            {
                "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
                "00081155": {"vr": "UI", "Value": [uid]},
                **({reason: {"vr": "US", "Value": [code]}} if code else {}),
            }
            for uid, code in pairs.items()
        ]

    lists = {
        "00081199": {"vr": "SQ", "Value": items(kept, "00081196")},
        "00081198": {"vr": "SQ", "Value": items(failed, "00081197")},
    }
    return {"00081190": {"vr": "UR", "Value": ["http://pacs/studies/1"]}} | {
        tag: element for tag, element in lists.items() if element["Value"]
    }


def in_json(kept: dict[str, int], failed: dict[str, int]) -> bytes:
    return json.dumps(result(kept, failed)).encode()


def in_xml(kept: dict[str, int], failed: dict[str, int]) -> bytes:
    def written(item: dict[str, Any]) -> str:
        return "".join(
            f'<DicomAttribute tag="{tag}" vr="{element["vr"]}">'
            + "".join(
                f'<Item number="{number}">{written(value)}</Item>'
                if isinstance(value, dict)
                else f'<Value number="{number}">{value}</Value>'
                for number, value in enumerate(element["Value"], 1)
            )
            + "</DicomAttribute>"
            for tag, element in item.items()
        )

    name = 'NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM"'
    content = written(result(kept, failed))
    return f'<?xml version="1.0"?>\n<{name}>{content}</NativeDicomModel>'.encode()
