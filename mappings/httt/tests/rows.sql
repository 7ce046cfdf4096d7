-- Rows to try this mapping on, without a PostgreSQL: kntc mapping test httt. Written by hand; nobody in them exists.
-- The columns that the mapping reads, as SQLite has them. CHE = must not be in any document.

CREATE TABLE "KNTC"."Complains" (
  "Id" TEXT PRIMARY KEY, ma_ho_so TEXT NOT NULL, linh_vuc INTEGER NOT NULL, nguoi_nop_don TEXT NOT NULL, cccd_cmnd TEXT NOT NULL,
  ngay_sinh TEXT NOT NULL, dien_thoai TEXT NOT NULL, email TEXT, dia_chi_thuong_tru TEXT NOT NULL, dia_chi_lien_he TEXT NOT NULL,
  thoi_gian_tiep_nhan TEXT NOT NULL, noi_dung_vu_viec TEXT NOT NULL, ghi_chu TEXT,
  loai_khieu_nai_1 INTEGER, ngay_tra_kq_1 TEXT, tham_quyen_1 TEXT, so_qd_1 TEXT, ket_qua_1 INTEGER,
  loai_khieu_nai_2 INTEGER, ngay_tra_kq_2 TEXT, tham_quyen_2 TEXT, so_qd_2 TEXT, ket_qua_2 INTEGER,
  trang_thai INTEGER, "CreationTime" TEXT NOT NULL
);
CREATE TABLE "KNTC"."Denounces" (
  "Id" TEXT PRIMARY KEY, ma_ho_so TEXT NOT NULL, linh_vuc INTEGER NOT NULL, nguoi_nop_don TEXT NOT NULL, cccd_cmnd TEXT NOT NULL,
  ngay_sinh TEXT NOT NULL, dien_thoai TEXT NOT NULL, email TEXT, dia_chi_thuong_tru TEXT NOT NULL, dia_chi_lien_he TEXT NOT NULL,
  thoi_gian_tiep_nhan TEXT NOT NULL, noi_dung_vu_viec TEXT NOT NULL, ghi_chu TEXT, nguoi_bi_to_cao TEXT NOT NULL,
  "ngay_GQTC" TEXT, "quyet_dinh_thu_ly_GQTC" TEXT, "ngay_QDGQTC" TEXT, "quyet_dinh_dinh_chi_GQTC" TEXT, "so_VB_KL_NDTC" TEXT,
  ket_qua INTEGER, trang_thai INTEGER, "CreationTime" TEXT NOT NULL
);
CREATE TABLE "KNTC"."DocumentTypes" ("Id" INTEGER PRIMARY KEY, "DocumentTypeName" TEXT NOT NULL);
CREATE TABLE "KNTC"."FileAttachments" (
  "Id" TEXT PRIMARY KEY, giai_doan INTEGER NOT NULL, ten_tai_lieu TEXT NOT NULL, hinh_thuc INTEGER NOT NULL,
  noi_dung_chinh TEXT NOT NULL, file_name TEXT NOT NULL, content_length INTEGER NOT NULL, loai_vu_viec INTEGER NOT NULL,
  id_ho_so TEXT NOT NULL
);
-- What an installation adds: the mark of a state secret, and which day is which.
CREATE TABLE "KNTC".bo_sung (
  id_ho_so TEXT, loai_vu_viec INTEGER, do_mat INTEGER, ngay_thu_ly TEXT, ngay_van_ban_1 TEXT, ngay_van_ban_2 TEXT
);

-- 1: nothing but the complaint, received in the first second of a day; what the product writes for "not known" everywhere.
-- 2: a first decision, and a lawsuit after it: one decision. 3: two rounds; what 3 means in the second one, nobody has said.
-- 4: a first decision without a result, of an anonymous letter. 5: a lawsuit only. 6: a state secret. 7: unknown area, no
-- content, no day. 8: a number of a round of which nobody said what it is. 9: a decision of which nobody said the day; withdrawn.
INSERT INTO "KNTC"."Complains" VALUES
 ('00000000-0000-4000-8000-000000000001', 'KN-001', 0, '', '', '0001-01-01 00:00:00', '0', '', '', '', '2026-03-02 00:00:00',
  'Khiếu nại mức bồi thường', '', 0, '0001-01-01 00:00:00', '', '', 0, NULL, NULL, NULL, NULL, NULL, NULL, '2026-03-02 08:15:30'),
 ('00000000-0000-4000-8000-000000000002', 'KN-002', 1, 'NGUYỄN THỊ  MẪU HAI', '999000000002', '1970-05-04 00:00:00',
  '0900000002', 'hai@mau.vn', 'Ấp 2, xã Mẫu', 'Số 2 đường Mẫu', '2026-01-05 23:59:59', 'Khiếu nại việc thu hồi đất',
  'Kèm bản đồ', 1, '2026-02-20 00:00:00', 'UBND xã Mẫu', '12/QĐ-UBND', 2, 2, '2026-05-30 00:00:00', 'TAND khu vực Mẫu',
  '7/2026/HC-ST', 3, 3, '2026-01-06 07:00:00'),
 ('00000000-0000-4000-8000-000000000003', 'KN-003', 4, 'Trần Mẫu Ba', '999000003', '-infinity', '', NULL, '', 'Số 3 đường Mẫu',
  '2025-09-01 10:00:00', 'Khiếu nại giấy phép khai thác nước', NULL, 1, '2025-10-15 00:00:00', 'Sở Mẫu', '3/QĐ-SM', 3, 1,
  '2026-01-20 00:00:00', 'Chủ tịch UBND tỉnh Mẫu', '8/QĐ-UBND', 3, 3, '2025-09-01 10:05:00'),
 ('00000000-0000-4000-8000-000000000004', 'KN-004', 2, 'ĐƠN NẶC DANH.', '', '0001-01-01', '', '', '', '', '2026-04-01 09:00:00',
  'Xả thải ra kênh', NULL, 1, '2026-05-01', 'Sở Mẫu', '4/QĐ-SM', NULL, 0, NULL, '', '', 0, 2, '2026-04-01 09:00:00'),
 ('00000000-0000-4000-8000-000000000005', 'KN-005', 1, 'Lê Mẫu Năm', '', '0001-01-01', '', '', '', '', '2026-04-02 09:00:00',
  'Khởi kiện quyết định thu hồi đất', NULL, 2, '2026-05-02', 'TAND khu vực Mẫu', '9/2026/HC-ST', 1, 0, NULL, NULL, NULL, NULL,
  1, '2026-04-02 09:00:00'),
 ('00000000-0000-4000-8000-000000000006', 'CHE', 1, 'CHE ', 'CHE ', '0001-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-04-03 09:00:00', 'CHE ', 'CHE ', 1, '2026-05-03', 'CHE ', 'CHE ', 1, 1, '2026-05-03', 'CHE ', 'CHE ', 1, 3,
  '2026-04-03 09:00:00'),
 ('00000000-0000-4000-8000-000000000007', 'KN-007', 7, 'Phạm Mẫu Bảy', '', '0001-01-01', '', '', '', '', '0001-01-01 00:00:00',
  '  ', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, '2026-04-04 09:00:00'),
 ('00000000-0000-4000-8000-000000000008', 'KN-008', 3, 'Võ Mẫu Tám', '', '0001-01-01', '', '', '', '', '2026-04-05 09:00:00',
  'Khai thác cát', NULL, NULL, '2026-05-05', 'Sở Mẫu', '8/SM', 1, NULL, NULL, NULL, NULL, NULL, 3, '2026-04-05 09:00:00'),
 ('00000000-0000-4000-8000-000000000009', 'KN-009', 1, 'Bùi Mẫu Chín', '', '0001-01-01', '', '', '', '', '2026-04-06 09:00:00',
  'Cấp giấy chứng nhận', NULL, 1, '2026-05-06', 'Sở Mẫu', '9/QĐ-SM', 1, 1, NULL, NULL, ' ', 0, 4, '2026-04-06 09:00:00');

-- a: received. b: accepted, of an anonymous letter that names nobody. c: accepted and concluded. d: terminated. e: concluded,
-- never accepted, with a result that nobody knows. f: a state secret. 1: under the id of a complaint, and in a state that nobody
-- knows. 10: accepted on no day, and concluded.
INSERT INTO "KNTC"."Denounces" VALUES
 ('00000000-0000-4000-8000-00000000000a', 'CHE a', 1, 'CHE a', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-03 08:00:00', 'CHE ', 'CHE ', 'CHE ', NULL, '', NULL, NULL, NULL, 0, 0, '2026-03-03 08:00:00'),
 ('00000000-0000-4000-8000-00000000000b', 'CHE b', 2, 'Đơn nặc danh', '', '0001-01-01', '', '', '', '',
  '2026-03-04 08:00:00', 'CHE ', NULL, '', NULL, 'CHE 1/QĐ', '2026-03-10', NULL, NULL, NULL, 2, '2026-03-04 08:00:00'),
 ('00000000-0000-4000-8000-00000000000c', 'CHE c', 1, 'CHE c', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-05 08:00:00', 'CHE ', NULL, 'CHE ', '2026-04-20', 'CHE 2/QĐ', '2026-03-11', NULL, 'CHE 5/KL', 2, 3,
  '2026-03-05 08:00:00'),
 ('00000000-0000-4000-8000-00000000000d', 'CHE d', 1, 'CHE d', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-06 08:00:00', 'CHE ', NULL, 'CHE ', NULL, 'CHE 3/QĐ', '2026-03-12', 'CHE 4/QĐ', NULL, NULL, 4, '2026-03-06 08:00:00'),
 ('00000000-0000-4000-8000-00000000000e', 'CHE e', 1, 'CHE e', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-07 08:00:00', 'CHE ', NULL, 'CHE ', '2026-04-22', NULL, NULL, NULL, 'CHE 6/KL', 4, 3, '2026-03-07 08:00:00'),
 ('00000000-0000-4000-8000-00000000000f', 'CHE f', 1, 'CHE f', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-08 08:00:00', 'CHE ', NULL, 'CHE ', '2026-04-23', 'CHE 7/QĐ', '2026-03-14', NULL, 'CHE 8/KL', 1, 3,
  '2026-03-08 08:00:00'),
 ('00000000-0000-4000-8000-000000000001', 'CHE 1', 1, 'CHE 1', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-09 08:00:00', 'CHE ', NULL, 'CHE ', NULL, 'CHE 9/QĐ', '2026-03-15', NULL, NULL, NULL, 9, '2026-03-09 08:00:00'),
 ('00000000-0000-4000-8000-000000000010', 'CHE g', 1, 'CHE g', 'CHE ', '1970-01-01', 'CHE ', 'CHE ', 'CHE ', 'CHE ',
  '2026-03-10 08:00:00', 'CHE ', NULL, 'CHE ', '2026-04-25', 'CHE 10/QĐ', '0001-01-01 00:00:00', NULL, 'CHE 11/KL', 1, 3,
  '2026-03-10 08:00:00');

-- Here the days of the columns are those of the papers; of complaint 9 nobody has said it.
INSERT INTO "KNTC".bo_sung
SELECT "Id", 1, CASE ma_ho_so WHEN 'CHE' THEN 1 END, NULL, CASE WHEN ma_ho_so <> 'KN-009' THEN ngay_tra_kq_1 END, ngay_tra_kq_2
FROM "KNTC"."Complains"
UNION ALL
SELECT "Id", 2, CASE ma_ho_so WHEN 'CHE f' THEN 2 ELSE 0 END, "ngay_QDGQTC", "ngay_GQTC", NULL FROM "KNTC"."Denounces";

INSERT INTO "KNTC"."DocumentTypes" VALUES (1, 'Bản gốc'), (3, 'Bản phô tô');
-- The last three: of the denunciation under the id of complaint 1, of a table that is not there, of a record that was deleted.
INSERT INTO "KNTC"."FileAttachments" VALUES
 ('10000000-0000-4000-8000-000000000002', 1, 'Đơn', 3, '', 'don.pdf', 0, 1, '00000000-0000-4000-8000-000000000002'),
 ('10000000-0000-4000-8000-000000000001', 2, 'Biên bản đối thoại', 1, 'Hai bên trình bày', 'bien-ban.pdf', 5120, 1,
  '00000000-0000-4000-8000-000000000002'),
 ('10000000-0000-4000-8000-000000000003', 1, 'CHE ', 1, 'CHE ', 'CHE.pdf', 1, 2, '00000000-0000-4000-8000-000000000001'),
 ('10000000-0000-4000-8000-000000000004', 1, 'CHE ', 1, 'CHE ', 'CHE.pdf', 1, 3, '00000000-0000-4000-8000-000000000001'),
 ('10000000-0000-4000-8000-000000000005', 1, 'CHE ', 1, 'CHE ', 'CHE.pdf', 1, 1, '00000000-0000-4000-8000-0000000000ff');
