"""What fuzzing starts from: small test files, what was found before, and mutations of them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests import corpus

LONGEST = 1 << 16
CODED = b"\xff\xff\xff\xff\xfe\xff\0\xe0"  # undefined length, then an item
KEPT = Path(__file__).parent / "regressions"
ODD = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0")


def seeds() -> dict[str, bytes]:
    """Returns the test files that are small enough, by name."""
    found = {path.name: path.read_bytes() for path in corpus.files()}
    return {name: data for name, data in found.items() if 0 < len(data) <= LONGEST}


def kept() -> dict[str, bytes]:
    """Returns what fuzzing found before, by name."""
    return {path.name: path.read_bytes() for path in sorted(KEPT.glob("*.dcm"))}


def cases() -> dict[str, bytes]:
    """Returns small files that are odd in ways that no test file is, made here."""
    from tests.fuzz import seed_files

    return seed_files.files()


def mutations(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yields mutated test files with names that tell how to have them again."""
    every = sorted(seeds().items())
    coded = [(name, data) for name, data in every if CODED in data]
    for number in range(seed, seed + count):
        random = Random(number)
        name, data = random.choice(random.choice((every, coded)))
        yield f"{number} of {name}", mutated(data, random)


def mutated(data: bytes, random: Random) -> bytes:
    """Returns a few changes at once: bytes replaced, removed, put in twice, or cut off."""
    made = bytearray(data)
    for _ in range(random.randint(1, 6)):
        # headers are where damage does most: the front, and the last KiB before long values
        at = random.randrange(min(len(made), random.choice((400, 2000, LONGEST))))
        size = random.choice((1, 1, 2, 4, 50))
        match random.randrange(6):
            case 0:
                made[at] ^= 1 << random.randrange(8)
            case 1:
                odd = random.choice(ODD)
                made[at : at + len(odd)] = odd
            case 2:
                made[at : at + size] = random.randbytes(size)
            case 3 if len(made) > 500:
                del made[at : at + size]
            case 4:
                made[at:at] = made[at : at + size]
            case _:
                if random.random() < 0.2:  # not too often: it hides the rest
                    del made[max(at, 200) :]
    return bytes(made)


def main(folder: str) -> None:
    """Writes all files to start from into a folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, data in (seeds() | kept()).items():
        (Path(folder) / name).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
