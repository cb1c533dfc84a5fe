"""Every error says the same words each time: one folder of tests/errors a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.error_cases import ErrorCase, error_cases, run_case
from tests.errors_page import PAGE, errors_page

CASES = error_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_error_is_shown_in_exactly_these_words(case: ErrorCase, tmp_path: Path) -> None:
    outcome = run_case(case, tmp_path)
    assert outcome.complaint == case.expected
    assert outcome.exit_code == case.exit_code
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_error_case_says_why_it_matters(case: ErrorCase) -> None:
    assert len(case.why.split()) >= 5, "case.yml: why needs a sentence"


def test_errors_page_is_current() -> None:
    current = PAGE.read_text(encoding="utf-8")
    assert current == errors_page(CASES), "Write it again: python -m tests.errors_page"
