-- KNTC Bến Tre as it lies in MySQL: the tables that the mapping reads, and lures that it must not read. Column NAMES are facts,
-- TYPES inferred from the getters of the application; there are no declared foreign keys, as in the product.
-- The same structure in the dialect of SQLite is connector/sample/bentre.sql.

CREATE TABLE don_thu (
  IdDonThu int AUTO_INCREMENT NOT NULL, IdDoiTuongBiKNTC int, IdDoiTuongUyQuyen int, NoiDungDonThu longtext,
  ThamQuyenGiaiQuyet varchar(1), LoaiDonThu int, NgayNhanDon datetime, NgayNhapDon datetime, NgayThuLy datetime,
  NgayHanGiaiQuyet datetime, NgayHoanThanhGiaiQuyet datetime, NgayTraKQ datetime, NgayCapNhat datetime,
  LoaiNguoiDiKNTC int, SoNguoiDiKNTC int, SoNguoiDaiDien int, TenCoQuanDiKNTC varchar(500),
  DiaChiCoQuanDiKNTC varchar(500), LoaiNguoiBiKNTC int, LoaiNguoiUyQuyen int, MaCoQuanDaGiaiQuyet varchar(50),
  SoKyHieuVanBanGiaiQuyet varchar(100), LanGiaiQuyet int, NgayBanHanhQDGQ datetime, LoaiQuyetDinhGiaiQuyet int,
  TomTatNoiDungGiaiQuyet longtext, UserThuLy int, UserNhapDon int, DonNacDanh int, DonKhongDuDieuKienXL int,
  GanVuViec varchar(50), mattcp varchar(64), Status int DEFAULT 0, PRIMARY KEY (IdDonThu)
);
CREATE TABLE don_thu_thong_tin_don_thu (
  IdThongTinDon int AUTO_INCREMENT NOT NULL, NguonDonDen int, NgayHoanThanhXuLy varchar(30),
  MaCoQuanChuyenDen varchar(50), SoVanBanDen varchar(100), NgayPhatHanhVanBan varchar(30), OrgChuyen bigint,
  OrgNhan bigint, NgayNhan varchar(30), IdDonThu int, mattcp varchar(64), NgayLienThong datetime,
  PRIMARY KEY (IdThongTinDon)
);
CREATE INDEX ix_don_thu_thong_tin_don_thu_IdDonThu ON don_thu_thong_tin_don_thu (IdDonThu);
CREATE TABLE don_thu_doi_tuong_di_kntc (
  IdDoiTuongDiKNTC int AUTO_INCREMENT NOT NULL, HoTen varchar(255), SoDinhDanhCaNhan varchar(20), GioiTinh int,
  NgayCapSoDinhDanh varchar(30), NoiCapSoDinhDanh varchar(255), MaTinh varchar(3), MaHuyen varchar(5),
  MaXa varchar(7), DiaChiChiTiet varchar(500), SoDienThoai varchar(20), MaQuocTich varchar(5), MaDanToc int,
  NacDanh int, PRIMARY KEY (IdDoiTuongDiKNTC)
);
CREATE TABLE don_thu_nguoi_dai_dien (
  IdDonThu int NOT NULL, IdDoiTuongDiKNTC int NOT NULL, PRIMARY KEY (IdDonThu, IdDoiTuongDiKNTC)
);
CREATE TABLE don_thu_doi_tuong_bi_kntc (
  IdDoiTuongBiKNTC int AUTO_INCREMENT NOT NULL, HoTen varchar(255), SoDinhDanhCaNhan varchar(20), GioiTinh int,
  NgayCapSoDinhDanh varchar(30), NoiCapSoDinhDanh varchar(255), ChucVu varchar(255), NoiCongTac varchar(500),
  MaTinh varchar(3), MaHuyen varchar(5), MaXa varchar(7), DiaChiChiTiet varchar(500), MaQuocTich varchar(5),
  MaDanToc int, TenCoQuan varchar(500), MaTinhCoQuan varchar(3), MaHuyenCoQuan varchar(5), MaXaCoQuan varchar(7),
  DiaChiChiTietCoQuan varchar(500), PRIMARY KEY (IdDoiTuongBiKNTC)
);
CREATE TABLE don_thu_doi_tuong_uy_quyen (
  IdDoiTuongUyQuyen int AUTO_INCREMENT NOT NULL, HoTen varchar(255), GioiTinh int, SoDinhDanhCaNhan varchar(20),
  NgayCapSoDinhDanh varchar(30), NoiCapSoDinhDanh varchar(255), MaTinh varchar(3), MaHuyen varchar(5),
  MaXa varchar(7), DiaChiChiTiet varchar(500), MaQuocTich varchar(5), MaDanToc int, PRIMARY KEY (IdDoiTuongUyQuyen)
);
CREATE TABLE don_thu_linh_vuc (
  IdDonThu int NOT NULL, IdLinhVuc varchar(30) NOT NULL, PRIMARY KEY (IdDonThu, IdLinhVuc)
);
CREATE TABLE don_thu_ho_so_dinh_kem (
  IDHoSoDinhKem int AUTO_INCREMENT NOT NULL, TenHoSo varchar(500), LoaiHoSo int, NoiDungTomTat longtext,
  LinkFileDinhKem varchar(500), TenFileDinhKem varchar(255), IdDonThu int, PRIMARY KEY (IDHoSoDinhKem)
);
CREATE INDEX ix_don_thu_ho_so_dinh_kem_IdDonThu ON don_thu_ho_so_dinh_kem (IdDonThu);
CREATE TABLE don_thu_ket_qua_xu_ly (
  IDKetQua int AUTO_INCREMENT NOT NULL, TomTatNoiDungXL longtext, NgayXuLy date, CanBoXuLy varchar(255),
  CanBoDuyetKQXL varchar(255), MaHuongXuLy int, MaCQXL varchar(50), MaCQXLTiep varchar(50),
  TenFileDinhKem varchar(255), LinkFileDinhKem varchar(500), NoiDungXuLy longtext, IDDonThu int, NgayTao datetime,
  OrgTao bigint, DaLienThong int DEFAULT 0, NgayLienThong datetime, PRIMARY KEY (IDKetQua)
);
CREATE INDEX ix_don_thu_ket_qua_xu_ly_IDDonThu ON don_thu_ket_qua_xu_ly (IDDonThu);
CREATE TABLE don_thu_quyet_dinh_thu_ly (
  IDQuyetDinhThuLy int AUTO_INCREMENT NOT NULL, MaCoQuanThuLy varchar(50), NgayThuLy date, HanGiaiQuyet date,
  CanBoDuyet varchar(255), TenFileDinhKem varchar(255), LinkFileDinhKem varchar(500), IdDonThu int, NgayTao datetime,
  DaLienThong int DEFAULT 0, NgayLienThong datetime, PRIMARY KEY (IDQuyetDinhThuLy)
);
CREATE INDEX ix_don_thu_quyet_dinh_thu_ly_IdDonThu ON don_thu_quyet_dinh_thu_ly (IdDonThu);
CREATE TABLE don_thu_quyet_dinh_giai_quyet (
  IdQuyetDinhGiaiQuyet int AUTO_INCREMENT NOT NULL, IDCoQuanBanHanh varchar(50), NgayBanHanh date,
  TomTatNoiDung longtext, IDKetQuaGiaiQuyet int, IDHinhThucGiaiQuyet int, QuyenKhoiKien int, ThuHoiTien int,
  ThuHoiDatO int, ThuHoiDatSX int, TraLaiTien int, TraLaiDatO int, TraLaiDatSX int, SoNguoiDuocTraQuyenLoi int,
  XuPhatHanhChinh int, SoNguoiChuyenDieuTra int, IdDonThu int, TenFileDinhKem varchar(255),
  LinkFileDinhKem varchar(500), OrgTao bigint, NgayTao datetime, mattcp varchar(64), NgayLienThong datetime,
  PRIMARY KEY (IdQuyetDinhGiaiQuyet)
);
CREATE INDEX ix_don_thu_quyet_dinh_giai_quyet_IdDonThu ON don_thu_quyet_dinh_giai_quyet (IdDonThu);
CREATE TABLE don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (
  IdDoiTuongBiXLHC int AUTO_INCREMENT NOT NULL, TenDoiTuong varchar(255), ChucVu varchar(255),
  HinhThucXuLy varchar(255), CaNhan int, IdQuyetDinhGiaiQuyet int, PRIMARY KEY (IdDoiTuongBiXLHC)
);
CREATE INDEX ix_don_thu_quyet_dinh_giai_quyet_doi_tuong__IdQuyetDinhGiaiQuy ON don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (IdQuyetDinhGiaiQuyet);
CREATE TABLE don_thu_thi_hanh_giai_quyet (
  IDThiHanhGiaiQuyet int AUTO_INCREMENT NOT NULL, IDQuyetDinhGiaiQuyet int, NgayCapNhat date,
  MaCoQuanThiHanh varchar(50), ThuHoiTien int, ThuHoiDatO int, ThuHoiDatSX int, TraLaiTien int, TraLaiDatO int,
  TraLaiDatSX int, SoNguoiBiXuLy int, SoTapTheBiXuLy int, TaiSanQuyRaTien int, SoTienNopPhat int,
  SoDoiTuongKhoiTo int, OrgTao bigint, NgayTao datetime, mattcp varchar(64), NgayLienThong datetime,
  PRIMARY KEY (IDThiHanhGiaiQuyet)
);
CREATE INDEX ix_don_thu_thi_hanh_giai_quyet_IDQuyetDinhGiaiQuy ON don_thu_thi_hanh_giai_quyet (IDQuyetDinhGiaiQuyet);
CREATE TABLE don_thu_luan_chuyen (
  IdLuanChuyen int AUTO_INCREMENT NOT NULL, IdDonThu int, UserGiao bigint, UserNhan bigint, PhanCong int,
  NgayGiaoChuyen datetime, PRIMARY KEY (IdLuanChuyen)
);
CREATE INDEX ix_don_thu_luan_chuyen_IdDonThu ON don_thu_luan_chuyen (IdDonThu);
CREATE TABLE don_thu_van_ban_xu_ly_giai_quyet (
  IdVanBan int AUTO_INCREMENT NOT NULL, LoaiVanBan int, NgayBanHanh varchar(30), HanGiaiQuyet varchar(30),
  SoVanBan varchar(100), NgayHoanThanh varchar(30), NoiDung longtext, GhiChu longtext, TenFileDinhKem varchar(255),
  LinkFileDinhKem varchar(500), UserNhap int, idDonThu int, PRIMARY KEY (IdVanBan)
);
CREATE INDEX ix_don_thu_van_ban_xu_ly_giai_quyet_idDonThu ON don_thu_van_ban_xu_ly_giai_quyet (idDonThu);
CREATE TABLE so_tiep_cong_dan (
  IdSoTiepCongDan int AUTO_INCREMENT NOT NULL, IdDonThu int, IdDoiTuongBiKNTC int, IdDoiTuongUyQuyen int,
  MaLanhDaoTiep int, UyQuyen int, MaLanhDaoUyQuyen int, TiepDinhKy int, LoaiNguoiDiKNTC int, SoNguoiDiKNTC int,
  SoNguoiDaiDien int, TenCoQuanDiKNTC varchar(500), DiaChiCoQuanDiKNTC varchar(500), LoaiNguoiBiKNTC int,
  LoaiNguoiUyQuyen int, NoiDungTiepCongDan longtext, KetQuaTiepCongDan longtext, NgayTiepCongDan varchar(30),
  MaCoQuanDaGiaiQuyet varchar(50), SoKyHieuVanBanGiaiQuyet varchar(100), LanGiaiQuyet int,
  NgayBanHanhQDGQ varchar(30), LoaiQuyetDinhGiaiQuyet int, TomTatNoiDungGiaiQuyet longtext, LoaiLinhVuc int,
  GanVuViec varchar(50), UserTCD bigint, PRIMARY KEY (IdSoTiepCongDan)
);
CREATE INDEX ix_so_tiep_cong_dan_IdDonThu ON so_tiep_cong_dan (IdDonThu);
CREATE TABLE so_tiep_cong_dan_nguoi_dai_dien (
  IdSoTiepCongDan int NOT NULL, IdDoiTuongDiKNTC int NOT NULL, PRIMARY KEY (IdSoTiepCongDan, IdDoiTuongDiKNTC)
);
CREATE TABLE so_tiep_cong_dan_linh_vuc (
  IdSoTiepCongDan int NOT NULL, IdLinhVuc varchar(30) NOT NULL, PRIMARY KEY (IdSoTiepCongDan, IdLinhVuc)
);
CREATE TABLE loai_tai_lieu (
  ma int NOT NULL, ten varchar(255), PRIMARY KEY (ma)
);
CREATE TABLE co_quan (
  ma varchar(50) NOT NULL, ten varchar(500), PRIMARY KEY (ma)
);

-- What an installation adds: its own marks, and the two views on the user directory (here tables).
CREATE TABLE bo_sung (
  IdDonThu int NOT NULL, BanNhap int NOT NULL DEFAULT 0, DoMat int NOT NULL DEFAULT 0, PRIMARY KEY (IdDonThu)
);
CREATE TABLE danh_ba_to_chuc (
  OrganizationId bigint NOT NULL, MaCoQuan varchar(50), MaLienThong varchar(50), PRIMARY KEY (OrganizationId)
);
CREATE TABLE danh_ba_can_bo (UserId bigint NOT NULL, OrganizationId bigint NOT NULL, PRIMARY KEY (UserId));

-- Lures: what somebody left in the schema, and looks like the real thing.
CREATE TABLE don_thu_copy LIKE don_thu;
CREATE TABLE clone_so_tiep_cong_dan LIKE so_tiep_cong_dan;
