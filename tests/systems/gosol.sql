-- Gosol KNTC: the tables that the mapping reads, and lures that it must not read. Column NAMES are facts, TYPES those of the stored
-- procedures' parameters; keys and indexes are assumed. Written so that SQLite takes it as well: without IDENTITY, and 'datetime' is
-- a text there. The two views of the end are what an installation must add (mappings/gosol/README.md); here they are tables.

CREATE TABLE DonThu (
  DonThuID int NOT NULL PRIMARY KEY, NhomKNID int, DoiTuongBiKNID int, LoaiKhieuTo1ID int, LoaiKhieuTo2ID int,
  LoaiKhieuTo3ID int, LoaiKhieuToID int, NoiDungDon nvarchar(4000), TrungDon bit, DiaChiPhatSinh nvarchar(4000),
  TinhID int, HuyenID int, XaID int, LeTanChuyen bit, NgayVietDon datetime
);
CREATE TABLE XuLyDon (
  XuLyDonID int NOT NULL PRIMARY KEY, DonThuID int, SoLan int, SoDonThu nvarchar(255), NgayNhapDon datetime,
  NgayQuaHan datetime, NguonDonDen int, CQChuyenDonID int, CQChuyenDonDenID int, SoCongVan nvarchar(20),
  NgayChuyenDon datetime, NgayCQKhacChuyenDonDen datetime, ThuocThamQuyen bit, DuDieuKien bit, HuongGiaiQuyetID int,
  NoiDungHuongDan nvarchar(4000), CanBoXuLyID int, CanBoKyID int, CQDaGiaiQuyetID nvarchar(250), CQGiaiQuyetTiepID int,
  TrangThaiDonID int, PhanTichKQID int, CoQuanID int, NgayThuLy datetime, LyDo nvarchar(4000), NgayXuLy datetime,
  DonThuGocID int, LanGiaiQuyet int, XuLyDonChuyenID int, CQNgoaiHeThong nvarchar(200), NgayTiep datetime
);
CREATE INDEX ix_XuLyDon_DonThuID ON XuLyDon (DonThuID);
CREATE TABLE NhomKN (
  NhomKNID int NOT NULL PRIMARY KEY, SoLuong int, TenCQ nvarchar(4000), LoaiDoiTuongKNID int, DiaChiCQ nvarchar(4000),
  DaiDienPhapLy bit, DuocUyQuyen bit
);
CREATE TABLE DoiTuongKN (
  DoiTuongKNID int NOT NULL PRIMARY KEY, HoTen nvarchar(4000), CMND varchar(50), GioiTinh int, NgheNghiep nvarchar(200),
  QuocTichID int, DanTocID int, TinhID int, HuyenID int, XaID int, DiaChiCT nvarchar(4000), NhomKNID int,
  SoDienThoai nvarchar(20), NgayCap datetime, NoiCap nvarchar(200), SoNha nvarchar(4000)
);
CREATE INDEX ix_DoiTuongKN_NhomKNID ON DoiTuongKN (NhomKNID);
CREATE TABLE DoiTuongBiKN (
  DoiTuongBiKNID int NOT NULL PRIMARY KEY, TenDoiTuongBiKN nvarchar(4000), TinhID int, HuyenID int, XaID int,
  DiaChiCT nvarchar(4000), LoaiDoiTuongBiKNID int, DonThuID int, GioiTinh int, ChucVu nvarchar(4000)
);
CREATE INDEX ix_DoiTuongBiKN_DonThuID ON DoiTuongBiKN (DonThuID);
CREATE TABLE CaNhanBiKN (
  CaNhanBiKNID int NOT NULL PRIMARY KEY, NgheNghiep nvarchar(200), NoiCongTac nvarchar(100), ChucVuID int,
  QuocTichID int, DanTocID int, DoiTuongBiKNID int
);
CREATE INDEX ix_CaNhanBiKN_DoiTuongBiKNID ON CaNhanBiKN (DoiTuongBiKNID);
CREATE TABLE TiepDanKhongDon (
  TiepDanKhongDonID int NOT NULL PRIMARY KEY, NgayTiep datetime, GapLanhDao bit, NoiDungTiep nvarchar(4000), VuViecCu bit,
  CanBoTiepID int, DonThuID int, CoQuanID int, XuLyDonID int, LanTiep int, KetQuaTiep nvarchar(4000), NhomKNID int,
  LoaiKhieuTo1ID int, LoaiKhieuTo2ID int, LoaiKhieuTo3ID int, TenLanhDaoTiep nvarchar(50), KQQuaTiepDan int,
  KetLuanNguoiChuTri nvarchar(4000), TiepDanCoDon int, LoaiTiepDanID int, UyQuyenTiep bit
);
CREATE TABLE ChuyenXuLy (
  ChuyenXuLyID int NOT NULL PRIMARY KEY, XuLyDonID int, CQGuiID int, CQNhanID int, NgayChuyen datetime,
  NgayCapNhat datetime, TheoDoiVBDi nvarchar(500), TheoDoiVBDen nvarchar(500), FileDinhKem nvarchar(2000)
);
CREATE INDEX ix_ChuyenXuLy_XuLyDonID ON ChuyenXuLy (XuLyDonID);
CREATE TABLE KetQua (
  KetQuaID int NOT NULL PRIMARY KEY, LanGiaiQuyet int, LoaiKetQuaID int, CanBoID int, CoQuanID int, NgayRaKQ datetime,
  SoTien int, SoDat int, SoNguoiDuocTraQuyenLoi int, SoDoiTuongBiXuLy int, SoDoiTuongDaBiXuLy int, XuLyDonID int,
  FileUrl nvarchar(2000), PhanTichKQ int, KetQuaGQLan2 int, SoQuyetDinh nvarchar(100)
);
CREATE INDEX ix_KetQua_XuLyDonID ON KetQua (XuLyDonID);
CREATE TABLE ThiHanh (
  ThiHanhID int NOT NULL PRIMARY KEY, NgayThiHanh datetime, CQThiHanh nvarchar(200), TienDaThu int, DatDaThu int,
  XuLyDonID int, KetQuaID int
);
CREATE INDEX ix_ThiHanh_XuLyDonID ON ThiHanh (XuLyDonID);
CREATE TABLE RutDon (
  RutDonID int NOT NULL PRIMARY KEY, NgayRutDon datetime, LyDo nvarchar(200), XuLyDonID int, FileQD nvarchar(200)
);
CREATE INDEX ix_RutDon_XuLyDonID ON RutDon (XuLyDonID);
CREATE TABLE FileHoSo (
  FileHoSoID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), NgayUp datetime, NguoiUp int,
  FileURL nvarchar(4000), XuLyDonID int, DonThuID int, FileID int
);
CREATE INDEX ix_FileHoSo_XuLyDonID ON FileHoSo (XuLyDonID);
CREATE INDEX ix_FileHoSo_DonThuID ON FileHoSo (DonThuID);
CREATE TABLE FileKetQua (
  FileKetQuaID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), FileUrl nvarchar(4000), KetQuaID int
);
CREATE INDEX ix_FileKetQua_KetQuaID ON FileKetQua (KetQuaID);
CREATE TABLE FileThiHanh (
  FileThiHanhID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), FileUrl nvarchar(4000), ThiHanhID int
);
CREATE INDEX ix_FileThiHanh_ThiHanhID ON FileThiHanh (ThiHanhID);
CREATE TABLE CoQuan (
  CoQuanID int NOT NULL PRIMARY KEY, TenCoQuan nvarchar(4000), CoQuanChaID int, CapID int, TinhID int, HuyenID int, XaID int,
  MaCQ nvarchar(50), IsDisable bit, TTChiaTachSapNhap int, ChiaTachSapNhapDenCQID int, MappingCode nvarchar(50)
);
CREATE TABLE Tinh (TinhID int NOT NULL PRIMARY KEY, TenTinh nvarchar(200), TenDayDu nvarchar(200), MappingCode nvarchar(50));
CREATE TABLE Huyen (
  HuyenID int NOT NULL PRIMARY KEY, TinhID int, TenHuyen nvarchar(200), TenDayDu nvarchar(200), MappingCode nvarchar(50)
);
CREATE TABLE Xa (XaID int NOT NULL PRIMARY KEY, HuyenID int, TenXa nvarchar(200), TenDayDu nvarchar(200), MappingCode nvarchar(50));
CREATE TABLE LoaiKhieuTo (
  LoaiKhieuToID int NOT NULL PRIMARY KEY, TenLoaiKhieuTo nvarchar(500), LoaiKhieuToCha int, Cap int, MappingCode nvarchar(50)
);
CREATE TABLE HuongGiaiQuyet (
  HuongGiaiQuyetID int NOT NULL PRIMARY KEY, TenHuongGiaiQuyet nvarchar(200), MappingCode nvarchar(50)
);
CREATE TABLE NguonDonDen (NguonDonDenID int NOT NULL PRIMARY KEY, TenNguonDonDen nvarchar(200), MappingCode nvarchar(50));
CREATE TABLE QuocTich (QuocTichID int NOT NULL PRIMARY KEY, TenQuocTich nvarchar(200), MappingCode nvarchar(50));
CREATE TABLE CanBo (CanBoID int NOT NULL PRIMARY KEY, TenCanBo nvarchar(200), CoQuanID int, PhongBanID int, ChucVuID int);

-- What no query may name: secrets, marks of an older connector, the computed state, a copy that looks like the real thing.
CREATE TABLE DongBo (
  DongBoID int NOT NULL PRIMARY KEY, Url nvarchar(500), UserName nvarchar(100), Password nvarchar(100), LoaiDongBo int
);
CREATE TABLE DongBo_Log (
  DongBo_LogID int NOT NULL PRIMARY KEY, XuLyDonID int, TrangThai int, CreateDate datetime, TrangThaiDonThu int, DongBoID int
);
CREATE TABLE Document (DocumentID int NOT NULL PRIMARY KEY, WorkflowID int, StateID int, DueDate datetime);
CREATE TABLE State (StateID int NOT NULL PRIMARY KEY, StateName nvarchar(4000), WorkflowID int);
CREATE TABLE TransitionHistory (
  TransitionHistoryID int NOT NULL PRIMARY KEY, DocumentID int, TransitionID int, UserID int, ModifiedDate datetime
);
CREATE TABLE LichTiepDan (IDLichTiep int NOT NULL PRIMARY KEY, IDCoQuanTiep int, NDTiep nvarchar(4000), NgayTiep datetime, "Public" bit);
CREATE TABLE XuLyDon_bak (XuLyDonID int NOT NULL PRIMARY KEY, DonThuID int, CoQuanID int);

CREATE TABLE DanhBaCoQuan (CoQuanID int NOT NULL PRIMARY KEY, MaCoQuan varchar(35));
CREATE TABLE BoSung (DonThuID int NOT NULL PRIMARY KEY, BanNhap int, DoMat int);
