"""Files of every format, well-formed and not, through mappings that fit and that do not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from rate_cards.problems import EnvironmentProblem, InputError
from tests.ingestion_company import FILE_COUNTS, USAGE_CONTENT, USAGE_HEADER, Company, event

JSONL = "{feed: usage, format: jsonl, path: usage.jsonl}"
EVENTS = "{feed: usage, format: cloudevents, path: events.json}"
PARQUET = "{feed: usage, format: parquet, path: usage.parquet}"


def quantities(company: Company) -> list[tuple[str, Decimal]]:
    return [(row[0], row[6]) for row in company.rows(USAGE_CONTENT)]


def write_parquet(company: Company, select: str) -> None:
    path = company.data / "usage.parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")


TYPED = """
    select 'ev_1' as event_id, timestamptz '2026-01-06 10:30:00Z' as occurred_at,
        'acme' as customer_id, 'images' as meter, cast(4 as bigint) as quantity
"""


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data(tmp_path: Path) -> None:
    company = Company(tmp_path)
    content = f"{USAGE_HEADER}\r\n{event('ev_1')}\r\n"
    (company.data / "usage.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    company.load()
    assert quantities(company) == [("ev_1", Decimal(4))]


def test_a_header_alone_is_a_day_without_usage(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv")
    company.load()
    assert company.rows(FILE_COUNTS) == [("usage.csv", 0, 0, 0, 0, 0)]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    company = Company(
        tmp_path, '{feed: customers, format: csv, path: "customers.csv", delimiter: ";"}'
    )
    company.file("customers.csv", "customer_id;name", 'acme;"Acme; the ""best""', 'of all"')
    company.load()
    assert company.rows("select name, row_no from raw.customers") == [
        ('Acme; the "best"\nof all', 1)
    ]


def test_all_columns_the_file_has_beyond_the_feed_are_noted_as_ignored(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.file("usage.csv", f"{USAGE_HEADER},host,,{'zone'}", event("ev_1") + ",h1,,z1")
    [file] = company.load().files
    assert file.ignored_columns == ("host", "column_8", "zone")
    assert company.rows("select ignored_columns from raw.files") == [("host,column_8,zone",)]


def test_with_columns_nothing_is_read_by_accident_of_its_name(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: payments, format: csv, path: pay.csv, columns: {payment_id: id, "
        "occurred_at: created, customer_id: customer, kind: type, "
        'amount: "cast(cents as decimal(28, 9)) / 100", currency: upper(currency)}}',
    )
    company.file(
        "pay.csv",
        "id,created,customer,type,cents,currency,fee",
        "p_1,2026-01-02T00:00:00Z,acme,payment,1234,usd,59",
    )
    # decimal / integer is a double in DuckDB: refused before it can become money.
    assert company.messages() == [
        "amount is a binary floating-point number (DOUBLE), not a decimal"
    ]
    company.edit_book("/ 100", "* 0.01")
    [file] = company.load().files
    # 1,234 cents are 12.34; the fee, in cents too, is not taken for dollars.
    assert company.rows("select amount, fee, currency from raw.payments") == [
        (Decimal("12.34"), 0, "USD")
    ]
    assert file.ignored_columns == ("fee",)


def test_constants_row_numbers_and_single_properties_can_be_mapped(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: usage, format: csv, path: jobs.csv, where: state = 'done', columns: {"
        'event_id: "_file || \':\' || _row", occurred_at: "cast(began as timestamp) at time zone '
        "'UTC'\", customer_id: tenant, quantity: n, properties.model: model}, "
        "constants: {meter: images}}",
    )
    company.file(
        "jobs.csv",
        "tenant,began,n,model,state",
        "acme,2026-01-06 10:30:00,3,flux-dev,done",
        "acme,2026-01-06 10:31:00,9,flux-dev,failed",
        "acme,2026-01-06 10:32:00,5,,done",
    )
    company.load()
    assert company.rows(FILE_COUNTS) == [("jobs.csv", 3, 2, 0, 0, 1)]
    assert [(row[0], row[5], row[6]) for row in company.rows(USAGE_CONTENT)] == [
        ("jobs.csv:1", '{"model":"flux-dev"}', 3),
        ("jobs.csv:3", "{}", 5),
    ]


def test_single_properties_complete_a_json_object_and_win(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: usage, format: csv, path: usage.csv, columns: {event_id: event_id, "
        "occurred_at: occurred_at, customer_id: customer_id, quantity: quantity, "
        "properties: properties}, constants: {meter: llm_tokens, properties.direction: input}}",
    )
    company.usage("usage.csv", event("ev_1"), event("ev_2", properties=""))
    company.load()
    assert [row[5] for row in company.rows(USAGE_CONTENT)] == [
        '{"direction":"input","model":"flux-dev"}',
        '{"direction":"input"}',
    ]


def test_parquet_types_are_taken_without_parsing(tmp_path: Path) -> None:
    company = Company(tmp_path, PARQUET)
    write_parquet(company, f"{TYPED}, map {{'model': 'flux-dev'}} as properties")
    company.load()
    [row] = company.rows(USAGE_CONTENT)
    assert (row[5], row[6]) == ('{"model":"flux-dev"}', Decimal(4))


def test_the_same_facts_in_csv_and_parquet_are_duplicates(tmp_path: Path) -> None:
    company = Company(tmp_path, PARQUET, '{feed: usage, format: csv, path: "usage.csv"}')
    write_parquet(company, f'{TYPED}, \'{{"model":"flux-dev"}}\' as properties')
    company.usage("usage.csv", event("ev_1"))
    assert [file.duplicates for file in company.load().files] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            "replace (timestamp '2026-01-06 10:30:00' as occurred_at)",
            "occurred_at has no time zone (its type is TIMESTAMP)",
        ),
        (
            "replace (cast(4 as double) as quantity)",
            "quantity is a binary floating-point number (DOUBLE), not a decimal",
        ),
        ("exclude (customer_id)", "the required usage column customer_id is missing"),
    ],
)
def test_a_parquet_file_of_unfit_types_is_refused(
    tmp_path: Path, changes: str, message: str
) -> None:
    company = Company(tmp_path, PARQUET)
    write_parquet(company, f"select * {changes} from ({TYPED})")
    assert company.messages() == [message]


@pytest.mark.parametrize("kept", [3, 50, -1])
def test_a_cut_off_parquet_file_is_refused(tmp_path: Path, kept: int) -> None:
    company = Company(tmp_path, PARQUET)
    write_parquet(company, TYPED)
    path = company.data / "usage.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    [message] = company.messages()
    if kept == 3:
        assert message == "the file is not Parquet: it does not begin with PAR1"
    else:
        assert message == "the Parquet file is cut off: it does not end with PAR1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1....", "the file is a Parquet file, not csv"),
        (b"PK\x03\x04....", "the file is a ZIP archive or an Excel workbook, not csv"),
        (b"\x1f\x8b....", "the file is compressed with gzip, not csv"),
        ("event_id\n".encode("utf-16"), "the file is UTF-16 text, not csv"),
        (b"event_id\n\xe9\n", "the file is not UTF-8 text: byte 0xe9"),
        (b"event_id\n\x00\n", "the file holds zero bytes: it is binary, or text in UTF-16"),
        (b"", "the file is empty"),
        (b"\n", "the header line is empty"),
        (b"a,b,A\n", 'column "A" stands twice in the header: at 1 (there spelled "a") and 3'),
    ],
)
def test_a_file_that_is_not_what_it_is_said_to_be_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    company = Company(tmp_path)
    (company.data / "usage.csv").write_bytes(content)
    assert company.messages() == [message]


def test_the_line_of_a_wrong_byte_is_found_far_into_a_file(tmp_path: Path) -> None:
    company = Company(tmp_path)
    # The first chunk ends inside the two bytes of an é, which is no fault; line 3 has one.
    filler = b"x" * (4 * 1024 * 1024 - 10) + b"\n"
    (company.data / "usage.csv").write_bytes(filler + b"12345678" + "é".encode() + b"\n\xff")
    with pytest.raises(InputError) as refused:
        company.load()
    [problem] = refused.value.problems
    assert (problem.line, problem.message) == (3, "the file is not UTF-8 text: byte 0xff")


def test_rows_of_another_width_and_open_quotes_are_all_listed(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"), "ev_2,too short", event("ev_3") + ",too long")
    with pytest.raises(InputError) as refused:
        company.load(quarantine=True)
    [problem] = refused.value.problems
    assert problem.message == "2 rows do not have the 6 cells of the header"
    assert [line.split(":")[0].strip() for line in problem.excerpt.splitlines()] == [
        "line 3",
        "line 4",
    ]


def test_json_numbers_keep_every_digit(tmp_path: Path) -> None:
    company = Company(tmp_path, JSONL)
    head = '"occurred_at":"2026-01-06T10:30:00Z","customer_id":"acme","meter":"images"'
    company.file(
        "usage.jsonl",
        # 19 significant digits: a double would keep 16.
        f'{{"event_id":"ev_1",{head},"quantity":1234567890.123456789,"properties":{{}}}}',
        "",
        f'{{"event_id":"ev_2",{head},"quantity":1.5e-7}}',
        f'{{"event_id":"ev_3",{head},"quantity":"2.50","properties":{{"model":"flux-dev"}}}}',
    )
    company.load()
    assert quantities(company) == [
        ("ev_1", Decimal("1234567890.123456789")),
        ("ev_2", Decimal("0.00000015")),
        ("ev_3", Decimal("2.5")),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1, 2]", "this is not a JSON object"),
        ("{oops}", "Expecting property name enclosed in double quotes at column 2"),
        ('{"a": 1, "a": 2}', 'the key "a" is given twice'),
        ('{"a": NaN}', "NaN is not a number"),
    ],
)
def test_a_line_that_is_no_json_object_is_refused_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    company = Company(tmp_path, JSONL)
    company.file("usage.jsonl", '{"event_id": "ev_1"}', line)
    with pytest.raises(InputError) as refused:
        company.load()
    [problem] = refused.value.problems
    assert (problem.line, problem.message) == (2, message)


CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "req-77",
    "source": "inference-gw-eu",
    "type": "images",
    "subject": "acme",
    "time": "2026-03-02T00:00:00Z",
    "data": {"value": "3", "model": "flux-dev"},
}


@pytest.mark.parametrize("layout", ["lines", "array", "object", "pretty"])
def test_cloud_events_need_no_mapping(tmp_path: Path, layout: str) -> None:
    company = Company(tmp_path, EVENTS)
    text = {
        "lines": json.dumps(CLOUD_EVENT) + "\n",
        "array": json.dumps([CLOUD_EVENT]),
        "object": json.dumps(CLOUD_EVENT),
        "pretty": json.dumps(CLOUD_EVENT, indent=2),
    }[layout]
    company.file("events.json", text)
    company.load()
    [row] = company.rows(USAGE_CONTENT)
    assert row[0] == "inference-gw-eu/req-77"
    assert row[3:7] == ("acme", "images", '{"model":"flux-dev"}', Decimal(3))


def test_cloud_events_without_a_source_keep_their_id(tmp_path: Path) -> None:
    company = Company(tmp_path, EVENTS)
    bare = {name: value for name, value in CLOUD_EVENT.items() if name != "source"}
    company.file("events.json", json.dumps(bare), json.dumps({**CLOUD_EVENT, "id": "req-78"}))
    company.load()
    assert [name for name, _ in quantities(company)] == ["inference-gw-eu/req-78", "req-77"]


def test_cloud_events_can_be_mapped_where_a_gateway_differs(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: usage, format: cloudevents, path: events.json, columns: {"
        "quantity: \"data ->> 'tokens'\", properties.model: \"data ->> 'model'\"}}",
    )
    data = {"tokens": 12.5, "model": "flux-dev", "kind": "output"}
    company.file("events.json", json.dumps({**CLOUD_EVENT, "data": data}))
    company.load()
    [row] = company.rows(USAGE_CONTENT)
    assert row[5:7] == ('{"model":"flux-dev"}', Decimal("12.5"))


def test_whole_lines_can_be_cut_up_by_a_mapping(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        '{feed: payments, format: lines, path: sales.txt, where: "_row > 1", columns: {'
        "payment_id: \"'cd:' || _row\", occurred_at: \"strptime(substr(line, 8, 8), '%Y%m%d') "
        'at time zone \'UTC\'", customer_id: "substr(line, 2, 5)", '
        'amount: "trim(substr(line, 20))"}, constants: {kind: payment, currency: USD}}',
    )
    company.file("sales.txt", " id    date     n   dollars", " 00001 19970101  1   11.77", "")
    company.load()
    assert company.rows(FILE_COUNTS) == [("sales.txt", 2, 1, 0, 0, 1)]
    assert company.rows("select payment_id, customer_id, amount from raw.payments") == [
        ("cd:2", "00001", Decimal("11.77"))
    ]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("[]", "properties is not a JSON object"),
        ("oops", "properties is not a JSON object"),
        (
            '"{""model"": {""name"": ""x""}}"',
            "properties holds a list or an object where a single value is needed",
        ),
        ('"{""model"": 1, ""model"": 2}"', "properties gives a property twice"),
        ('"{""size"": 1}"', "properties has a property that its meter does not declare"),
    ],
)
def test_properties_that_no_rate_could_match_are_refused(
    tmp_path: Path, properties: str, message: str
) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1", properties=properties))
    assert company.messages() == [f"{message} in 1 of 1 rows"]


def test_property_values_become_text_as_json_writes_them(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.edit_book("properties: [model]", "properties: [model, hd, steps]")
    company.usage(
        "usage.csv",
        event("ev_1", properties='"{""steps"": 1.50, ""hd"": true, ""model"": null}"'),
    )
    company.load()
    assert company.rows("select properties from raw.property_sets") == [
        ('{"hd":"true","steps":"1.50"}',)
    ]


@pytest.mark.parametrize(
    ("feed", "header", "row", "message"),
    [
        (
            "grants",
            "grant_id,customer_id,wallet,credits,kind,effective_at",
            "g_1,acme,gold,5,promo,2026-01-01T00:00:00Z",
            "wallet is not a wallet of the book in 1 of 1 rows",
        ),
        (
            "subscriptions",
            "subscription_id,customer_id,offer,started_at",
            "s_1,acme,pro,2026-01-01T00:00:00Z",
            "offer is on no rate card in 1 of 1 rows",
        ),
        (
            "lot_events",
            "lot_event_id,occurred_at,lot_id,kind,to_wallet",
            "l_1,2026-01-01T00:00:00Z,g_1,transfer,gold",
            "to_wallet is not a wallet of the book in 1 of 1 rows",
        ),
    ],
)
def test_words_that_only_the_book_gives_a_meaning_must_be_in_it(
    tmp_path: Path, feed: str, header: str, row: str, message: str
) -> None:
    company = Company(tmp_path, f"{{feed: {feed}, format: csv, path: facts.csv}}")
    company.file("facts.csv", header, row)
    assert company.messages() == [message]


def test_limits_and_members_are_written_with_their_plain_names(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: limits, format: csv, path: limits.csv}",
        "{feed: members, format: csv, path: members.csv}",
        "{feed: fx_rates, format: csv, path: fx.csv}",
        "{feed: period_closes, format: csv, path: closes.csv}",
    )
    company.file(
        "limits.csv",
        "customer_id,scope,id,window,credits,action,from,to",
        "acme,user,u_1,month,100,flag,2026-01-01T00:00:00Z,",
    )
    company.file(
        "members.csv", "customer_id,user_id,team_id,from,to", "acme,u_1,t_1,2026-01-01T00:00:00Z,"
    )
    company.file("fx.csv", "date,currency,rate", "2026-01-31,EUR,1.083")
    company.file("closes.csv", "close_id,period,closed_at", "c_1,2026-01,2026-02-05T00:00:00Z")
    company.load()
    assert company.rows("select limit_id, subject_id, window_unit from raw.limits") == [
        ("acme:user:u_1:month:2026-01-01 00:00:00", "u_1", "month")
    ]
    assert company.rows("select user_id, valid_to from raw.members") == [("u_1", None)]
    assert company.rows("select rate from raw.fx_rates") == [(Decimal("1.083"),)]
    assert company.rows("select cast(period as varchar), action from raw.period_closes") == [
        ("2026-01-01", "close")
    ]


def test_a_misspelt_column_of_a_mapping_is_shown_in_the_book(tmp_path: Path) -> None:
    company = Company(
        tmp_path, "{feed: usage, format: csv, path: usage.csv, columns: {evnt_id: event_id}}"
    )
    company.usage("usage.csv", event("ev_1"))
    with pytest.raises(InputError) as refused:
        company.load()
    [problem] = refused.value.problems
    assert problem.message == "the usage feed has no column evnt_id"
    assert problem.place.endswith("book.yml")
    assert "evnt_id" in problem.excerpt


def test_a_mapping_that_fails_on_a_value_says_so(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: customers, format: csv, path: customers.csv, columns: {"
        "customer_id: cast(number as integer)}}",
    )
    company.file("customers.csv", "number", "1", "two")
    [message] = company.messages()
    assert message == "the rows cannot be read: Could not convert string 'two' to INT32"


def test_a_source_without_a_file_is_refused_unless_it_is_optional(tmp_path: Path) -> None:
    company = Company(tmp_path, '{feed: usage, format: csv, path: "usage/*.csv"}')
    with pytest.raises(EnvironmentProblem, match="no file matches"):
        company.load()
    company.sources('{feed: usage, format: csv, path: "usage/*.csv", optional: true}')
    assert company.load().files == ()


def test_one_file_can_be_read_by_two_sources(tmp_path: Path) -> None:
    mapping = (
        "{{feed: payments, format: csv, path: pay.csv, columns: {{payment_id: \"'{kind}:' || id\", "
        "occurred_at: Created date (UTC), customer_id: customer, amount: {amount}}}, "
        "constants: {{kind: {kind}, currency: USD}}}}"
    )
    company = Company(
        tmp_path,
        mapping.format(kind="payment", amount="gross"),
        mapping.format(kind="fee", amount="fee"),
    )
    company.file(
        "pay.csv",
        "id,Created date (UTC),customer,gross,fee",
        "1,2026-01-02T00:00:00Z,acme,10.00,0.59",
    )
    company.load()
    assert company.rows("select payment_id, amount from raw.payments order by amount") == [
        ("fee:1", Decimal("0.59")),
        ("payment:1", Decimal("10")),
    ]
