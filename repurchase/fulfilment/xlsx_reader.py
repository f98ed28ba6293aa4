"""The first sheet of an XLSX as texts, read in a child that can be killed
(marketplace.sandboxed_reader, reliability 11). Pure."""

import datetime as dt
import io
import zipfile
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

MAX_INFLATED = 100 << 20
MAX_RATIO = 100
MAX_ROWS = 20_001  # the header and what an import takes; of more only the number is told


def read(data: bytes) -> dict[str, Any]:
    """{"rows": [[text, …], …], "total": how many the sheet has}, or {"error": what is wrong}."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inflated = sum(part.file_size for part in packed.infolist())
        if inflated > MAX_INFLATED or inflated > MAX_RATIO * len(data):
            return {"error": f"it would unpack to {inflated} bytes"}
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS)
    except (zipfile.BadZipFile, CalamineError, ValueError, IndexError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    return {
        "rows": [[_cell_text(cell) for cell in row] for row in rows],
        "total": sheet.end[0] + 1 if sheet.end else 0,
    }


def _cell_text(cell: Any) -> str:
    """As it would stand in a CSV: 12.0 is "12", an instant ISO 8601."""
    if isinstance(cell, float):
        return f"{int(cell)}" if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()
