"""What usage exports of model vendors share: buckets of time with a count per kind of token."""

from __future__ import annotations

from collections.abc import Mapping


def one_row_per_kind(counts: Mapping[str, str], dimensions: tuple[str, ...]) -> str:
    """SQL that turns a row with many counts into one per kind of token that was used.

    Args:
        counts: Kind -> SQL of how many, as text.
        dimensions: Columns that tell the rows of one bucket apart, its start included.

    Returns:
        SQL over `{file}` with the file's columns, and `_kind`, `_count` and `_id`: an id that is
        the same each time the bucket is exported. `_row` counts what was made of the file's rows.
    """
    listed = ", ".join(
        f"{{'place': {place}, 'kind': '{kind}', 'count': {sql}}}"
        for place, (kind, sql) in enumerate(counts.items())
    )
    parts = ", ".join(f"coalesce({name}, '')" for name in dimensions)
    return (
        "select row_number() over (order by _row, _counted.place) as _row, "
        "* exclude (_row, _counted), _counted.kind as _kind, _counted.count as _count, "
        f"concat_ws('/', {parts}, _counted.kind) as _id "
        f"from (select *, unnest([{listed}]) as _counted from {{file}}) "
        "where _counted.count is not null and _counted.count <> '0'"
    )
