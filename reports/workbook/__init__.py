"""The workbook finance is handed: sheets as data, and what writes them."""
