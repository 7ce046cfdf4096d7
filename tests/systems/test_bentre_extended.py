"""Where the Bến Tre software of an installation differs, its mapping says only that, and the rest stays as it is."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import connector.sample
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.errors import MappingError
from connector.loading import compiled_schemas, mapping_at
from connector.resources import shipped
from connector.sample.agency import build
from connector.sources.sql import SqlSource
from tests.sample.sweeping import AGENCY, Swept, changed, sweep

SEED = 7
CODES = Path(str(connector.sample.__file__)).parent / "codes"

HEAD = """
extends = "bentre"
title = { vi = "Phần mềm KNTC của tỉnh", en = "The province's KNTC" }
"""


def query(kind: Kind, child: str = "") -> str:
    """The product's query, as whoever writes an extension copies it."""
    file = tomllib.loads(shipped("mappings", "bentre", f"{kind}.toml").read_text("utf-8"))
    found = {each["name"]: each for each in file["children"]}[child] if child else file["select"]
    return str(found["sql"])


def ours(kind: Kind, child: str, was: str, is_: str, more: str = "") -> str:
    """A kind file that replaces one query by the product's own with another column, and whatever else differs."""
    sql = query(kind, child)
    assert sql.count(was) == 1
    head = f'[[children]]\nname = "{child}"' if child else "[select]"
    return f"{head}\nsql = '''{sql.replace(was, is_)}'''\n{more}"


def written(folder: Path, **files: str) -> CompiledMapping:
    """Write and compile a mapping that extends the shipped one, with the codes of the sample agency."""
    root = folder / "tinh"
    (root / "codes").mkdir(parents=True)
    for name, text in {"mapping": HEAD, **files}.items():
        (root / f"{name}.toml").write_text(text, encoding="utf-8")
    for path in CODES.glob("*.toml"):
        (root / "codes" / path.name).write_bytes(path.read_bytes())
    return mapping_at(root, *compiled_schemas())


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """What the product's mapping makes of the rows of `agency`."""
    folder = tmp_path_factory.mktemp("product")
    return sweep(filled(folder), written(folder))


@pytest.fixture
def agency(tmp_path: Path) -> Path:
    return filled(tmp_path)


def filled(folder: Path) -> Path:
    """Write a small agency with an urging to every transferred petition."""
    path = folder / "agency.db"
    build(path, SEED, 40, agency=AGENCY)
    paper = "INSERT INTO don_thu_van_ban_xu_ly_giai_quyet (LoaiVanBan, SoVanBan, NgayBanHanh, idDonThu)"
    paper += " SELECT 4, IDKetQua || '/ĐĐ', '2023-12-20', IDDonThu FROM don_thu_ket_qua_xu_ly WHERE MaHuongXuLy = 5"
    changed(path, paper)
    return path


def without(documents: dict[Any, dict[str, Any]], *fields: str) -> dict[Any, dict[str, Any]]:
    """The documents without these fields of their attachments."""
    found = json.loads(json.dumps(list(documents.values())))
    for body in found:
        for attachment in body.get("attachments", []):
            for field in fields:
                attachment.pop(field, None)
    return dict(zip(documents, found, strict=True))


def test_an_extension_that_differs_in_nothing_but_its_title_sends_the_same(product: Swept) -> None:
    assert product.problems == {}
    assert {kind for kind, _ in product.documents} == set(Kind)
    assert any("summary" in each for body in product.of(Kind.PETITION) for each in body.get("attachments", []))


def test_a_column_that_one_installation_lacks_is_left_out(agency: Path, tmp_path: Path, product: Swept) -> None:
    changed(agency, "ALTER TABLE don_thu_ho_so_dinh_kem DROP COLUMN NoiDungTomTat")
    lacking = '[fields]\n"/attachments/*/summary" = {}'
    text = ours(Kind.PETITION, "ho_so", "h.TenHoSo, h.NoiDungTomTat,", "h.TenHoSo,", lacking)
    swept = sweep(agency, written(tmp_path, petition=text))
    assert swept.problems == {}
    assert swept.documents == without(product.documents, "summary") != product.documents


def test_a_column_of_another_name_feeds_the_same_field(agency: Path, tmp_path: Path, product: Swept) -> None:
    changed(agency, "ALTER TABLE don_thu_van_ban_xu_ly_giai_quyet RENAME COLUMN SoVanBan TO SoKyHieu")
    renamed = {
        "handling": ours(Kind.HANDLING, "don_doc", "v.SoVanBan", "v.SoKyHieu AS SoVanBan"),
        "acceptance": ours(Kind.ACCEPTANCE, "doi_thoai", "v.SoVanBan", "v.SoKyHieu AS SoVanBan"),
    }
    swept = sweep(agency, written(tmp_path, **renamed))
    urged = [body for body in swept.of(Kind.HANDLING) if "urgings" in body.get("transfer", {})]
    assert len([body for body in urged if body["transfer"]["urgings"][0].get("no", "").endswith("/ĐĐ")]) > 5
    assert (swept.problems, swept.documents) == ({}, product.documents)


def test_a_column_that_only_one_installation_has_feeds_one_field_more(
    agency: Path, tmp_path: Path, product: Swept
) -> None:
    changed(agency, "ALTER TABLE don_thu ADD COLUMN SoVaoSo TEXT")
    changed(agency, "UPDATE don_thu SET SoVaoSo = IdDonThu || '/2023'")
    more = '[fields]\n"/local_no" = { column = "SoVaoSo", transform = "line" }'
    text = ours(Kind.PETITION, "", "d.NoiDungDonThu, d.Status,", "d.NoiDungDonThu, d.SoVaoSo, d.Status,", more)
    swept = sweep(agency, written(tmp_path, petition=text))
    numbered = {key for key, body in swept.documents.items() if body.pop("local_no", None)}
    assert swept.documents == product.documents
    assert len(numbered) > 20


def test_the_products_own_mapping_names_the_column_that_is_not_there(agency: Path, tmp_path: Path) -> None:
    changed(agency, "ALTER TABLE don_thu_ho_so_dinh_kem DROP COLUMN NoiDungTomTat")
    source = SqlSource(f"sqlite:///{agency}", AGENCY, written(tmp_path), evidence_key=b"e" * 32)
    with pytest.raises(MappingError) as caught:
        source.probe()
    source.close()
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["found"]) == ("E-CFG-SQL-COLUMN", "NoiDungTomTat")
