"""A small mapping of an invented system, as parsed TOML: the tests of mapping and sources change copies of it."""

import copy
import tomllib
from functools import lru_cache

from connector.core.codes import CodeList
from connector.core.mapping import compile_mapping
from connector.core.schema import Schemas
from connector.resources import code_list_documents, schema_documents

HEAD = """
format = 1
system = "mau"
source = "mau"
timezone = "Asia/Ho_Chi_Minh"
title = { vi = "Hệ thống mẫu", en = "Sample system" }
kinds = ["handling", "petition"]
"""

PETITION = '''
kind = "petition"
key = ["Id"]
[range]
table = "don"
column = "Id"
[select]
table = "don"
sql = """SELECT Id, Ngay, Loai, NoiDung, NhieuNguoi, SoNguoi, Goc, CoQuan, SoCV FROM don
WHERE Id > :lo AND Id <= :hi AND Mat = 0 AND Nhap = 0"""
[select.origin]
CoQuan = "don_chuyen.CoQuan"
[[children]]
name = "nguoi"
table = "nguoi"
key = ["IdDon"]
sql = """SELECT IdDon, HoTen, SoGiayTo, NgaySinh, Huyen, Xa, DiaChi, AnDanh FROM nguoi
WHERE IdDon > :lo AND IdDon <= :hi ORDER BY IdDon, Stt"""
[[children]]
name = "linh_vuc"
table = "don_linh_vuc"
key = ["IdDon"]
sql = "SELECT IdDon, Ma FROM don_linh_vuc WHERE IdDon > :lo AND IdDon <= :hi ORDER BY IdDon, Ma"
[universe]
sql = """SELECT Id, CASE WHEN Mat = 1 THEN 'secret' WHEN Nhap = 1 THEN 'draft' END AS excluded FROM don
WHERE Id > :lo AND Id <= :hi"""
[universe.reasons]
draft = { vi = "bản nháp", en = "draft" }
[secrecy]
petition_type = { column = "Loai", codes = "loai-don" }
[fields]
"/received_on" = { column = "Ngay" }
"/type" = { column = "Loai", codes = "loai-don" }
"/content" = { column = "NoiDung" }
"/signatories" = { constant = "many", when = { column = "NhieuNguoi", in = [1] } }
"/signatory_count" = { column = "SoNguoi" }
"/case_ref" = { ref = "petition", columns = ["Goc"] }
"/transferred_by/name" = { column = "CoQuan", transform = "line" }
"/transferred_by/level" = { constant = "province" }
"/transfer_document/no" = { column = "SoCV", when = { column = "CoQuan", filled = true } }
"/petitioners/*" = { rows = "nguoi", when = { column = "HoTen", filled = true } }
"/petitioners/*/disclosure" = { constant = "named" }
"/petitioners/*/full_name" = { column = "HoTen", transform = "line" }
"/petitioners/*/identity/number" = { column = "SoGiayTo" }
"/petitioners/*/born_on" = { column = "NgaySinh", formats = ["%d/%m/%Y"] }
"/petitioners/*/address/line" = { columns = ["DiaChi", "Xa", "Huyen"], separator = ", " }
"/legacy_field_path/*" = { rows = "linh_vuc", column = "Ma" }
'''

HANDLING = '''
kind = "handling"
key = ["Id", "Lan"]
[range]
table = "xu_ly"
column = "Id"
[select]
table = "xu_ly"
sql = """SELECT x.Id, x.Lan, x.IdDon, x.Ngay, x.Huong, d.Loai FROM xu_ly x LEFT JOIN don d ON d.Id = x.IdDon
WHERE x.Id > :lo AND x.Id <= :hi"""
[select.origin]
Loai = "don.Loai"
[secrecy]
petition_type = { column = "Loai", codes = "loai-don" }
[parent]
kind = "petition"
columns = ["IdDon"]
field = "/petition_ref"
[fields]
"/sequence" = { column = "Lan" }
"/handling" = { column = "Huong", codes = "huong" }
"/handled_on" = { column = "Ngay" }
'''

LOAI_DON = """
name = "loai-don"
list = "petition-type"
source = "don.Loai"
[map]
1 = "complaint"
2 = "denunciation"
3 = "recommendation_feedback"
"""

HUONG = """
name = "huong"
list = "handling"
source = "xu_ly.Huong"
[map]
"CD" = "transferred"
"""

FILES = {
    name: tomllib.loads(text)
    for name, text in {
        "mapping.toml": HEAD,
        "petition.toml": PETITION,
        "handling.toml": HANDLING,
        "codes/loai-don.toml": LOAI_DON,
        "codes/huong.toml": HUONG,
    }.items()
}


def files():
    return copy.deepcopy(FILES)


@lru_cache(maxsize=1)
def schemas():
    return Schemas.compile(schema_documents())


@lru_cache(maxsize=1)
def code_lists():
    return {name: CodeList.compile(document) for name, document in code_list_documents().items()}


def compiled(changed=None):
    return compile_mapping(FILES if changed is None else changed, code_lists(), schemas())
