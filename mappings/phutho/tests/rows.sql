-- Rows for `kntc mapping test phutho`: what they must become stands in documents.json. All persons and papers are invented.
--
--   1   a complaint of 2018 by a citizen and two others, one of them a draft, accepted and settled
--   2   a named denunciation of 2021 that came with a letter and was transferred. CHE = must not be in any document
--   3   khiếu nại + tố cáo in one letter                4   a recommendation by electronic mail, from a group, answered
--   5   the second instance of 1, withdrawn: what its judgement means every installation enters itself, so the decision waits
--   6   an anonymous denunciation whose handling has no day yet
--   7   everything that nobody can read: type 5, field 11, numbers that no list has, a word that its letter contradicts, 30 February
--   8   a petition as it is made: nothing entered in its side rows
--   9   a state secret                                  10  side rows of a petition that was deleted
--
-- Visit 1 names its citizens, visit 2 bears the mark of a state secret.

CREATE TABLE donthu (donthuid INTEGER PRIMARY KEY, sothuly TEXT, ngayviet TEXT, ngaynhan TEXT, nguondon TEXT, songuoi INTEGER,
  tennguoivietdon TEXT, cmnd_hc TEXT, ngaycap TEXT, noicap TEXT, sdt TEXT, diachinguoiviet TEXT, lankhieunai TEXT, doituongkhieunai TEXT,
  diachidoituongbikhieunai TEXT, noidung TEXT, vanban TEXT, socongvanden TEXT, ngaychuyendon TEXT, coquanbanhanh TEXT, ketqua INTEGER,
  donthulanmotid INTEGER, gioitinh INTEGER, id_csdlqg TEXT);
CREATE TABLE phanloaidonthu (donthuid INTEGER PRIMARY KEY, loaidon TEXT, linhvuc TEXT, huonggiaiquyet TEXT, dexuat TEXT,
  socongvanchuyendi TEXT, donvichuyenden TEXT, filehuongdan TEXT, congvanchuyendon TEXT, tbchuyendon TEXT, vbyeucauxuly TEXT, thamquyen INTEGER);
CREATE TABLE theodoidonthu (donthuid INTEGER PRIMARY KEY, ngayquyetdinhxuly TEXT, tomtatxuly TEXT);
CREATE TABLE ketquagiaiquyet (donthuid INTEGER PRIMARY KEY, soquyetdinh INTEGER, ngayquyetdinh TEXT, tieude TEXT, tomtatketqua TEXT,
  vanbangiaiquyet TEXT, thutien TEXT, tratien TEXT, thudat TEXT, tradat TEXT, danhgiadonthu TEXT);
CREATE TABLE thongtinrutdonthu (donthuid INTEGER PRIMARY KEY, ngaynhan TEXT, ngaytrendon TEXT);
CREATE TABLE nguoidaidien (id INTEGER PRIMARY KEY, donthuid INTEGER, tennguoidaidien TEXT, diachinguoidaidien TEXT, nguoidaidien TEXT,
  cmt TEXT, ngaycap TEXT, noicap TEXT, sdt INTEGER, enable INTEGER);
CREATE TABLE ketquatiepdan (tiepdanid INTEGER PRIMARY KEY, ngaytiep TEXT, congdan TEXT, diachi TEXT, loaihinh INTEGER, noidung TEXT,
  ketquagiaiquyet TEXT, sdt INTEGER, cmt TEXT, ngaycap TEXT, noicap TEXT, chutri TEXT, chucvuchutri TEXT, gioitinh INTEGER);
CREATE TABLE congdankhac (id INTEGER PRIMARY KEY, tiepdanid INTEGER, tencongdan TEXT, diachi TEXT, ngaycap TEXT, noicap TEXT, sdt INTEGER,
  cmt TEXT, enable INTEGER);
CREATE TABLE quanlyvanban (id INTEGER PRIMARY KEY, donthuid INTEGER, tenvanban TEXT, linkfile TEXT, type INTEGER);
CREATE TABLE donvi (id INTEGER PRIMARY KEY, tendonvi TEXT, madonvi TEXT);
CREATE TABLE loaidon (loaidonid INTEGER PRIMARY KEY, tenloaidon TEXT, maloaidon TEXT);
CREATE TABLE linhvuc (linhvucid INTEGER PRIMARY KEY, tenlinhvuc TEXT, malinhvuc TEXT);
CREATE TABLE doituongkhieunaitocao (id INTEGER PRIMARY KEY, tendoituong TEXT, diachi TEXT);
CREATE TABLE ho_so_mat (bang TEXT, id INTEGER);

INSERT INTO donvi VALUES (1, 'UBND huyện Mẫu A', 'H217.05'), (2, 'Sở Mẫu B', '');
INSERT INTO loaidon VALUES (1, 'Khiếu nại', 'KN'), (2, 'Tố cáo', 'TC'), (3, 'Khiếu nại + tố cáo', ''), (4, 'Kiến nghị, phản ánh', 'PA');
INSERT INTO linhvuc VALUES (2, 'Thu hồi, GPMB', 'KN.01.01'), (8, 'Người có công', '');
INSERT INTO doituongkhieunaitocao VALUES (1, 'Chủ tịch UBND xã Mẫu C', 'Xã Mẫu C');
INSERT INTO ho_so_mat VALUES ('donthu', 9), ('ketquatiepdan', 2);

INSERT INTO donthu VALUES
 (1, '1/2018', '2018-01-05', '2018-01-08', 'dodan', 1, 'TRẦN THỊ MẪU', '000000000001', '2010-02-30', 'CA Ph? Th?', '0900000001',
  'Khu 1, xã Mẫu C', 'Lần 1', '1', '', 'Khiếu nại việc thu hồi đất', 'don1.doc*ban-do.pdf***', '', '0000-00-00', '', 0, 0, NULL, NULL),
 (2, '2/2021', '0000-00-00', '2021-03-09', '4', 1, 'CHE LÊ VĂN MẪU', '001000000002', '2016-05-05', 'CHE Cục', '0900000002', 'CHE Khu 2',
  '', 'CHE Phạm Mẫu', 'CHE', 'CHE Tố cáo cán bộ', 'CHE don.pdf****', 'CHE 45/CV', '2021-03-07', '1', 0, 1, 1, NULL),
 (3, '3/2021', '0000-00-00', '2021-04-01', 'donvi', 0, 'CHE NGÔ MẪU', '', '0000-00-00', '', '', '', '', '', '', 'CHE Nhiều việc', '',
  'CHE 6/CV', '0000-00-00', 'CHE Văn phòng', 0, 0, NULL, NULL),
 (4, '120/2021', '2021-06-01', '2021-06-03', '20', 2, 'PHẠM THỊ MẪU', '000000004', '2016-05-05', 'Cục CSQLHC', '0900000004', 'Khu 2', '0',
  'UBND xã Mẫu C', 'Xã Mẫu C', 'Đề nghị sửa đường', '', '', '0000-00-00', '', 0, 0, 2, '11111111-2222-3333-4444-555555555555'),
 (5, '5/2018', '2018-09-01', '2018-09-03', 'donvi', 0, 'TRẦN THỊ MẪU', '000000000001', '0000-00-00', '', '', '', 'Lần 2', '', '',
  'Khiếu nại lần hai', '****', '', '2018-09-02', 'Văn phòng UBND tỉnh', 2, 1, NULL, NULL),
 (6, '6/2018', '0000-00-00', '2018-10-01', 'dodan', 0, 'Đơn nặc danh', '', '0000-00-00', '', '', '', '', '', '', 'CHE Tố cáo', '', '',
  '0000-00-00', '0', 0, 0, NULL, NULL),
 (7, '7/2018', '0000-00-00', '2018-02-30', 'dodan', 0, 'CHE VŨ MẪU', '', '0000-00-00', '', '', '', 'Lần 3', '77', '', 'CHE Nội dung', '',
  'CHE 9/CV', '0000-00-00', '88', 0, 0, NULL, NULL),
 (8, '8/2018', '0000-00-00', '2018-11-01', 'dodan', 0, 'CHE ĐỖ MẪU', '', '0000-00-00', '', '', '', '', '', '', 'CHE Nội dung', '', '',
  '0000-00-00', '', 0, 0, NULL, NULL),
 (9, '9/2018', '0000-00-00', '2018-12-01', 'dodan', 0, 'CHE MẬT', '', '0000-00-00', '', '', '', '', '', '', 'CHE Mật', 'CHE mat.doc', '',
  '0000-00-00', '', 0, 0, NULL, NULL);
INSERT INTO phanloaidonthu VALUES
 (1, '1', '2', '1', 'Thụ lý giải quyết', '', '', '', '', '', '', 1),
 (2, '2', '2', '3', 'CHE Chuyển đơn', 'CHE 12/BTCD', '1', '', 'CHE cv.doc', '', '', 2),
 (3, '3', '', '4', 'CHE', '', '', 'CHE hd.doc', '', '', '', 0),
 (4, '4', '8', '5', '', '', '', '', '', '', 'yeu-cau.doc', 1),
 (5, '1', '', '2', 'Trả đơn', '', '', '', '', '', '', 0),
 (6, '2', '0', '3', 'CHE', '', 'CHE Cơ quan', '', '', '', '', 2),
 (7, '5', '11', '9', 'CHE', '', '', '', '', '', '', 3),
 (8, '', '', '', '', '', '', '', '', '', '', 0),
 (9, '1', '', '1', 'CHE', '', '', 'CHE mat.doc', '', '', '', 1),
 (10, '2', '', '1', 'CHE', '', '', 'CHE cu.doc', '', '', '', 1);
INSERT INTO theodoidonthu VALUES (1, '2018-01-15', 'Đủ điều kiện thụ lý'), (2, '2021-03-12', 'CHE'), (3, '2021-04-05', 'CHE'),
 (4, '2021-06-10', ''), (5, '2018-09-10', ''), (6, '0000-00-00', ''), (7, '2018-03-01', 'CHE'), (8, '0000-00-00', ''), (9, '2018-12-02', 'CHE');
INSERT INTO ketquagiaiquyet VALUES
 (1, 1234, '2018-03-01', 'Quyết định giải quyết', '<p>Công nhận&nbsp;một phần<br>nội dung</p>', 'qd.pdf', '12.500.000', '0', '', '120m2', '2'),
 (2, 7, '2021-06-01', '', 'CHE Kết luận', 'CHE kl.pdf', '', '', '', '', '1'),
 (3, 0, '0000-00-00', '', '', '', '', '', '', '', ''),
 (4, 0, '2021-07-01', '', 'Đã giao sửa đường', '', '', '', '', '', ''),
 (5, 90, '2018-12-01', '', 'Giữ nguyên', '', '', '', '1.200m2', '', '3'),
 (8, 0, '0000-00-00', '', '', '', '', '', '', '', '0'),
 (9, 1, '2018-12-30', '', 'CHE', 'CHE mat.pdf', '', '', '', '', '1'),
 (10, 5, '2018-02-02', '', 'CHE', 'CHE cu.pdf', '', '', '', '', '1');
INSERT INTO thongtinrutdonthu VALUES (1, '0000-00-00', '0000-00-00'), (5, '2018-10-02', '2018-10-01'), (10, '2018-02-03', '0000-00-00');
INSERT INTO nguoidaidien VALUES
 (1, 1, 'LÊ THỊ MẪU', 'xã Mẫu C', 'x', '000000003', '0000-00-00', 'CA Ph? Th?', 900000003, 1),
 (2, 1, 'CHE NHÁP', '', 'o', '', '0000-00-00', '', NULL, 0),
 (3, 1, 'TRẦN THỊ MẪU', 'Khu 1', 'o', '000000000001', '0000-00-00', '', 2147483647, 1),
 (4, 10, 'CHE MỒ CÔI', '', 'x', '', '0000-00-00', '', 0, 1);
INSERT INTO quanlyvanban VALUES (1, 1, 'Biên bản làm việc', 'uploads/1/bb.pdf', 1), (2, 1, 'CHE ý kiến', 'CHE', 0), (3, 10, 'CHE', 'CHE', 1);

INSERT INTO ketquatiepdan VALUES
 (1, '2018-01-15', 'CHE TRẦN THỊ MẪU', 'CHE xã Mẫu C', 1, 'CHE Trình bày', 'CHE Đã giải thích', 900000001, '000000000001', '0000-00-00', '',
  'CHE Ông Mẫu Một', 'CHE Chủ tịch', 2),
 (2, '2018-01-16', 'CHE', '', 1, 'CHE Mật', '', 0, '', '0000-00-00', '', '', '', NULL),
 (3, '0000-00-00', 'CHE', '', 1, 'CHE', '', 0, '', '0000-00-00', '', '', '', NULL);
INSERT INTO congdankhac VALUES (1, 1, 'CHE PHẠM MẪU', '', '0000-00-00', '', 0, '', 1), (2, 1, 'CHE NHÁP', '', '0000-00-00', '', 0, '', 0),
 (3, 2, 'CHE', '', '0000-00-00', '', 0, '', 1), (4, 9, 'CHE MỒ CÔI', '', '0000-00-00', '', 0, '', 1);
