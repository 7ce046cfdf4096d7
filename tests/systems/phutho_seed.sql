-- The shapes that were seen in the real database, with invented content.
INSERT INTO donthu (donthuid, sothuly, ngayviet, ngaynhan, nguondon, songuoi, tennguoivietdon, cmnd_hc, ngaycap, noicap, sdt,
  diachinguoiviet, lankhieunai, doituongkhieunai, noidung, vanban, socongvanden, ngaychuyendon, coquanbanhanh, trangthaixuly, ketqua,
  filepath, donthulanmotid, thoihanxuly, create_at, ngayGiaoXuLy, nguoiLienQuan, gioitinh, songuoilienquan, id_csdlqg) VALUES
 (1, '1/2018', '2018-01-05', '2018-01-08', 'dodan', 1, 'TRẦN THỊ MẪU', '000000000001', '0000-00-00', '', '0900000001',
  'Khu 1, xã Mẫu C', 'Lần 1', 'UBND huyện Mẫu A', 'Khiếu nại việc thu hồi đất', 'don1.doc****', '', '0000-00-00', '', 2, 0,
  'uploads/1', 0, '10', '2018-01-08 08:00:00', '0000-00-00 00:00:00', '', NULL, NULL, NULL),
 (2, '2/2018', '0000-00-00', '2018-01-09', 'donvi', 0, 'ĐƠN NẶC DANH', '', '0000-00-00', '', '', '', '', '15', 'Tố cáo cán bộ',
  'don2.pdf*phuluc.doc***', '45/CV', '2018-01-07', '1', 0, 0, 'uploads/2', 0, '', '2018-01-09 09:30:00', '0000-00-00 00:00:00', '',
  NULL, NULL, NULL),
 (3, '3/2018', '2018-01-20', '2018-01-22', 'donvi', 1, 'LÊ VĂN MẪU', '00000000002', '2010-02-30', 'CA Ph? Th?', '0900000002',
  'xã Mẫu C', 'Lần 2', 'UBND xã Mẫu C', 'Khiếu nại lần hai', '****', '', '2018-01-19', 'Văn phòng UBND tỉnh', 5, 1, '', 1, '30',
  '2018-03-01 16:00:00', '2018-01-23 10:00:00', 'LÊ THỊ MẪU', NULL, NULL, NULL),
 (4, '120/2021', '2021-06-01', '2021-06-03', '21', 2, 'PHẠM VĂN MẪU', '001000000004', '2016-05-05', 'Cục CSQLHC', '0900000004',
  'khu 2', '0', '2', 'Phản ánh', '', '', '0000-00-00', '', 1, 0, '', 0, '15', '2021-06-03 10:10:10', '0000-00-00 00:00:00', '', 1, 12,
  '11111111-2222-3333-4444-555555555555');
INSERT INTO phanloaidonthu (donthuid, loaidon, linhvuc, diaban, donvi, huonggiaiquyet, dexuat, nguoixuly, sothuly, socongvanchuyendi,
  donvichuyenden, congvanchuyendon, trangthai, thamquyen) VALUES
 (1, '1', '2', '3', 1, '1', 'Thụ lý giải quyết', '7', '1/2018', '', '', '', 1, 1),
 (2, '2', '', '2', 0, '3', 'Chuyển đơn', '8', '2/2018', '12/BTCD', '1', 'cv.doc', 1, 2),
 (3, '5', '11', '', 2, '', '', '', '3/2018', '', '', '', 0, 0);
INSERT INTO ketquagiaiquyet (donthuid, soquyetdinh, ngayquyetdinh, tieude, tomtatketqua, vanbangiaiquyet, thutien, tratien, thudat,
  tradat, sothuly, danhgiadonthu, linkfile, trangthai) VALUES
 (1, 0, '0000-00-00', '', '', '', '', '', '', '', '1/2018', '', '', 0),
 (3, 1234, '2018-03-01', 'Quyết định giải quyết', '<p>Công nhận một phần&nbsp;nội dung</p>', 'qd.pdf', '12.500.000', '0', '', '120m2',
  '3/2018', '2', '', 1),
 (99, 0, '0000-00-00', '', '', '', '', '', '', '', '', '', '', 0);
INSERT INTO nguoidaidien (id, donthuid, sothuly, tennguoidaidien, diachinguoidaidien, nguoidaidien, cmt, ngaycap, noicap, sdt, enable)
VALUES (1, 3, '3/2018', 'LÊ THỊ MẪU', 'xã Mẫu C', 'x', '00000000003', '0000-00-00', 'CA Ph? Th?', 900000003, 1),
 (2, 3, '3/2018', 'NHÁP', '', 'o', '', '0000-00-00', '', NULL, 0);
INSERT INTO ketquatiepdan (tiepdanid, sothuly, ngaytiep, lantiep, lanhdao, chucvu, congdan, diachi, chuthe, loaihinh, hinhthuc, linhvuc,
  diaban, noidung, thamquyen, sdt, cmt, ngaycap) VALUES
 (1, '1/2018', '2018-01-15', 1, 'Ông Mẫu Một, Bà Mẫu Hai', 'Chủ tịch, Phó Chánh thanh tra', 'TRẦN THỊ MẪU', 'xã Mẫu C', 1, 1, 1, 2, 3,
  'Trình bày', 1, 900000001, '000000000001', '0000-00-00');
