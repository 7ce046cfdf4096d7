-- Rows for `kntc mapping test bentre`: what they must become stands in documents.json. All persons and papers are invented.
--
--   1    a complaint by two persons with a lawyer, brought at a visit, settled a second time and half enforced. The numbers of
--        its result and form are of the lists that every installation enters itself: until then the decision waits
--   2    a named denunciation that came with a letter and was transferred. CHE = must not be in any document
--   11   a complaint settled for the first time, with a result that the shipped maps know
--   12   a draft            13   a state secret            14   a petition of another agency
--   15   a field that no map names, day 31/02; a direction and a leader whose numbers every installation enters itself
--
-- 20101 and 20105 are organisations of the agency, 20112 is another agency's.

CREATE TABLE don_thu (IdDonThu INTEGER PRIMARY KEY, IdDoiTuongBiKNTC INTEGER, IdDoiTuongUyQuyen INTEGER, NoiDungDonThu
  TEXT, ThamQuyenGiaiQuyet TEXT, LoaiDonThu INTEGER, NgayNhanDon TEXT, NgayNhapDon TEXT, NgayThuLy TEXT,
  NgayHanGiaiQuyet TEXT, NgayHoanThanhGiaiQuyet TEXT, NgayTraKQ TEXT, NgayCapNhat TEXT, LoaiNguoiDiKNTC INTEGER,
  SoNguoiDiKNTC INTEGER, SoNguoiDaiDien INTEGER, TenCoQuanDiKNTC TEXT, DiaChiCoQuanDiKNTC TEXT, LoaiNguoiBiKNTC INTEGER,
  LoaiNguoiUyQuyen INTEGER, MaCoQuanDaGiaiQuyet TEXT, SoKyHieuVanBanGiaiQuyet TEXT, LanGiaiQuyet INTEGER,
  NgayBanHanhQDGQ TEXT, LoaiQuyetDinhGiaiQuyet INTEGER, TomTatNoiDungGiaiQuyet TEXT, UserThuLy INTEGER, UserNhapDon
  INTEGER, DonNacDanh INTEGER, DonKhongDuDieuKienXL INTEGER, GanVuViec TEXT, mattcp TEXT, Status INTEGER);
CREATE TABLE don_thu_thong_tin_don_thu (IdThongTinDon INTEGER PRIMARY KEY, NguonDonDen INTEGER, NgayHoanThanhXuLy TEXT,
  MaCoQuanChuyenDen TEXT, SoVanBanDen TEXT, NgayPhatHanhVanBan TEXT, OrgChuyen INTEGER, OrgNhan INTEGER, NgayNhan TEXT,
  IdDonThu INTEGER, mattcp TEXT, NgayLienThong TEXT);
CREATE TABLE don_thu_doi_tuong_di_kntc (IdDoiTuongDiKNTC INTEGER PRIMARY KEY, HoTen TEXT, SoDinhDanhCaNhan TEXT,
  GioiTinh INTEGER, NgayCapSoDinhDanh TEXT, NoiCapSoDinhDanh TEXT, MaTinh TEXT, MaHuyen TEXT, MaXa TEXT, DiaChiChiTiet
  TEXT, SoDienThoai TEXT, MaQuocTich TEXT, MaDanToc INTEGER, NacDanh INTEGER);
CREATE TABLE don_thu_nguoi_dai_dien (IdDonThu INTEGER, IdDoiTuongDiKNTC INTEGER, PRIMARY KEY (IdDonThu,
  IdDoiTuongDiKNTC));
CREATE TABLE don_thu_doi_tuong_bi_kntc (IdDoiTuongBiKNTC INTEGER PRIMARY KEY, HoTen TEXT, SoDinhDanhCaNhan TEXT,
  GioiTinh INTEGER, NgayCapSoDinhDanh TEXT, NoiCapSoDinhDanh TEXT, ChucVu TEXT, NoiCongTac TEXT, MaTinh TEXT, MaHuyen
  TEXT, MaXa TEXT, DiaChiChiTiet TEXT, MaQuocTich TEXT, MaDanToc INTEGER, TenCoQuan TEXT, MaTinhCoQuan TEXT,
  MaHuyenCoQuan TEXT, MaXaCoQuan TEXT, DiaChiChiTietCoQuan TEXT);
CREATE TABLE don_thu_doi_tuong_uy_quyen (IdDoiTuongUyQuyen INTEGER PRIMARY KEY, HoTen TEXT, GioiTinh INTEGER,
  SoDinhDanhCaNhan TEXT, NgayCapSoDinhDanh TEXT, NoiCapSoDinhDanh TEXT, MaTinh TEXT, MaHuyen TEXT, MaXa TEXT,
  DiaChiChiTiet TEXT, MaQuocTich TEXT, MaDanToc INTEGER);
CREATE TABLE don_thu_linh_vuc (IdDonThu INTEGER, IdLinhVuc TEXT, PRIMARY KEY (IdDonThu, IdLinhVuc));
CREATE TABLE don_thu_ho_so_dinh_kem (IDHoSoDinhKem INTEGER PRIMARY KEY, TenHoSo TEXT, LoaiHoSo INTEGER, NoiDungTomTat
  TEXT, LinkFileDinhKem TEXT, TenFileDinhKem TEXT, IdDonThu INTEGER);
CREATE TABLE don_thu_ket_qua_xu_ly (IDKetQua INTEGER PRIMARY KEY, TomTatNoiDungXL TEXT, NgayXuLy TEXT, CanBoXuLy TEXT,
  CanBoDuyetKQXL TEXT, MaHuongXuLy INTEGER, MaCQXL TEXT, MaCQXLTiep TEXT, TenFileDinhKem TEXT, LinkFileDinhKem TEXT,
  NoiDungXuLy TEXT, IDDonThu INTEGER, NgayTao TEXT, OrgTao INTEGER, DaLienThong INTEGER, NgayLienThong TEXT);
CREATE TABLE don_thu_quyet_dinh_thu_ly (IDQuyetDinhThuLy INTEGER PRIMARY KEY, MaCoQuanThuLy TEXT, NgayThuLy TEXT,
  HanGiaiQuyet TEXT, CanBoDuyet TEXT, TenFileDinhKem TEXT, LinkFileDinhKem TEXT, IdDonThu INTEGER, NgayTao TEXT,
  DaLienThong INTEGER, NgayLienThong TEXT);
CREATE TABLE don_thu_quyet_dinh_giai_quyet (IdQuyetDinhGiaiQuyet INTEGER PRIMARY KEY, IDCoQuanBanHanh TEXT, NgayBanHanh
  TEXT, TomTatNoiDung TEXT, IDKetQuaGiaiQuyet INTEGER, IDHinhThucGiaiQuyet INTEGER, QuyenKhoiKien INTEGER, ThuHoiTien
  INTEGER, ThuHoiDatO INTEGER, ThuHoiDatSX INTEGER, TraLaiTien INTEGER, TraLaiDatO INTEGER, TraLaiDatSX INTEGER,
  SoNguoiDuocTraQuyenLoi INTEGER, XuPhatHanhChinh INTEGER, SoNguoiChuyenDieuTra INTEGER, IdDonThu INTEGER,
  TenFileDinhKem TEXT, LinkFileDinhKem TEXT, OrgTao INTEGER, NgayTao TEXT, mattcp TEXT, NgayLienThong TEXT);
CREATE TABLE don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (IdDoiTuongBiXLHC INTEGER PRIMARY KEY, TenDoiTuong TEXT,
  ChucVu TEXT, HinhThucXuLy TEXT, CaNhan INTEGER, IdQuyetDinhGiaiQuyet INTEGER);
CREATE TABLE don_thu_thi_hanh_giai_quyet (IDThiHanhGiaiQuyet INTEGER PRIMARY KEY, IDQuyetDinhGiaiQuyet INTEGER,
  NgayCapNhat TEXT, MaCoQuanThiHanh TEXT, ThuHoiTien INTEGER, ThuHoiDatO INTEGER, ThuHoiDatSX INTEGER, TraLaiTien
  INTEGER, TraLaiDatO INTEGER, TraLaiDatSX INTEGER, SoNguoiBiXuLy INTEGER, SoTapTheBiXuLy INTEGER, TaiSanQuyRaTien
  INTEGER, SoTienNopPhat INTEGER, SoDoiTuongKhoiTo INTEGER, OrgTao INTEGER, NgayTao TEXT, mattcp TEXT, NgayLienThong
  TEXT);
CREATE TABLE don_thu_van_ban_xu_ly_giai_quyet (IdVanBan INTEGER PRIMARY KEY, LoaiVanBan INTEGER, NgayBanHanh TEXT,
  HanGiaiQuyet TEXT, SoVanBan TEXT, NgayHoanThanh TEXT, NoiDung TEXT, GhiChu TEXT, TenFileDinhKem TEXT, LinkFileDinhKem
  TEXT, UserNhap INTEGER, idDonThu INTEGER);
CREATE TABLE so_tiep_cong_dan (IdSoTiepCongDan INTEGER PRIMARY KEY, IdDonThu INTEGER, IdDoiTuongBiKNTC INTEGER,
  IdDoiTuongUyQuyen INTEGER, MaLanhDaoTiep INTEGER, UyQuyen INTEGER, MaLanhDaoUyQuyen INTEGER, TiepDinhKy INTEGER,
  LoaiNguoiDiKNTC INTEGER, SoNguoiDiKNTC INTEGER, SoNguoiDaiDien INTEGER, TenCoQuanDiKNTC TEXT, DiaChiCoQuanDiKNTC TEXT,
  LoaiNguoiBiKNTC INTEGER, LoaiNguoiUyQuyen INTEGER, NoiDungTiepCongDan TEXT, KetQuaTiepCongDan TEXT, NgayTiepCongDan
  TEXT, MaCoQuanDaGiaiQuyet TEXT, SoKyHieuVanBanGiaiQuyet TEXT, LanGiaiQuyet INTEGER, NgayBanHanhQDGQ TEXT,
  LoaiQuyetDinhGiaiQuyet INTEGER, TomTatNoiDungGiaiQuyet TEXT, LoaiLinhVuc INTEGER, GanVuViec TEXT, UserTCD INTEGER);
CREATE TABLE so_tiep_cong_dan_nguoi_dai_dien (IdSoTiepCongDan INTEGER, IdDoiTuongDiKNTC INTEGER, PRIMARY KEY
  (IdSoTiepCongDan, IdDoiTuongDiKNTC));
CREATE TABLE so_tiep_cong_dan_linh_vuc (IdSoTiepCongDan INTEGER, IdLinhVuc TEXT, PRIMARY KEY (IdSoTiepCongDan,
  IdLinhVuc));
CREATE TABLE loai_tai_lieu (ma INTEGER PRIMARY KEY, ten TEXT);
CREATE TABLE co_quan (ma TEXT PRIMARY KEY, ten TEXT);
CREATE TABLE bo_sung (IdDonThu INTEGER PRIMARY KEY, BanNhap INTEGER, DoMat INTEGER);
CREATE TABLE danh_ba_to_chuc (OrganizationId INTEGER PRIMARY KEY, MaCoQuan TEXT, MaLienThong TEXT);
CREATE TABLE danh_ba_can_bo (UserId INTEGER PRIMARY KEY, OrganizationId INTEGER);

INSERT INTO co_quan VALUES ('H811.05', 'Sở Mẫu Một'), ('H811.12', 'UBND huyện Mẫu'), ('H811.31', 'Tòa án nhân dân tỉnh Mẫu');
INSERT INTO loai_tai_lieu VALUES (1, 'Đơn'), (2, 'Giấy tờ kèm theo');
INSERT INTO danh_ba_to_chuc VALUES (20101, 'H99.01', 'H811'), (20105, 'H99.01', 'H811.05'), (20112, 'H99.02', 'H811.12');
INSERT INTO danh_ba_can_bo VALUES (10, 20101), (12, 20112);

INSERT INTO don_thu_doi_tuong_di_kntc VALUES
 (1, 'NGUYỄN THỊ  MẪU MỘT', '999000000001', 2, '02/01/2016', 'Công an tỉnh Mẫu', '811', '81101', '8110101', 'Ấp 1', '0000000001', 'VN', 1, 0),
 (2, 'Lê Mẫu Hai', '999000002', 1, '', NULL, '811', NULL, NULL, 'Ấp 2', NULL, 'VN', 1, 0),
 (3, 'CHE Trần Mẫu Ba', '999000000003', 1, '2016-01-02', 'CHE', '811', '81101', '8110101', 'CHE Ấp 3', '0000000003', 'VN', 1, 0);
INSERT INTO don_thu_doi_tuong_bi_kntc (IdDoiTuongBiKNTC, HoTen, ChucVu, TenCoQuan, MaTinhCoQuan, MaHuyenCoQuan) VALUES
 (1, '', '', 'UBND huyện Mẫu', '811', '81101'), (2, 'CHE Võ Mẫu Bốn', 'CHE Trưởng ấp', NULL, NULL, NULL);
INSERT INTO don_thu_doi_tuong_uy_quyen (IdDoiTuongUyQuyen, HoTen, GioiTinh, MaTinh, DiaChiChiTiet)
 VALUES (1, 'Phạm Mẫu Năm', 1, '811', 'Ấp 5');

INSERT INTO don_thu (IdDonThu, IdDoiTuongBiKNTC, IdDoiTuongUyQuyen, NoiDungDonThu, LoaiDonThu, NgayNhanDon, NgayNhapDon,
  LoaiNguoiDiKNTC, SoNguoiDiKNTC, SoNguoiDaiDien, LoaiNguoiBiKNTC, LoaiNguoiUyQuyen, MaCoQuanDaGiaiQuyet,
  SoKyHieuVanBanGiaiQuyet, LanGiaiQuyet, NgayBanHanhQDGQ, DonNacDanh, DonKhongDuDieuKienXL, GanVuViec, Status) VALUES
 (1, 1, 1, 'Khiếu nại mức bồi thường', 1, '2023-03-01 00:00:00', '2023-03-01 08:15:00', 1, 2, 1, 2, 1, 'H811.12', '7/QĐ-MAU', 1,
  '2022-11-30 00:00:00', 0, 0, NULL, 1),
 (2, 2, 0, 'CHE Tố cáo', 2, '2023-03-02 00:00:00', '2023-03-02 10:00:00', 1, 1, 0, 1, NULL, NULL, NULL, NULL, NULL, 0, 1, '1', 0);
INSERT INTO don_thu_nguoi_dai_dien VALUES (1, 2), (1, 1), (2, 3);
INSERT INTO don_thu_linh_vuc VALUES (1, 'KN.01.01.01'), (1, 'KN'), (2, 'TC');
INSERT INTO don_thu_thong_tin_don_thu (IdThongTinDon, NguonDonDen, MaCoQuanChuyenDen, SoVanBanDen, NgayPhatHanhVanBan,
  OrgChuyen, OrgNhan, NgayNhan, IdDonThu) VALUES
 (1, 1, 'H811.05', '99/CV-MAU', '2023-03-09', 20101, 20105, '2023-03-10', 1), (2, 21, NULL, NULL, NULL, 20101, 20101, '2023-03-01', 1),
 (3, 4, 'H811.05', 'CHE 12/CV-MAU', '28/02/2023', 20101, 20101, '2023-03-02', 2);
INSERT INTO don_thu_ho_so_dinh_kem VALUES
 (1, 'Đơn viết tay', 1, 'Bản chụp', 'x', 'don.pdf', 1), (2, 'CHE', 1, 'CHE', 'CHE', 'CHE.pdf', 2);
INSERT INTO so_tiep_cong_dan (IdSoTiepCongDan, IdDonThu, MaLanhDaoTiep, UyQuyen, TiepDinhKy, LoaiNguoiDiKNTC, SoNguoiDiKNTC,
  NoiDungTiepCongDan, KetQuaTiepCongDan, NgayTiepCongDan, UserTCD) VALUES
 (1, 1, 0, 0, 0, 1, 2, 'Trình bày về bồi thường', 'Đã nhận đơn', '01/03/2023', 10);
INSERT INTO so_tiep_cong_dan_nguoi_dai_dien VALUES (1, 1), (1, 2);

INSERT INTO don_thu_ket_qua_xu_ly (IDKetQua, TomTatNoiDungXL, NgayXuLy, CanBoXuLy, CanBoDuyetKQXL, MaHuongXuLy, MaCQXLTiep,
  NoiDungXuLy, IDDonThu, NgayTao, OrgTao, TenFileDinhKem) VALUES
 (1, 'Thụ lý', '2023-03-06', 'Nguyễn Mẫu Sáu - Chuyên viên', 'Trần Mẫu Bảy - Trưởng ban', 4, NULL, 'Thụ lý theo thẩm quyền', 1, '2023-03-06 09:00:00', 20101, 'phieu.pdf'),
 (2, 'CHE', '2023-03-07', 'CHE - Chuyên viên', 'CHE - Trưởng ban', 5, 'H811.31', 'CHE', 2, '2023-03-07 09:00:00', 20101, 'CHE.pdf');
INSERT INTO don_thu_quyet_dinh_thu_ly (IDQuyetDinhThuLy, MaCoQuanThuLy, NgayThuLy, HanGiaiQuyet, CanBoDuyet, IdDonThu, NgayTao, TenFileDinhKem)
 VALUES (1, '20105', '2023-03-11', '2023-05-10', 'Trần Mẫu Bảy - Giám đốc', 1, '2023-03-11 09:00:00', 'qd-thu-ly.pdf');
INSERT INTO don_thu_quyet_dinh_giai_quyet (IdQuyetDinhGiaiQuyet, IDCoQuanBanHanh, NgayBanHanh, TomTatNoiDung, IDKetQuaGiaiQuyet,
  IDHinhThucGiaiQuyet, QuyenKhoiKien, TraLaiTien, TraLaiDatSX, SoNguoiDuocTraQuyenLoi, IdDonThu, NgayTao, OrgTao, TenFileDinhKem)
 VALUES (1, 'H811.05', '2023-05-02', 'Chấp nhận một phần', 10, 1, 1, 5000000000, 120, 1, 1, '2023-05-02 15:00:00',
  20105, 'qd.pdf');
INSERT INTO don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc VALUES (1, 'Đỗ Mẫu Tám', 'Phó Chủ tịch', 'Khiển trách', 1, 1);
INSERT INTO don_thu_thi_hanh_giai_quyet (IDThiHanhGiaiQuyet, IDQuyetDinhGiaiQuyet, NgayCapNhat, MaCoQuanThiHanh, TraLaiTien,
  SoTienNopPhat, SoDoiTuongKhoiTo, OrgTao, NgayTao) VALUES (1, 1, '2023-06-20', 'H811.12', 2000000000, 0, 0, 20112, '2023-06-20 10:00:00');
INSERT INTO don_thu_van_ban_xu_ly_giai_quyet (IdVanBan, LoaiVanBan, NgayBanHanh, HanGiaiQuyet, SoVanBan, NgayHoanThanh, NoiDung, idDonThu)
 VALUES (1, 6, '2023-04-01', NULL, '5/BB-MAU', '05/04/2023', 'x', 1), (2, 4, '2023-05-20', '2023-06-01', 'CHE 8/CV-MAU', NULL, 'CHE', 2);

-- 11 to 15
INSERT INTO don_thu (IdDonThu, NoiDungDonThu, LoaiDonThu, NgayNhanDon, NgayNhapDon, LoaiNguoiDiKNTC, SoNguoiDiKNTC) VALUES
 (11, 'Khiếu nại quyết định thu hồi đất', 1, '2023-04-03', '2023-04-03 09:00:00', 1, 1),
 (12, 'CHE nháp', 1, '2023-04-04', NULL, 1, 1), (13, 'CHE mật', 1, '2023-04-05', NULL, 1, 1),
 (14, 'CHE cơ quan khác', 1, '2023-04-06', NULL, 1, 1), (15, 'Khiếu nại', 1, '31/02/2023', NULL, 1, 1);
INSERT INTO don_thu_linh_vuc VALUES (11, 'KN'), (11, 'KN.01.01.01'), (12, 'KN'), (13, 'KN'), (14, 'KN'), (15, 'KN.01.09');
INSERT INTO don_thu_thong_tin_don_thu (IdThongTinDon, NguonDonDen, OrgChuyen, OrgNhan, NgayNhan, IdDonThu) VALUES
 (11, 1, 20101, 20101, '2023-04-03', 11), (12, 1, 20101, 20101, '2023-04-04', 12), (13, 1, 20101, 20101, '2023-04-05', 13),
 (14, 1, 20112, 20112, '2023-04-06', 14), (15, 1, 20101, 20101, '2023-04-07', 15);
INSERT INTO bo_sung VALUES (12, 1, 0), (13, 0, 1);
INSERT INTO so_tiep_cong_dan (IdSoTiepCongDan, IdDonThu, MaLanhDaoTiep, UyQuyen, TiepDinhKy, LoaiNguoiDiKNTC, SoNguoiDiKNTC,
  NoiDungTiepCongDan, NgayTiepCongDan, UserTCD) VALUES
 (13, 13, 0, 0, 0, 1, 1, 'CHE mật', '2023-04-05', 10), (14, 0, 0, 0, 0, 1, 1, 'CHE cơ quan khác', '2023-04-06', 12),
 (15, 0, 11, 0, 1, 1, 6, 'CHE Phản ánh chưa phân loại', '2023-04-07', 10);
INSERT INTO don_thu_ket_qua_xu_ly (IDKetQua, NgayXuLy, MaHuongXuLy, IDDonThu, NgayTao, OrgTao) VALUES
 (12, '2023-04-04', 4, 12, NULL, 20101), (13, '2023-04-05', 4, 13, NULL, 20101), (14, '2023-04-06', 4, 14, NULL, 20112),
 (15, '2023-04-07', 2, 15, NULL, 20101);
INSERT INTO don_thu_quyet_dinh_thu_ly (IDQuyetDinhThuLy, MaCoQuanThuLy, NgayThuLy, HanGiaiQuyet, IdDonThu)
 VALUES (11, '20101', '2023-04-13', '2023-06-12', 11);
INSERT INTO don_thu_quyet_dinh_giai_quyet (IdQuyetDinhGiaiQuyet, IDCoQuanBanHanh, NgayBanHanh, TomTatNoiDung, IDKetQuaGiaiQuyet,
  IDHinhThucGiaiQuyet, QuyenKhoiKien, ThuHoiTien, ThuHoiDatSX, TraLaiTien, TraLaiDatO, SoNguoiDuocTraQuyenLoi, SoNguoiChuyenDieuTra,
  IdDonThu, NgayTao, OrgTao, TenFileDinhKem, mattcp) VALUES
 (11, '20101', '2023-06-01', 'Khiếu nại đúng một phần', 1, 0, 0, 70000000, 250, 5000000000, 0, 1, 0, 11, '2023-06-01 15:00:00', 20101,
  'qd-11.pdf', NULL);
INSERT INTO don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc VALUES (11, 'Bùi Mẫu Chín', 'Công chức địa chính', 'Cảnh cáo', 1, 11),
 (12, 'Chi nhánh Mẫu', NULL, 'Kiểm điểm', 0, 11);
INSERT INTO don_thu_thi_hanh_giai_quyet (IDThiHanhGiaiQuyet, IDQuyetDinhGiaiQuyet, NgayCapNhat, MaCoQuanThiHanh, TraLaiTien,
  SoTienNopPhat, OrgTao, NgayTao) VALUES
 (11, 11, '2023-07-01', '20112', 5000000000, NULL, 20101, NULL), (12, 99, '2023-07-02', 'H811', 1000000, NULL, 20101, NULL),
 (13, 11, NULL, 'H811', 0, -20000000, 20101, NULL);
