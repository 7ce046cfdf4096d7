-- Two cases, written by hand. 1: a complaint by two persons with a lawyer, settled and half enforced.
-- 2: a named denunciation that came with a letter and was transferred. CHE = must not be in any document.
-- 20101 and 20105 are organisations of the agency, 20112 is another agency's.
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
INSERT INTO don_thu_linh_vuc VALUES (1, 'KN.01.01.01'), (1, 'KN'), (2, 'TC.02');
INSERT INTO don_thu_thong_tin_don_thu (IdThongTinDon, NguonDonDen, MaCoQuanChuyenDen, SoVanBanDen, NgayPhatHanhVanBan,
  OrgChuyen, OrgNhan, NgayNhan, IdDonThu) VALUES
 (1, 1, 'H811.05', '99/CV-MAU', '2023-03-09', 20101, 20105, '2023-03-10', 1), (2, 21, NULL, NULL, NULL, 20101, 20101, '2023-03-01', 1),
 (3, 4, 'H811.05', 'CHE 12/CV-MAU', '28/02/2023', 20101, 20101, '2023-03-02', 2);
INSERT INTO don_thu_ho_so_dinh_kem VALUES
 (1, 'Đơn viết tay', 1, 'Bản chụp', 'x', 'don.pdf', 1), (2, 'CHE', 1, 'CHE', 'CHE', 'CHE.pdf', 2);
INSERT INTO so_tiep_cong_dan (IdSoTiepCongDan, IdDonThu, MaLanhDaoTiep, UyQuyen, TiepDinhKy, LoaiNguoiDiKNTC, SoNguoiDiKNTC,
  NoiDungTiepCongDan, KetQuaTiepCongDan, NgayTiepCongDan, UserTCD) VALUES
 (1, 1, 11, 0, 1, 1, 2, 'Trình bày về bồi thường', 'Đã nhận đơn', '01/03/2023', 10);
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
