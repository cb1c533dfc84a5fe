"""The span of times that can be meant: outside it, a unit was mistaken or a digit lost."""

from __future__ import annotations

from datetime import datetime

# Naive on purpose: raw times are UTC without a zone. Today's epoch seconds read as milliseconds
# land in 1970, before the first; milliseconds read as seconds land far behind the last.
EARLIEST = datetime(1980, 1, 1)  # noqa: DTZ001
LATEST = datetime(2200, 1, 1)  # noqa: DTZ001
