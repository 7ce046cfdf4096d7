"""Workbooks as a spreadsheet program writes them, made part by part: so a test can break any of it."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ODS = "urn:oasis:names:tc:opendocument:xmlns"

DAY = 1
"""The style of a cell that is shown as a day."""


def text(at: str, value: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def number(at: str, value: float, style: int = 0) -> str:
    return f'<c r="{at}" s="{style}"><v>{value}</v></c>'


def row(at: int, *cells: str) -> str:
    return f'<row r="{at}">{"".join(cells)}</row>'


def texts(at: int, values: Sequence[str]) -> str:
    return row(at, *(text(f"{chr(ord('A') + column)}{at}", value) for column, value in enumerate(values)))


def xlsx(*rows: str, after: str = "", hidden: Sequence[str] = ("Ẩn",), since_1904: bool = False) -> bytes:
    """A workbook whose first sheet, `Sổ`, has these rows; `hidden` ones have one cell each."""
    sheets = {"Sổ": "".join(rows), **{name: row(1, text("A1", "ẩn")) for name in hidden}}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"{"" if name == "Sổ" else HIDDEN}/>'
        for at, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="r{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    properties = '<workbookPr date1904="1"/>' if since_1904 else "<workbookPr/>"
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>",
    }
    for at, content in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{at}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{content}</sheetData>{after if at == 1 else ""}</worksheet>'
        )
    return archive(parts)


HIDDEN = ' state="hidden"'


def ods(*rows: Sequence[str], encrypted: bool = False) -> bytes:
    """An OpenDocument spreadsheet with one sheet of text cells."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    written = "".join(
        f"<table:table-row>{''.join(cell.format(escape(value)) for value in values)}</table:table-row>"
        for values in rows
    )
    spaces = " ".join(f'xmlns:{name}="{_ODS}:{name}:1.0"' for name in ("office", "table", "text"))
    entry = "<manifest:encryption-data/>" if encrypted else ""
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{_ODS}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="content.xml">{entry}</manifest:file-entry></manifest:manifest>',
            "content.xml": f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Sổ">{written}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        }
    )


def filled(content: bytes, cells: Mapping[str, str], sheet: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with these texts in cells that were there, as if typed by hand."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        parts: dict[str, str | bytes] = {name: opened.read(name) for name in opened.namelist()}
    written = bytes(parts[sheet]).decode()
    for at, value in cells.items():
        written, count = re.subn(rf'<c r="{at}"[^>/]*(?:/>|>.*?</c>)', text(at, value).replace("\\", r"\\"), written)
        assert count == 1, at
    return archive({**parts, sheet: written.encode()})


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            is_xml = isinstance(content, str) and content.startswith("<")
            opened.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + content if is_xml else content)
    return written.getvalue()
