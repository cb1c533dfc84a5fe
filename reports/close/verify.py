"""Verify closed periods from their files alone: Python's standard library, no database.

    python verify.py [FOLDER] [PERIOD]

FOLDER (by default, where this file is) holds the evidence of one set of books:

    HEAD                          number and digest of the last entry: print it, sign it, mail it
    0001-close-2025-07/           an entry of the chain: a period that was closed
        manifest.json             what was frozen and how it came about; names the entry before it
        manifest.sha256           its digest
        credit_ledger.parquet     ... the frozen tables, with their digests in the manifest
    0002-reopen-2025-07/          a period that was reopened, and why

Exit: 0 everything is as it was frozen, 1 something is not.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = "HEAD"
MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
PROGRAM = "verify.py"
NAME = re.compile(r"(\d{4})-(close|reopen)-(\d{4}-\d{2})")
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """One link of the chain.

    Attributes:
        no: Its number, from 1.
        action: close or reopen.
        period: The month, 2025-07.
        folder: Where it lies.
    """

    no: int
    action: str
    period: str
    folder: Path


def digest(path: Path) -> str:
    """The sha256 of a file, as 64 hexadecimal digits."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
    return sha256.hexdigest()


def entries(root: Path) -> list[Entry]:
    """The links there are, by number. What has no entry's name is left out."""
    found = []
    for folder in sorted(root.iterdir()):
        match = NAME.fullmatch(folder.name)
        if match and folder.is_dir():
            found.append(Entry(int(match[1]), match[2], match[3], folder))
    return found


def in_force(chain: list[Entry]) -> dict[str, Entry]:
    """Closed period -> the entry that closed it: the last one, unless it was reopened since."""
    closed: dict[str, Entry] = {}
    for entry in chain:
        if entry.action == "close":
            closed[entry.period] = entry
        else:
            # Reopening a period opens every later one.
            closed = {period: each for period, each in closed.items() if period < entry.period}
    return closed


def head_line(entry: Entry, manifest_sha256: str) -> str:
    """What HEAD says of the last entry."""
    return f"{entry.folder.name} {manifest_sha256}\n"


def verify(root: Path, period: str | None = None) -> list[str]:
    """What is not as it was frozen, a line each, beginning with the file; empty if all is.

    Args:
        root: The folder of evidence.
        period: Look into the frozen files of this period only; the chain is always verified whole.
    """
    if not root.is_dir():
        return [f"{root}: there is no such folder"]
    chain = entries(root)
    if not chain:
        return [f"{root}: no period is frozen here"]
    problems = _strangers(root, chain) + _sequence(chain) + _digests(root, chain)
    if period is not None and period not in in_force(chain):
        problems.append(f"{root}: {period} is not closed")
    for entry in chain:
        if period is None or entry.period == period:
            problems += _files(entry)
    return problems


def _strangers(root: Path, chain: list[Entry]) -> list[str]:
    """Files and folders that no entry explains."""
    known = {HEAD, PROGRAM, *(entry.folder.name for entry in chain)}
    return [
        f"{path.name}: does not belong to the evidence"
        for path in sorted(root.iterdir())
        if path.name not in known
    ]


def _sequence(chain: list[Entry]) -> list[str]:
    """Numbers without a gap, and periods closed one after another."""
    problems = []
    for expected, entry in enumerate(chain, start=1):
        if entry.no != expected:
            problems.append(f"{entry.folder.name}: entry {expected:04} should stand here")
            break
    last: str | None = None
    for entry in chain:
        name = entry.folder.name
        if entry.action == "close":
            if last is not None and entry.period != _month_after(last):
                problems.append(f"{name}: {_month_after(last)} was to be closed before")
            last = entry.period
        elif last is None or entry.period > last:
            problems.append(f"{name}: {entry.period} was not closed")
        else:
            last = _month_before(entry.period)
    return problems


def _digests(root: Path, chain: list[Entry]) -> list[str]:
    """The chain itself. Each manifest has two witnesses, so the one that differs is named."""
    problems = []
    manifests = [read_manifest(entry) for entry in chain]
    for position, entry in enumerate(chain):
        name = entry.folder.name
        path = entry.folder / MANIFEST
        manifest = manifests[position]
        if manifest is None:
            problems.append(f"{name}/{MANIFEST}: cannot be read")
            continue
        claimed = (manifest.get("no"), manifest.get("action"), manifest.get("period"))
        if claimed != (entry.no, entry.action, entry.period):
            problems.append(f"{name}/{MANIFEST}: belongs to another entry")
        actual, beside = digest(path), _text(entry.folder / MANIFEST_DIGEST).removesuffix("\n")
        if position + 1 < len(chain):
            following = manifests[position + 1]
            witness = str((following or {}).get("previous"))
            witness_name = f"{chain[position + 1].folder.name}/{MANIFEST}"
        else:
            witness_name = HEAD
            words = _text(root / HEAD).split(" ")
            is_of_last = len(words) == 2 and words[0] == name
            witness = words[1].removesuffix("\n") if is_of_last else ""
        if actual == beside == witness:
            continue
        if beside == witness:
            problems.append(f"{name}/{MANIFEST}: was changed")
        elif actual == witness:
            problems.append(f"{name}/{MANIFEST_DIGEST}: was changed")
        elif actual == beside:
            problems.append(f"{witness_name}: does not name {name} as it is here")
        else:
            problems.append(f"{name}/{MANIFEST}: was changed, and so was what vouched for it")
    first = manifests[0]
    if first is not None and first.get("previous") is not None:
        problems.append(f"{chain[0].folder.name}/{MANIFEST}: names an entry before the first")
    program = root / PROGRAM
    last = manifests[-1]
    if last is not None and last.get("program") != (digest(program) if program.exists() else None):
        problems.append(f"{PROGRAM}: is not the program that was frozen with the evidence")
    return problems


def _files(entry: Entry) -> list[str]:
    """The frozen files of one entry: those its manifest lists, each with the digest it had."""
    manifest = read_manifest(entry)
    if manifest is None:
        return []
    name = entry.folder.name
    listed = {each["name"]: each["sha256"] for each in manifest.get("files", [])}
    here = {path.name for path in entry.folder.iterdir()} - {MANIFEST, MANIFEST_DIGEST}
    problems = [f"{name}/{each}: is missing" for each in sorted(listed.keys() - here)]
    problems += [f"{name}/{each}: was not frozen" for each in sorted(here - listed.keys())]
    problems += [
        f"{name}/{each}: was changed"
        for each in sorted(listed.keys() & here)
        if digest(entry.folder / each) != listed[each]
    ]
    return problems


def read_manifest(entry: Entry) -> dict[str, Any] | None:
    """The manifest of an entry; None if it cannot be read."""
    try:
        read = json.loads((entry.folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _text(path: Path) -> str:
    """The text of a small file; empty if it cannot be read."""
    try:
        return path.read_bytes().decode("ascii")
    except (OSError, ValueError):
        return ""


def _month_after(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


def _month_before(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year - (month == 1):04}-{(month - 2) % 12 + 1:02}"


def main(arguments: list[str]) -> int:
    """Print what is wrong, or what was verified."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    problems = verify(root, arguments[1] if len(arguments) > 1 else None)
    for problem in problems:
        print(problem)
    if problems:
        return 1
    chain = entries(root)
    periods = sorted(in_force(chain))
    print(f"Verified; entries: {len(chain)}, closed: {', '.join(periods) or 'none'}.")
    print(f"Head: {_text(root / HEAD).strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
