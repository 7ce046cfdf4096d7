-- SYNTHETIC list rows. The product's own lists were not published in full: apart from the few values seen in its code
-- (sources 1, 4, 20, 21, 23; directions 4, 5; results 1 to 8; LoaiDonThu 1 to 5) every code and every name below is invented
-- for the sample. What the invented ones mean stands in codes/ beside this file, not in the shipped mapping.

-- Cơ quan: mã H811 theo cách viết của phần mềm; tên là tên mẫu.
INSERT INTO co_quan (ma, ten) VALUES
  ('H811', 'UBND tỉnh Mẫu'), ('H811.01', 'Ban Tiếp công dân tỉnh Mẫu'), ('H811.05', 'Sở Mẫu Một'),
  ('H811.06', 'Sở Mẫu Hai'), ('H811.12', 'UBND huyện Mẫu'), ('H811.31', 'Tòa án nhân dân tỉnh Mẫu'),
  ('H811.41', 'Hội đồng nhân dân tỉnh Mẫu');

-- Địa giới: 3 số tỉnh, 5 số huyện (trước 01/7/2025), 7 số xã.
INSERT INTO dia_gioi (ma, ten) VALUES
  ('811', 'Tỉnh Mẫu'), ('81101', 'Huyện Mẫu'), ('81102', 'Huyện Mẫu Hai'), ('8110101', 'Xã Mẫu Một'),
  ('8110102', 'Xã Mẫu Hai'), ('8110201', 'Xã Mẫu Ba'), ('8110202', 'Xã Mẫu Bốn');

INSERT INTO nguon_don (ma, ten) VALUES
  (1, 'Bưu chính'), (4, 'Cơ quan khác chuyển đến'), (20, 'Thư điện tử'), (21, 'Tiếp công dân'), (23, 'Nguồn khác');

INSERT INTO quoc_gia (ma, ten) VALUES ('VN', 'Việt Nam');
INSERT INTO dan_toc (ma, ten) VALUES (1, 'Kinh'), (2, 'Khmer'), (3, 'Hoa');

-- Danh mục 10. 1 đến 8 thấy trong phần mềm, loại đơn phải đi cùng thì mã mới có nghĩa; 9, 10 là mã mẫu.
INSERT INTO loai_ket_qua_giai_quyet (ma, ten) VALUES
  (1, 'Khiếu nại đúng một phần'), (2, 'Khiếu nại đúng'), (3, 'Tố cáo đúng'), (4, 'Tố cáo sai'),
  (5, 'Tố cáo có đúng có sai'), (6, 'Khiếu nại sai'), (7, 'Cố ý tố cáo sai sự thật'), (8, 'Chuyển cơ quan điều tra'),
  (9, 'Công nhận kết quả giải quyết lần đầu'), (10, 'Hủy, sửa kết quả giải quyết lần đầu');

INSERT INTO hinh_thuc_giai_quyet (ma, ten) VALUES (1, 'Quyết định'), (2, 'Kết luận'), (3, 'Văn bản trả lời');

-- Danh mục 13: 4, 5 thấy trong phần mềm; 2, 7 cũng thấy nhưng không rõ số nào là việc nào; các mã khác là mã mẫu.
INSERT INTO huong_xu_ly (ma, ten) VALUES
  (2, 'Hướng dẫn'), (3, 'Không đủ điều kiện thụ lý'), (4, 'Thụ lý giải quyết'), (5, 'Chuyển đơn'), (6, 'Xếp lưu đơn'),
  (7, 'Trả đơn và hướng dẫn'), (8, 'Đôn đốc giải quyết'), (9, 'Trả lời');

INSERT INTO loai_tai_lieu (ma, ten) VALUES (1, 'Đơn'), (2, 'Giấy tờ kèm theo');

-- Cây phân loại: KN khiếu nại, TC tố cáo, PA phản ánh kiến nghị; mã cha là phần đầu của mã con.
INSERT INTO linh_vuc (ma, ten) VALUES
  ('KN', 'Khiếu nại'), ('KN.01', 'Hành chính'), ('KN.01.01', 'Đất đai'), ('KN.01.01.01', 'Thu hồi, bồi thường'),
  ('KN.01.01.02', 'Cấp giấy chứng nhận'), ('KN.01.01.03', 'Đòi lại đất, nhà'), ('KN.01.02', 'Chế độ, chính sách'),
  ('KN.01.03', 'Công chức, công vụ'), ('KN.01.04', 'Đầu tư, xây dựng'), ('KN.02', 'Tư pháp'), ('KN.03', 'Đảng, đoàn thể'),
  ('KN.09', 'Lĩnh vực khác'),
  ('TC', 'Tố cáo'), ('TC.01', 'Hành chính'), ('TC.01.01', 'Đất đai'), ('TC.01.02', 'Chế độ, chính sách'),
  ('TC.01.03', 'Công chức, công vụ'), ('TC.01.05', 'Tài chính, ngân sách'), ('TC.02', 'Tham nhũng'), ('TC.03', 'Tư pháp'),
  ('TC.09', 'Lĩnh vực khác'),
  ('PA', 'Phản ánh, kiến nghị'), ('PA.01', 'Chế độ, chính sách'), ('PA.02', 'Đất đai'), ('PA.02.01', 'Bồi thường, hỗ trợ'),
  ('PA.03', 'Tư pháp'), ('PA.04', 'Đầu tư, xây dựng'), ('PA.09', 'Lĩnh vực khác');
