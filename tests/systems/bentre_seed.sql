-- SYNTHETIC rows (nobody in them exists) in the value shapes that were seen in this system: a complaint received by one
-- organisation and handed to another one of the same agency, which accepts, decides and lets it be carried out; an
-- anonymous denunciation; the complaint once more, by several people; a visit with a petition and one without.
INSERT INTO don_thu_doi_tuong_bi_kntc (IdDoiTuongBiKNTC, HoTen, GioiTinh, ChucVu, TenCoQuan, MaTinhCoQuan, MaHuyenCoQuan)
VALUES (900001, '', 0, '', 'UBND huyện Mẫu', '811', '81101'), (900002, 'TRẦN VĂN MẪU', 1, 'Chủ tịch xã', NULL, NULL, NULL);
INSERT INTO don_thu_doi_tuong_di_kntc (IdDoiTuongDiKNTC, HoTen, SoDinhDanhCaNhan, GioiTinh, NgayCapSoDinhDanh,
  NoiCapSoDinhDanh, MaTinh, MaHuyen, MaXa, DiaChiChiTiet, SoDienThoai, MaQuocTich, MaDanToc, NacDanh)
VALUES (900001, 'NGUYỄN THỊ MẪU', '999000900001', 2, '2016-01-02', 'Công an tỉnh', '811', '81101', '8110101', 'Ấp 1',
  '0000900001', 'VN', 1, 0), (900002, 'LÊ VĂN MẪU', '999900002', 1, NULL, NULL, '811', NULL, NULL, 'Ấp 2', NULL, 'VN', 1, 0),
  (900003, '', '', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO don_thu (IdDonThu, IdDoiTuongBiKNTC, IdDoiTuongUyQuyen, NoiDungDonThu, ThamQuyenGiaiQuyet, LoaiDonThu,
  NgayNhanDon, NgayNhapDon, LoaiNguoiDiKNTC, SoNguoiDiKNTC, SoNguoiDaiDien, LoaiNguoiBiKNTC, LanGiaiQuyet, UserNhapDon,
  DonNacDanh, DonKhongDuDieuKienXL, GanVuViec, mattcp, Status)
VALUES (900001, 900001, 0, 'Khiếu nại bồi thường', 'H', 1, '2020-03-02 00:00:00', '2020-03-02 08:15:00', 1, 1, 0, 2, 1, 10,
  0, 0, NULL, 'aaaaaaaa-0000-0000-0000-000000000001', 0),
  (900002, 900002, 0, 'Tố cáo', 'H', 2, '2020-03-05 00:00:00', '2020-03-05 10:00:00', 1, 0, 0, 1, 0, 10, 1, 1, NULL, NULL, 0),
  (900003, 900001, 0, 'Khiếu nại bồi thường (gửi lại, nhiều người)', 'H', 1, '2020-04-01 00:00:00', '2020-04-01 14:00:00', 2,
  9, 2, 2, 2, 11, 0, 0, '900001', NULL, 2);
INSERT INTO don_thu_nguoi_dai_dien (IdDonThu, IdDoiTuongDiKNTC)
VALUES (900001, 900001), (900002, 900003), (900003, 900001), (900003, 900002);
INSERT INTO don_thu_linh_vuc (IdDonThu, IdLinhVuc)
VALUES (900001, 'KN.01.01.01'), (900003, 'KN.01.01.01'), (900003, 'KN.01.01');
INSERT INTO don_thu_thong_tin_don_thu (IdThongTinDon, NguonDonDen, OrgChuyen, OrgNhan, NgayNhan, IdDonThu, mattcp)
VALUES (900001, 21, 20101, 20101, '2020-03-02', 900001, 'aaaaaaaa-0000-0000-0000-000000000001'),
  (900002, 4, 20101, 20105, '2020-03-10', 900001, NULL), (900003, 1, 20105, 20105, '2020-03-05', 900002, NULL),
  (900004, 21, 20101, 20101, '2020-04-01', 900003, NULL);
INSERT INTO don_thu_ket_qua_xu_ly (IDKetQua, TomTatNoiDungXL, NgayXuLy, CanBoXuLy, CanBoDuyetKQXL, MaHuongXuLy, MaCQXL,
  MaCQXLTiep, NoiDungXuLy, IDDonThu, NgayTao, OrgTao, DaLienThong)
VALUES (900001, 'Chuyển Sở Mẫu', '2020-03-10', 'Nguyễn Mẫu - Chuyên viên', 'Trần Mẫu - Trưởng ban', 5, 'H811', 'H811.05',
  'Chuyển đơn', 900001, '2020-03-10 09:00:00', 20101, 1);
INSERT INTO don_thu_quyet_dinh_thu_ly (IDQuyetDinhThuLy, MaCoQuanThuLy, NgayThuLy, HanGiaiQuyet, CanBoDuyet, IdDonThu,
  NgayTao, DaLienThong)
VALUES (900001, '20105', '2020-03-16', '2020-05-15', 'Trần Mẫu - Giám đốc', 900001, '2020-03-16 09:00:00', 0);
INSERT INTO don_thu_quyet_dinh_giai_quyet (IdQuyetDinhGiaiQuyet, IDCoQuanBanHanh, NgayBanHanh, TomTatNoiDung,
  IDKetQuaGiaiQuyet, IDHinhThucGiaiQuyet, QuyenKhoiKien, ThuHoiTien, TraLaiTien, TraLaiDatSX, SoNguoiDuocTraQuyenLoi,
  IdDonThu, OrgTao, NgayTao)
VALUES (900001, 'H811.05', '2020-05-12', 'Đúng một phần', 1, 1, 1, 0, 50000000, 120, 1, 900001, 20105, '2020-05-12 15:00:00');
INSERT INTO don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (IdDoiTuongBiXLHC, TenDoiTuong, ChucVu, HinhThucXuLy, CaNhan,
  IdQuyetDinhGiaiQuyet)
VALUES (900001, 'TRẦN VĂN MẪU', 'Chủ tịch xã', 'Cảnh cáo', 1, 900001);
INSERT INTO don_thu_thi_hanh_giai_quyet (IDThiHanhGiaiQuyet, IDQuyetDinhGiaiQuyet, NgayCapNhat, MaCoQuanThiHanh, TraLaiTien,
  SoTienNopPhat, SoDoiTuongKhoiTo, OrgTao, NgayTao)
VALUES (900001, 900001, '2020-06-20', 'H811.12', 50000000, 0, 0, 20112, '2020-06-20 10:00:00');
INSERT INTO so_tiep_cong_dan (IdSoTiepCongDan, IdDonThu, TiepDinhKy, LoaiNguoiDiKNTC, SoNguoiDiKNTC, NoiDungTiepCongDan,
  KetQuaTiepCongDan, NgayTiepCongDan, UserTCD)
VALUES (900001, 900001, 0, 1, 1, 'Tiếp và nhận đơn', 'Nhận đơn', '2020-03-02', 10),
  (900002, 0, 1, 1, 1, 'Hỏi tiến độ, không có đơn', 'Giải thích', '2020-03-15', 10);
