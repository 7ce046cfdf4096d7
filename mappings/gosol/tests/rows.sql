-- Test rows for this mapping (kntc mapping test): the tables that its queries read, and a few invented cases. CHE = must be in no document.
--   1  a complaint brought to a visit, accepted, settled, half enforced; 4 the same sent again; 5 a follow-up of the
--     denunciation, received by an organisation that was merged
--   2  a denunciation by a crowd, handed on to the district, which has a receipt of its own (3, another agency's)
--   6  an organisation's recommendation, settled before in prose, withdrawn; 7 an anonymous letter, without a day of handling
--   8  filed under complaint and denunciation at once; 9 a draft; 10 a state secret; 11 its petition is gone
--   12 from a source that no list has, of a class without a national code, accepted against its direction; 13 not classified
--   visits: 1 with a petition, 2 that nobody classified, 3 without a petition, 4 of another type than its petition, 5 another agency's,
--   6 about the state secret

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
CREATE TABLE NhomKN (
  NhomKNID int NOT NULL PRIMARY KEY, SoLuong int, TenCQ nvarchar(4000), LoaiDoiTuongKNID int, DiaChiCQ nvarchar(4000),
  DaiDienPhapLy bit, DuocUyQuyen bit
);
CREATE TABLE DoiTuongKN (
  DoiTuongKNID int NOT NULL PRIMARY KEY, HoTen nvarchar(4000), CMND varchar(50), GioiTinh int, NgheNghiep nvarchar(200),
  QuocTichID int, DanTocID int, TinhID int, HuyenID int, XaID int, DiaChiCT nvarchar(4000), NhomKNID int,
  SoDienThoai nvarchar(20), NgayCap datetime, NoiCap nvarchar(200), SoNha nvarchar(4000)
);
CREATE TABLE DoiTuongBiKN (
  DoiTuongBiKNID int NOT NULL PRIMARY KEY, TenDoiTuongBiKN nvarchar(4000), TinhID int, HuyenID int, XaID int,
  DiaChiCT nvarchar(4000), LoaiDoiTuongBiKNID int, DonThuID int, GioiTinh int, ChucVu nvarchar(4000)
);
CREATE TABLE CaNhanBiKN (
  CaNhanBiKNID int NOT NULL PRIMARY KEY, NgheNghiep nvarchar(200), NoiCongTac nvarchar(100), ChucVuID int,
  QuocTichID int, DanTocID int, DoiTuongBiKNID int
);
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
CREATE TABLE KetQua (
  KetQuaID int NOT NULL PRIMARY KEY, LanGiaiQuyet int, LoaiKetQuaID int, CanBoID int, CoQuanID int, NgayRaKQ datetime,
  SoTien int, SoDat int, SoNguoiDuocTraQuyenLoi int, SoDoiTuongBiXuLy int, SoDoiTuongDaBiXuLy int, XuLyDonID int,
  FileUrl nvarchar(2000), PhanTichKQ int, KetQuaGQLan2 int, SoQuyetDinh nvarchar(100)
);
CREATE TABLE ThiHanh (
  ThiHanhID int NOT NULL PRIMARY KEY, NgayThiHanh datetime, CQThiHanh nvarchar(200), TienDaThu int, DatDaThu int,
  XuLyDonID int, KetQuaID int
);
CREATE TABLE RutDon (
  RutDonID int NOT NULL PRIMARY KEY, NgayRutDon datetime, LyDo nvarchar(200), XuLyDonID int, FileQD nvarchar(200)
);
CREATE TABLE FileHoSo (
  FileHoSoID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), NgayUp datetime, NguoiUp int,
  FileURL nvarchar(4000), XuLyDonID int, DonThuID int, FileID int
);
CREATE TABLE FileKetQua (
  FileKetQuaID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), FileUrl nvarchar(4000), KetQuaID int
);
CREATE TABLE FileThiHanh (
  FileThiHanhID int NOT NULL PRIMARY KEY, TenFile nvarchar(4000), TomTat nvarchar(4000), FileUrl nvarchar(4000), ThiHanhID int
);
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

CREATE TABLE DanhBaCoQuan (CoQuanID int NOT NULL PRIMARY KEY, MaCoQuan varchar(35));
CREATE TABLE BoSung (DonThuID int NOT NULL PRIMARY KEY, BanNhap int, DoMat int);

INSERT INTO CoQuan (CoQuanID, TenCoQuan, TTChiaTachSapNhap, ChiaTachSapNhapDenCQID, MappingCode) VALUES
 (1, 'Thanh tra tỉnh Mẫu', 0, 0, 'H717.01'), (2, 'UBND huyện Mẫu', 0, 0, 'H717.11'), (3, 'UBND phường Mẫu mới', 0, 0, NULL),
 (4, 'Thanh tra huyện Mẫu (đã sáp nhập)', 1, 1, 'H717.21');
INSERT INTO DanhBaCoQuan VALUES (1, 'H99.01'), (2, 'H99.02'), (3, NULL), (4, 'H99.01');
INSERT INTO Tinh VALUES (1, 'Mẫu', 'Tỉnh Mẫu', '717');
INSERT INTO Huyen VALUES (1, 1, 'Mẫu', 'Huyện Mẫu', '71701');
INSERT INTO Xa VALUES (1, 1, 'Mẫu', 'Xã Mẫu', NULL), (2, 1, 'Mẫu Hai', 'Xã Mẫu Hai', '7170102');
INSERT INTO QuocTich VALUES (1, 'Việt Nam', 'VN');
INSERT INTO LoaiKhieuTo (LoaiKhieuToID, TenLoaiKhieuTo, LoaiKhieuToCha, Cap, MappingCode) VALUES
 (1, 'Khiếu nại', 0, 1, 'KN'), (8, 'Tố cáo', 0, 1, 'TC'), (9, 'Phản ánh, kiến nghị', 0, 1, 'PA'), (62, 'Kiến nghị', 9, 2, NULL),
 (101, 'Đất đai', 1, 2, 'KN.01.01'), (102, 'Thu hồi đất', 101, 3, NULL), (103, 'Bồi thường', 101, 3, 'KN.01.01.01'),
 (801, 'Tham nhũng', 8, 2, NULL);
INSERT INTO NguonDonDen VALUES (21, 'Trực tiếp', '21'), (22, 'Cơ quan khác chuyển', '4'), (26, 'Bưu chính', '1'), (28, 'Trao tay', NULL);
INSERT INTO CanBo (CanBoID, TenCanBo) VALUES (5, 'Phạm Mẫu Năm'), (6, 'Đỗ Mẫu Sáu');

INSERT INTO NhomKN (NhomKNID, SoLuong, TenCQ, LoaiDoiTuongKNID, DiaChiCQ, DaiDienPhapLy, DuocUyQuyen) VALUES
 (1, 1, NULL, 1, NULL, 0, 1), (2, 15, NULL, 3, NULL, 0, 0), (3, 1, 'Công ty  Mẫu', 2, 'Khu công nghiệp Mẫu', 1, 0), (4, 0, NULL, 1, NULL, NULL, NULL),
 (5, 1, 'Hợp tác xã Mẫu', 2, NULL, 1, 1);
INSERT INTO DoiTuongKN (DoiTuongKNID, HoTen, CMND, GioiTinh, NgheNghiep, QuocTichID, DanTocID, TinhID, HuyenID, XaID, SoNha, DiaChiCT,
  NhomKNID, SoDienThoai, NgayCap, NoiCap) VALUES
 (1, 'NGUYỄN THỊ  MẪU', '001090000001', 2, 'Nông dân', 1, 1, 1, 1, 2, '12A', 'Tổ 1', 1, '0000000001', '2016-02-03 00:00:00', 'Công an tỉnh Mẫu'),
 (2, 'CHE Lê Văn Mẫu', '', 1, NULL, 1, 1, 1, 0, 0, NULL, 'CHE', 2, 'CHE', '1753-01-01 00:00:00', NULL),
 (3, 'CHE Trần Văn Mẫu', '270000003', 0, NULL, 1, 1, 1, 1, 0, NULL, '', 2, NULL, NULL, NULL),
 (4, 'Võ Mẫu Bốn', '270000004', 1, NULL, 1, 1, 1, 1, 1, NULL, '', 3, NULL, '0001-01-01 00:00:00', NULL),
 (5, 'ĐƠN NẶC DANH.', NULL, 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 4, NULL, NULL, NULL);
INSERT INTO DonThu (DonThuID, NhomKNID, DoiTuongBiKNID, LoaiKhieuTo1ID, LoaiKhieuTo2ID, LoaiKhieuTo3ID, LoaiKhieuToID, NoiDungDon,
  TrungDon, NgayVietDon) VALUES
 (1, 1, 2, 1, 101, 103, 103, 'Khiếu nại mức bồi thường', 0, '2024-05-01 00:00:00'),
 (2, 2, 0, 8, 801, 0, 801, 'CHE Tố cáo', 0, '1753-01-01 00:00:00'),
 (3, 1, 0, 1, 101, 102, 102, 'Khiếu nại mức bồi thường (gửi lại)', 1, NULL),
 (5, 1, 0, 9, 0, 0, 9, 'Hỏi kết quả', 0, NULL),
 (6, 3, 0, 9, 0, 0, 9, 'Kiến nghị về cấp phép', 0, ''),
 (7, 4, 0, 9, 0, 0, 9, 'Phản ánh về rác thải', 0, '0001-01-01 00:00:00'),
 (8, 1, 0, 1, 801, 0, 1, 'CHE vừa khiếu nại vừa tố cáo', 0, NULL),
 (9, 1, 0, 1, 0, 0, 1, 'CHE bản nháp', 0, NULL),
 (10, 1, 0, 1, 0, 0, 1, 'CHE bí mật nhà nước', 0, NULL),
 (12, 5, 0, 62, 0, 0, 62, 'Kiến nghị về đường sá', 0, NULL),
 (13, 4, 0, 0, 0, 0, 0, 'CHE chưa phân loại', 0, NULL);
INSERT INTO BoSung VALUES (9, 1, 0), (10, 0, 1);
INSERT INTO DoiTuongBiKN (DoiTuongBiKNID, TenDoiTuongBiKN, TinhID, HuyenID, XaID, DiaChiCT, LoaiDoiTuongBiKNID, DonThuID, GioiTinh, ChucVu) VALUES
 (1, 'Đỗ Mẫu Một', 1, 1, 1, 'Số 9', 1, 1, 1, 'Trưởng phòng'), (2, 'UBND huyện Mẫu', 1, 1, 0, NULL, 2, 1, 0, NULL),
 (3, 'CHE Lý Mẫu', 0, 0, 0, NULL, 1, 2, 1, 'CHE');
INSERT INTO CaNhanBiKN (CaNhanBiKNID, NoiCongTac, QuocTichID, DoiTuongBiKNID) VALUES (1, 'Phòng Tài nguyên Mẫu', 1, 1);
INSERT INTO XuLyDon (XuLyDonID, DonThuID, SoDonThu, NgayNhapDon, NguonDonDen, CQChuyenDonDenID, SoCongVan, CoQuanID, HuongGiaiQuyetID,
  NgayXuLy, ThuocThamQuyen, DuDieuKien, CanBoXuLyID, CanBoKyID, NoiDungHuongDan, LyDo, CQDaGiaiQuyetID, NgayThuLy, LanGiaiQuyet,
  DonThuGocID, XuLyDonChuyenID, TrangThaiDonID) VALUES
 (1, 1, '1', '2024-05-06 00:00:00', 21, 0, '', 1, 31, '2024-05-09 08:00:00', 1, 1, 5, 6, NULL, NULL, '2, 3', '2024-05-10 00:00:00', 2, 0, 0, 3),
 (2, 2, 'CHE 2', '2024-05-07 09:00:00', 22, 2, 'CHE 7/CV', 1, 32, NULL, 0, 1, 5, 6, NULL, 'CHE', 'CHE UBND', '1753-01-01 00:00:00', 0, 0, 0, 11),
 (3, 2, '1', '2024-05-09 09:00:00', 22, 0, '9/CV', 2, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 2, 4),
 (4, 3, '3', '2024-06-01 09:00:00', 26, 0, '5/CV', 1, 71, '2024-06-03 00:00:00', 1, 0, 5, 6, NULL, 'Trùng đơn', NULL, '', 0, 1, 0, 4),
 (5, 5, '4', '2024-06-02 09:00:00', 28, 0, '', 4, 30, '2024-06-04 00:00:00', 0, 1, 5, 6, 'Hỏi tại UBND huyện', NULL, '', NULL, 0, 2, 0, 4),
 (6, 6, '5', '2024-06-05 09:00:00', 22, 2, '0012/CV', 1, 33, '2024-06-06 00:00:00', 0, 1, 5, 6, NULL, 'Không thuộc thẩm quyền', 'Sở Mẫu, 2 lần', NULL, 0, 0, 0, 11),
 (7, 7, '6', '2024-06-07 09:00:00', 26, 0, '', 1, 30, '0001-01-01 00:00:00', 0, 1, 5, 6, NULL, NULL, '', NULL, 0, 0, 0, 4),
 (8, 8, '7', '2024-06-08 09:00:00', 21, 0, '', 1, 35, '2024-06-09 00:00:00', 0, 1, 5, 6, NULL, 'CHE', '', NULL, 0, 0, 0, 4),
 (9, 9, '8', '2024-06-10 09:00:00', 21, 0, '', 1, 30, '2024-06-11 00:00:00', 0, 1, 5, 6, NULL, NULL, '', NULL, 0, 0, 0, 4),
 (10, 10, '9', '2024-06-10 09:00:00', 21, 0, '', 1, 30, '2024-06-11 00:00:00', 0, 1, 5, 6, NULL, NULL, '', NULL, 0, 0, 0, 4),
 (11, 11, '10', '2024-06-10 09:00:00', 21, 0, '', 1, 30, '2024-06-11 00:00:00', 0, 1, 5, 6, NULL, NULL, '', NULL, 0, 0, 0, 4),
 (12, 12, '1', '2024-06-12 09:00:00', 99, 0, '', 4, 30, '2024-06-13 00:00:00', 0, 1, 5, 6, NULL, NULL, '', '2024-06-14 00:00:00', 0, 0, 0, 4),
 (13, 13, '12', '2024-06-14 09:00:00', 26, 0, '', 4, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, '', NULL, 0, 0, 0, 4);
INSERT INTO ChuyenXuLy (ChuyenXuLyID, XuLyDonID, CQGuiID, CQNhanID, NgayChuyen) VALUES (1, 2, 1, 2, '2024-05-08 10:00:00');
INSERT INTO RutDon VALUES (1, '2024-06-20 00:00:00', 'Đã thỏa thuận', 6, NULL);
INSERT INTO FileHoSo (FileHoSoID, TenFile, TomTat, FileURL, XuLyDonID, DonThuID) VALUES
 (1, 'Đơn viết tay', 'Bản chụp', '/UploadFiles/1/don.pdf', 1, 1), (2, 'Bản đồ', NULL, '/UploadFiles/1/ban-do.png', 0, 1), (3, 'CHE', 'CHE', 'CHE', 2, 2);
INSERT INTO KetQua (KetQuaID, LanGiaiQuyet, CoQuanID, NgayRaKQ, SoTien, SoNguoiDuocTraQuyenLoi, XuLyDonID, PhanTichKQ, KetQuaGQLan2, SoQuyetDinh) VALUES
 (1, 2, 1, '2024-07-01 00:00:00', 50000000, 2, 1, NULL, 2, '123/QĐ-UBND'), (2, 1, 1, '2024-07-02 00:00:00', 0, 0, 1, NULL, 1, '124/QĐ-UBND'),
 (3, 0, 2, '2024-07-03 00:00:00', 0, 0, 6, 0, 0, NULL), (4, 1, 1, '2024-07-04 00:00:00', 0, 0, 999, 1, 0, NULL);
INSERT INTO FileKetQua VALUES (1, 'Quyết định', NULL, '/UploadFiles/kq/qd.pdf', 1);
INSERT INTO ThiHanh VALUES (1, '2024-08-01 00:00:00', 'UBND phường Mẫu mới', 25000000, 60, 1, 1), (2, '2024-09-01 00:00:00', 'Tổ thi hành xã', 0, 0, 6, 0),
 (3, '2024-09-02 00:00:00', '', 0, 0, 1, NULL);
INSERT INTO FileThiHanh VALUES (1, 'Biên bản', 'Giao tiền', '/UploadFiles/th/bb.pdf', 1);
INSERT INTO TiepDanKhongDon (TiepDanKhongDonID, NgayTiep, NoiDungTiep, CanBoTiepID, DonThuID, CoQuanID, XuLyDonID, KetQuaTiep, NhomKNID,
  LoaiKhieuTo1ID, TenLanhDaoTiep, KQQuaTiepDan, KetLuanNguoiChuTri, TiepDanCoDon, LoaiTiepDanID, UyQuyenTiep) VALUES
 (1, '2024-05-06 00:00:00', 'Trình bày về bồi thường', 5, 1, 1, 1, 'Đã nhận đơn', 0, 1, 'Võ Mẫu Lan', 3, 'Giao Thanh tra xem xét', 1, 2, 0),
 (2, '2024-05-15 08:00:00', 'CHE không đơn', 5, 0, 1, 0, 'CHE', 0, 0, '', 0, NULL, 0, 1, 0),
 (3, '2024-05-16 08:00:00', 'Hỏi về cấp phép', 5, 0, 1, 0, NULL, 3, 62, '', 1, NULL, 0, 1, 0),
 (4, '2024-05-17 08:00:00', 'CHE Hỏi về đơn', 5, 12, 1, 12, NULL, 0, 8, '', 2, NULL, 0, 3, 1),
 (5, '2024-05-18 08:00:00', 'Của huyện', 5, 0, 2, 0, NULL, 1, 1, '', 4, NULL, 0, 1, 0),
 (6, '2024-06-10 08:00:00', 'CHE bí mật', 5, 10, 1, 0, NULL, 1, 1, '', 4, NULL, 0, 1, 0);
