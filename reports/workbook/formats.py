"""How cells look: numbers by their kind and currency, headers, totals, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.workbook.model import Kind

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

INK, GREY, RED, FILL, LINE = "#1F2933", "#616E7C", "#B42318", "#E4E7EB", "#9AA5B1"
DATES = {Kind.DATE: "yyyy-mm-dd", Kind.MONTH: "yyyy-mm", Kind.INSTANT: "yyyy-mm-dd hh:mm"}


def number_format(kind: Kind, decimals: int = 2) -> str:
    """Excel's code: negatives in parentheses, zero as a dash, digits under digits."""
    if kind is Kind.RATIO:
        return "0.0%"
    if kind is Kind.EXACT:
        digits = ".00#######"
    else:
        places = {Kind.COUNT: 0, Kind.CREDITS: 2}.get(kind, decimals)
        digits = f".{'0' * places}" if places else ""
    return f'#,##0{digits}_);(#,##0{digits});"-"_)'


class Formats:
    """The formats of one workbook, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._of_cells: dict[tuple[Kind, int, bool], Format] = {}

    def of(self, **properties: Any) -> Format:
        """A format with these properties of xlsxwriter."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            base = {"font_name": "Arial", "font_size": 9, "font_color": INK, "valign": "vcenter"}
            self._made[key] = self._workbook.add_format({**base, **properties})
        return self._made[key]

    def cell(self, kind: Kind, decimals: int = 2, is_total: bool = False) -> Format:
        """Of a value in a table; asked for once for each, so it is not put together each time."""
        key = (kind, decimals, is_total)
        if key not in self._of_cells:
            self._of_cells[key] = self._cell(kind, decimals, is_total)
        return self._of_cells[key]

    def _cell(self, kind: Kind, decimals: int, is_total: bool) -> Format:
        look: dict[str, Any] = {"bold": True, "top": 1, "top_color": LINE} if is_total else {}
        if kind.is_number:
            # To the right also where an amount is too long for a number, and so is text.
            return self.of(num_format=number_format(kind, decimals), align="right", **look)
        if kind in DATES:
            return self.of(num_format=DATES[kind], align="left", indent=1, **look)
        return self.of(align="left", indent=1, **look)

    def header(self, kind: Kind) -> Format:
        """Of the words over a column."""
        side: dict[str, Any] = (
            {"align": "right"} if kind.is_number else {"align": "left", "indent": 1}
        )
        look = {"bold": True, "bg_color": FILL, "bottom": 1, "bottom_color": LINE}
        return self.of(text_wrap=True, valign="top", **look, **side)

    @property
    def title(self) -> Format:
        """Of a sheet's first line."""
        return self.of(bold=True, font_size=14)

    @property
    def heading(self) -> Format:
        """Over one of several tables."""
        return self.of(bold=True, font_size=11)

    @property
    def note(self) -> Format:
        """Of words about the figures."""
        return self.of(font_color=GREY)

    @property
    def warning(self) -> Format:
        """Of what must not be overlooked."""
        return self.of(font_color=RED, bold=True)
