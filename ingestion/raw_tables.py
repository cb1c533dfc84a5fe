"""The raw tables that files are loaded into: their columns, in one place.

The tables that configuration is loaded into take their columns from `rate_cards.tables` instead and
are replaced whole at each load; these only ever grow.
"""

from __future__ import annotations

from ingestion.sources import FEEDS

FILES = """
    file_no INTEGER, feed VARCHAR, format VARCHAR, path VARCHAR, source_line INTEGER,
    mapping_sha256 VARCHAR, sha256 VARCHAR, bytes BIGINT, rows BIGINT, loaded BIGINT,
    duplicates BIGINT, rejected BIGINT, excluded BIGINT, control_total_name VARCHAR,
    control_total DECIMAL(38, 9), loaded_at TIMESTAMP, ignored_columns VARCHAR
"""
"""One row per file and mapping ever loaded: rows = loaded + duplicates + rejected + excluded.

The control total is over the rows loaded, so it agrees with the raw table. loaded_at, UTC, is the
only place where the clock enters. ignored_columns is what the mapping left unread, comma-separated.
"""

REJECTED_ROWS = "file_no INTEGER, row_no BIGINT, feed VARCHAR, problem VARCHAR, row_json VARCHAR"
"""One row per row set aside by `load --quarantine`: all its problems, and the row as it came."""

USAGE = """
    event_no BIGINT, customer_no INTEGER, property_set_no INTEGER, occurred_at TIMESTAMP,
    quantity DECIMAL(28, 9), received_at TIMESTAMP, event_id VARCHAR, user_id VARCHAR,
    team_id VARCHAR, corrects VARCHAR, file_no INTEGER, row_no BIGINT
"""
"""One row per event; its customer, and its meter and properties, by number (ingestion/usage.py)."""

USAGE_CUSTOMERS = "customer_no INTEGER, customer_id VARCHAR"
PROPERTY_SETS = "property_set_no INTEGER, meter VARCHAR, properties VARCHAR"
PROPERTY_VALUES = "property_set_no INTEGER, property VARCHAR, value VARCHAR"


def raw_tables() -> dict[str, str]:
    """Table name in schema `raw` -> its column definitions."""
    tables = {
        "files": FILES,
        "rejected_rows": REJECTED_ROWS,
        "usage_customers": USAGE_CUSTOMERS,
        "property_sets": PROPERTY_SETS,
        "property_values": PROPERTY_VALUES,
        "usage": USAGE,
    }
    for feed in FEEDS.values():
        if feed.name not in tables:
            columns = [f"{column.name} {column.sql_type}" for column in feed.columns]
            tables[feed.name] = ", ".join([*columns, "file_no INTEGER", "row_no BIGINT"])
    return tables
