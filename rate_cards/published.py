"""published.sha256: the digests that keep a published card as it was.

One line per published card, as `sha256sum` writes it, so `sha256sum -c published.sha256` inside the
book folder checks the same without us.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rate_cards.problems import Problem, excerpt_at, relative, unusable

FILE_NAME = "published.sha256"

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>\S.*)")


def check_published(folder: Path, card_paths: Sequence[str]) -> Iterator[Problem]:
    """Problems of cards that are not what was published.

    Args:
        folder: The book folder.
        card_paths: Every card file, valid or not, relative to the folder.
    """
    register = folder / FILE_NAME
    if not register.is_file():
        return
    place, text = relative(register), register.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        matched = _LINE.fullmatch(line)
        if not matched:
            yield Problem(
                place,
                "the line is not a digest and a file",
                "The file is written by creditbooks rates publish; restore it from version "
                "control.",
                number,
                1,
                excerpt_at(text, number, 1, len(line)),
            )
            continue
        published, path = matched["digest"], matched["path"]
        if path not in card_paths:
            yield Problem(
                place,
                f"{path} was published and is gone",
                "Usage was priced by it. Restore the file from version control.",
                number,
                1,
                excerpt_at(text, number, 1, len(line)),
            )
            continue
        digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        if digest != published:
            yield Problem(
                relative(folder / path),
                f"the card was changed after it was published: its digest is "
                f"{digest[:12]}…, published was {published[:12]}… ({place}:{number})",
                "A published card stays as it is, or history is priced anew. Restore the file "
                "from version control, and put the change in a new file under cards/ with its "
                "own version and effective_from; if it corrects a mistake, with corrects: as "
                "well.",
            )


def published_digests(folder: Path) -> dict[str, str]:
    """Published card file, relative to the book folder -> its sha256. Other lines are passed by."""
    register = folder / FILE_NAME
    if not register.is_file():
        return {}
    lines = register.read_text(encoding="utf-8", errors="replace").splitlines()
    matches = [matched for line in lines if (matched := _LINE.fullmatch(line))]
    return {matched["path"]: matched["digest"] for matched in matches}


def publish(folder: Path, path: str, digest: str) -> bool:
    """Add a card to the register of published cards.

    Args:
        folder: The book folder.
        path: The card's file, relative to the folder.
        digest: sha256 of its bytes. A book whose register holds another one does not load.

    Returns:
        Whether it was added; False where it was published already.

    Raises:
        EnvironmentProblem: the book folder cannot be written to.
    """
    digests = published_digests(folder)
    if path in digests:
        return False
    digests[path] = digest
    lines = [f"{digests[name]}  {name}\n" for name in sorted(digests)]
    register = folder / FILE_NAME
    try:
        register.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise unusable(register, error, "Make the book folder writable.") from error
    return True
