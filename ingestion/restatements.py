"""Exports whose rows change until a period is final: a changed row corrects the one before it.

Some systems restate: the usage of a day is exported again with another quantity until the month is
closed there. Such a row is neither a duplicate nor a conflict but a new version of the same fact.
The first version keeps the id of the export, the next ones are `<id>#2`, `<id>#3`, each of which
`corrects` the one before: everything that was ever said stays in raw, and the last version counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from duckdb import DuckDBPyConnection

from ingestion.exports import EXPORTS
from ingestion.repeats import content_of
from ingestion.sources.feed import Feed
from ingestion.staging import Staged, staged_table


def restate(connection: DuckDBPyConnection, feed: Feed, staged: Iterable[Staged]) -> None:
    """Give the staged rows of exports that restate their place among the versions of their fact.

    A version comes after another if it was received later or, where the source does not say when,
    if its file was loaded later. A row that says what the version before it says becomes that
    version once more, for `find_repeats` to count as a duplicate. What is no version keeps its id,
    and so conflicts with the first one: a row that differs in more than its quantity or amount, the
    second of two of one file, and one never seen in a file older than one that was loaded.

    Args:
        connection: Has the staged rows, with usage its property sets, and the faults found so far.
        feed: The feed; one whose facts are final is left alone.
        staged: The files that were read.
    """
    files = [
        str(each.file.file_no)
        for each in staged
        if each.file.source.feed == feed.name
        and (export := EXPORTS.get(each.file.source.format))
        and export.restates
    ]
    if not files or not feed.restated:
        return
    content = content_of(feed)
    [key] = feed.key
    same = [
        column.name
        for column in feed.columns
        if column.name not in (key, feed.restated, "received_at", "corrects")
    ]
    connection.execute(
        f"""
        create temp table restated as
        with said as (
            select *, {key} as fact, {feed.known_at} as known_at
            from ({content.staged})
            anti join faults using (file_no, row_no)
            where file_no in ({", ".join(files)})
        ),
        loaded as (
            select
                *,
                -- Only later versions correct, and only they have a number.
                case
                    when corrects is null then {key}
                    else regexp_replace({key}, '#[0-9]+$', '')
                end as fact,
                {feed.known_at} as known_at
            from ({content.loaded})
            where fact in (select fact from said)
        ),
        last_loaded as (
            select
                fact,
                count(*) as versions,
                max((known_at, file_no, row_no)) as place,
                max_by({feed.restated}, (known_at, file_no, row_no)) as {feed.restated}
            from loaded
            group by fact
        ),
        first_ones as (
            select {", ".join(["fact", *same])} from (
                select *, false as is_staged from loaded
                union all by name
                select *, true as is_staged from said
            )
            qualify row_number() over (
                partition by fact order by is_staged, known_at, file_no, row_no
            ) = 1
        ),
        versions as (
            select *
            from said
            semi join first_ones on {_same(same, "said", "first_ones")}
            qualify {feed.restated} = first_value({feed.restated}) over (
                partition by fact, file_no order by row_no
            )
        ),
        -- From here on only what was received after all that is loaded.
        steps as (
            select
                versions.*,
                coalesce(last_loaded.versions, 0) as loaded_versions,
                versions.{feed.restated} is distinct from lag(
                    versions.{feed.restated}, 1, last_loaded.{feed.restated}
                ) over in_order as is_new
            from versions
            left join last_loaded using (fact)
            where
                last_loaded.place is null
                or (versions.known_at, versions.file_no, versions.row_no) > last_loaded.place
            window in_order as (
                partition by versions.fact
                order by versions.known_at, versions.file_no, versions.row_no
            )
        ),
        numbered as (
            select
                *,
                loaded_versions + sum(cast(is_new as integer)) over (
                    partition by fact order by known_at, file_no, row_no
                ) as version
            from steps
        ),
        later as (
            select
                file_no,
                row_no,
                {_version_id("fact", "version")} as version_id,
                case when version > 1 then {_version_id("fact", "version - 1")} end as corrects,
                first_value(received_at) over (
                    partition by fact, version order by known_at, file_no, row_no
                ) as received_at
            from numbered
            where version > loaded_versions
        ),
        again as (
            select
                versions.file_no,
                versions.row_no,
                unnest(
                    max_by(
                        {{
                            'version_id': loaded.{key},
                            'corrects': loaded.corrects,
                            'received_at': loaded.received_at
                        }},
                        -- A row of a file that is read again is itself.
                        (
                            (loaded.file_no, loaded.row_no) = (versions.file_no, versions.row_no),
                            loaded.known_at,
                            loaded.file_no,
                            loaded.row_no
                        )
                    )
                )
            from versions
            anti join later using (file_no, row_no)
            inner join loaded using (fact, {feed.restated})
            group by versions.file_no, versions.row_no
        )
        from later union all by name from again
        """
    )
    connection.execute(
        f"""
        update {staged_table(feed)} as staged set
            {key} = restated.version_id,
            corrects = restated.corrects,
            received_at = restated.received_at
        from restated
        where staged.file_no = restated.file_no and staged.row_no = restated.row_no
        """
    )
    connection.execute("drop table restated")


def _same(names: Iterable[str], one: str, other: str) -> str:
    """SQL: whether two rows can be versions of one fact, which have these columns in common."""
    return " and ".join(
        f"{one}.{name} is not distinct from {other}.{name}" for name in ("fact", *names)
    )


def _version_id(fact: str, version: str) -> str:
    """SQL of the id of a version: the first has the id of the export itself."""
    return f"{fact} || case when {version} > 1 then '#' || {version} else '' end"
