-- The seed of Gosol KNTC: SYNTHETIC rows that have the shapes seen. A complaint on its whole way; a denunciation by a crowd that is handed
-- on (the receiver has a receipt of its own); the complaint sent a second time; a visit with and a visit without a petition.
INSERT INTO CoQuan (CoQuanID, TenCoQuan, CoQuanChaID, CapID, TinhID, TTChiaTachSapNhap, ChiaTachSapNhapDenCQID, MappingCode) VALUES
 (1, 'Thanh tra tỉnh Mẫu', 0, 2, 1, 0, 0, 'H717.01'), (2, 'UBND huyện Mẫu', 0, 3, 1, 0, 0, 'H717.11'),
 (3, 'UBND phường Mẫu mới', 0, 4, 1, 0, 0, NULL), (4, 'Thanh tra huyện Mẫu (đã sáp nhập)', 0, 3, 1, 1, 1, 'H717.21'),
 (5, 'Ban Tiếp công dân tỉnh Mẫu', 1, 2, 1, 2, 1, 'H717.02');
INSERT INTO DanhBaCoQuan VALUES (1, 'H51.01'), (2, 'H51.02'), (3, NULL), (4, 'H51.01'), (5, 'H51.01');
INSERT INTO Tinh VALUES (1, 'Mẫu', 'Tỉnh Mẫu', '717');
INSERT INTO Huyen VALUES (1, 1, 'Mẫu', 'Huyện Mẫu', '71701');
INSERT INTO Xa VALUES (1, 1, 'Mẫu', 'Xã Mẫu', NULL), (2, 1, 'Mẫu Hai', 'Xã Mẫu Hai', '7170102');
INSERT INTO QuocTich VALUES (1, 'Việt Nam', 'VN');
INSERT INTO LoaiKhieuTo (LoaiKhieuToID, TenLoaiKhieuTo, LoaiKhieuToCha, Cap, MappingCode) VALUES
 (1, 'Khiếu nại', 0, 1, 'KN'), (8, 'Tố cáo', 0, 1, 'TC'), (9, 'Phản ánh, kiến nghị', 0, 1, 'PA'), (62, 'Kiến nghị', 0, 1, NULL),
 (101, 'Đất đai', 1, 2, 'KN.01.01'), (102, 'Thu hồi đất', 101, 3, NULL), (103, 'Bồi thường', 101, 3, 'KN.01.01.01'),
 (801, 'Tham nhũng', 8, 2, 'TC.02'), (901, 'Hạ tầng', 9, 2, 'PA.09'), (621, 'Khác', 62, 2, NULL);
INSERT INTO NguonDonDen VALUES (21, 'Trực tiếp', '21'), (22, 'Cơ quan khác chuyển', '4'), (26, 'Bưu chính', '1'), (28, 'Trao tay', NULL);
INSERT INTO HuongGiaiQuyet VALUES (30, 'Hướng dẫn', '2'), (31, 'Đề xuất thụ lý', '4'), (32, 'Chuyển đơn', '5'), (33, 'Trả đơn', '7'),
 (71, 'Lưu đơn', NULL);
INSERT INTO CanBo VALUES (5, 'Phạm Mẫu Năm', 1, 1, 1), (6, 'Đỗ Mẫu Sáu', 1, 1, 2);
INSERT INTO NhomKN (NhomKNID, SoLuong, TenCQ, LoaiDoiTuongKNID) VALUES (1, 1, NULL, 1), (2, 15, NULL, 3), (3, 1, 'Công ty Mẫu', 2);
INSERT INTO DoiTuongKN (DoiTuongKNID, HoTen, CMND, GioiTinh, QuocTichID, DanTocID, TinhID, HuyenID, XaID, DiaChiCT, NhomKNID,
  SoDienThoai, NgayCap) VALUES
 (1, 'Nguyễn Thị Mẫu', '077000000001', 2, 1, 1, 1, 1, 1, 'Số 1', 1, '0900000001', '2016-02-03 00:00:00'),
 (2, 'Lê Văn Mẫu', '', 1, 1, 1, 1, 0, 0, '', 2, '', '1753-01-01 00:00:00'),
 (3, 'Trần Văn Mẫu', '270000003', 0, 1, 1, 1, 1, 0, '', 2, NULL, NULL);
INSERT INTO DonThu (DonThuID, NhomKNID, LoaiKhieuTo1ID, LoaiKhieuTo2ID, LoaiKhieuTo3ID, LoaiKhieuToID, NoiDungDon, TrungDon, TinhID,
  HuyenID, XaID, NgayVietDon) VALUES
 (1, 1, 1, 101, 102, 102, 'Khiếu nại thu hồi đất', 0, 1, 1, 1, '2024-05-01 00:00:00'),
 (2, 2, 8, 0, 0, 8, 'Tố cáo', 0, 1, 1, 0, '1753-01-01 00:00:00'),
 (3, 1, 1, 101, 102, 102, 'Khiếu nại thu hồi đất (gửi lại)', 1, 1, 1, 1, NULL);
INSERT INTO XuLyDon (XuLyDonID, DonThuID, SoLan, SoDonThu, NgayNhapDon, NgayQuaHan, NguonDonDen, HuongGiaiQuyetID, CQDaGiaiQuyetID,
  TrangThaiDonID, CoQuanID, NgayThuLy, DonThuGocID, LanGiaiQuyet, XuLyDonChuyenID, NgayXuLy) VALUES
 (1, 1, 1, '1', '2024-05-06 08:00:00', '2024-05-20 00:00:00', 21, 31, '', 5, 1, '2024-05-10 00:00:00', 0, 1, 0, '2024-05-09 00:00:00'),
 (2, 2, 1, '2', '2024-05-07 09:00:00', '2024-05-21 00:00:00', 22, 32, '2,3', 4, 1, '1753-01-01 00:00:00', 0, 0, 0, '2024-05-08 00:00:00'),
 (3, 2, 1, '1', '2024-05-09 09:00:00', '2024-05-23 00:00:00', 22, NULL, 'UBND huyện cũ', 4, 2, NULL, 0, 0, 2, NULL),
 (4, 3, 2, '3', '2024-06-01 09:00:00', '2024-06-15 00:00:00', 26, 71, NULL, 4, 1, NULL, 1, 0, 0, '2024-06-03 00:00:00');
INSERT INTO KetQua (KetQuaID, LoaiKetQuaID, CanBoID, CoQuanID, NgayRaKQ, SoTien, SoDat, XuLyDonID, PhanTichKQ, SoQuyetDinh)
 VALUES (1, 1, 5, 1, '2024-07-01 00:00:00', 50000000, 120, 1, 2, '123/QĐ-UBND');
INSERT INTO ThiHanh VALUES (1, '2024-08-01 00:00:00', 'UBND phường Mẫu mới', 50000000, 0, 1, 1);
INSERT INTO TiepDanKhongDon (TiepDanKhongDonID, NgayTiep, NoiDungTiep, VuViecCu, CanBoTiepID, DonThuID, CoQuanID, XuLyDonID,
  LoaiTiepDanID, KQQuaTiepDan, TiepDanCoDon) VALUES
 (1, '2024-05-06 07:45:00', 'Có đơn', 0, 5, 1, 1, 1, 1, 1, 1), (2, '2024-05-15 08:00:00', 'Không đơn', 1, 5, 0, 1, 0, 2, 3, 0);
INSERT INTO Document VALUES (1, 1, 9, '2024-07-15 00:00:00'), (2, 1, 2, '2024-05-21 00:00:00');
INSERT INTO TransitionHistory VALUES (1, 1, 1, 5, '2024-05-06 08:01:00'), (2, 1, 9, 5, '2024-07-01 16:00:00');
INSERT INTO DongBo_Log VALUES (1, 1, 2, '2024-05-07 01:00:00', 1, 1);
