-- The structure of the sample agency's database: "their disk", played by a SQLite file.
--
-- It follows a real system: KNTC Bến Tre (Vaadin 7 + Liferay; MySQL schema kntc_bentre). Column NAMES are facts (read in
-- the INSERT/SELECT lists and getters of the application); TYPES are inferred from its getters, and there are no declared
-- foreign keys, as in the product. Liferay's own tables (organisations, users) live in another schema and are not here.
-- Structure only, re-typed from facts: no data and no code of the product. The last part is the sample's own addition.

-- petition / case (one row per case; IdDonThu is the key of everything)
CREATE TABLE "don_thu" (
  "IdDonThu" INTEGER PRIMARY KEY AUTOINCREMENT,
  "IdDoiTuongBiKNTC" INTEGER,  -- 0 when nobody is accused
  "IdDoiTuongUyQuyen" INTEGER,  -- 0 when nobody is authorised
  "NoiDungDonThu" TEXT,
  "ThamQuyenGiaiQuyet" TEXT,  -- H hành chính, G tư pháp, A Đảng (first letter of the org code)
  "LoaiDonThu" INTEGER,  -- 1 khiếu nại, 2 tố cáo, 3 phản ánh kiến nghị, 4 nhiều nội dung, 5 khác
  "NgayNhanDon" TEXT,
  "NgayNhapDon" TEXT,
  "NgayThuLy" TEXT,
  "NgayHanGiaiQuyet" TEXT,
  "NgayHoanThanhGiaiQuyet" TEXT,
  "NgayTraKQ" TEXT,
  "NgayCapNhat" TEXT,  -- read by screens; no UPDATE statement of the application sets it => not a watermark
  "LoaiNguoiDiKNTC" INTEGER,  -- 1 cá nhân, 2 đoàn đông người, 3 cơ quan tổ chức
  "SoNguoiDiKNTC" INTEGER,
  "SoNguoiDaiDien" INTEGER,
  "TenCoQuanDiKNTC" TEXT,
  "DiaChiCoQuanDiKNTC" TEXT,
  "LoaiNguoiBiKNTC" INTEGER,  -- 1 cá nhân, 2 cơ quan tổ chức
  "LoaiNguoiUyQuyen" INTEGER,  -- 1 luật sư, 2 trợ giúp viên pháp lý ...
  "MaCoQuanDaGiaiQuyet" TEXT,  -- national org code e.g. H811.05 or local id text
  "SoKyHieuVanBanGiaiQuyet" TEXT,
  "LanGiaiQuyet" INTEGER,
  "NgayBanHanhQDGQ" TEXT,  -- sometimes read with getString
  "LoaiQuyetDinhGiaiQuyet" INTEGER,
  "TomTatNoiDungGiaiQuyet" TEXT,
  "UserThuLy" INTEGER,
  "UserNhapDon" INTEGER,
  "DonNacDanh" INTEGER,  -- 0/1
  "DonKhongDuDieuKienXL" INTEGER,  -- 0/1, INVERSE of the national field DonDuDKXuLy
  "GanVuViec" TEXT,  -- textual IdDonThu of the earlier case, NULL when new
  "mattcp" TEXT,  -- national VuViec Id (GUID) used when another petition is attached to this case; NULL = never sent
  "Status" INTEGER DEFAULT 0  -- -1 đã rút, 0 đang, 1 kết thúc, 2 phức tạp
);
-- don_thu.IdDoiTuongBiKNTC -> don_thu_doi_tuong_bi_kntc.IdDoiTuongBiKNTC (not declared in the product)

-- "routing" row: one per (petition, receiving org); first row has OrgChuyen = OrgNhan
CREATE TABLE "don_thu_thong_tin_don_thu" (
  "IdThongTinDon" INTEGER PRIMARY KEY AUTOINCREMENT,
  "NguonDonDen" INTEGER,  -- national list 5
  "NgayHoanThanhXuLy" TEXT,  -- read as string
  "MaCoQuanChuyenDen" TEXT,
  "SoVanBanDen" TEXT,
  "NgayPhatHanhVanBan" TEXT,  -- read as string
  "OrgChuyen" INTEGER,  -- Liferay organizationId
  "OrgNhan" INTEGER,  -- Liferay organizationId
  "NgayNhan" TEXT,  -- read as string
  "IdDonThu" INTEGER,
  "mattcp" TEXT,  -- a SEPARATE national VuViec Id per receiving org; the one used by steps 2-5
  "NgayLienThong" TEXT
);
CREATE INDEX "ix_don_thu_thong_tin_don_thu_IdDonThu" ON "don_thu_thong_tin_don_thu" ("IdDonThu");
-- don_thu_thong_tin_don_thu.IdDonThu -> don_thu.IdDonThu (not declared in the product)

-- petitioner person (shared: several petitions may point at one person)
CREATE TABLE "don_thu_doi_tuong_di_kntc" (
  "IdDoiTuongDiKNTC" INTEGER PRIMARY KEY AUTOINCREMENT,
  "HoTen" TEXT,
  "SoDinhDanhCaNhan" TEXT,
  "GioiTinh" INTEGER,  -- codes not stated in the sources; 0 = not given
  "NgayCapSoDinhDanh" TEXT,
  "NoiCapSoDinhDanh" TEXT,
  "MaTinh" TEXT,
  "MaHuyen" TEXT,
  "MaXa" TEXT,
  "DiaChiChiTiet" TEXT,
  "SoDienThoai" TEXT,
  "MaQuocTich" TEXT,
  "MaDanToc" INTEGER,
  "NacDanh" INTEGER
);

-- petition <-> petitioner; deleted and re-inserted on every edit
CREATE TABLE "don_thu_nguoi_dai_dien" (
  "IdDonThu" INTEGER NOT NULL,
  "IdDoiTuongDiKNTC" INTEGER NOT NULL,
  PRIMARY KEY ("IdDonThu", "IdDoiTuongDiKNTC")
);
-- don_thu_nguoi_dai_dien.IdDonThu -> don_thu.IdDonThu (not declared in the product)
-- don_thu_nguoi_dai_dien.IdDoiTuongDiKNTC -> don_thu_doi_tuong_di_kntc.IdDoiTuongDiKNTC (not declared in the product)

-- accused (exactly one per petition)
CREATE TABLE "don_thu_doi_tuong_bi_kntc" (
  "IdDoiTuongBiKNTC" INTEGER PRIMARY KEY AUTOINCREMENT,
  "HoTen" TEXT,
  "SoDinhDanhCaNhan" TEXT,
  "GioiTinh" INTEGER,
  "NgayCapSoDinhDanh" TEXT,
  "NoiCapSoDinhDanh" TEXT,
  "ChucVu" TEXT,
  "NoiCongTac" TEXT,
  "MaTinh" TEXT,
  "MaHuyen" TEXT,
  "MaXa" TEXT,
  "DiaChiChiTiet" TEXT,
  "MaQuocTich" TEXT,
  "MaDanToc" INTEGER,
  "TenCoQuan" TEXT,
  "MaTinhCoQuan" TEXT,
  "MaHuyenCoQuan" TEXT,
  "MaXaCoQuan" TEXT,
  "DiaChiChiTietCoQuan" TEXT
);

-- authorised person / lawyer
CREATE TABLE "don_thu_doi_tuong_uy_quyen" (
  "IdDoiTuongUyQuyen" INTEGER PRIMARY KEY AUTOINCREMENT,
  "HoTen" TEXT,
  "GioiTinh" INTEGER,
  "SoDinhDanhCaNhan" TEXT,
  "NgayCapSoDinhDanh" TEXT,
  "NoiCapSoDinhDanh" TEXT,
  "MaTinh" TEXT,
  "MaHuyen" TEXT,
  "MaXa" TEXT,
  "DiaChiChiTiet" TEXT,
  "MaQuocTich" TEXT,
  "MaDanToc" INTEGER
);

-- petition <-> classification path (1..n leaf codes); delete + re-insert on edit
CREATE TABLE "don_thu_linh_vuc" (
  "IdDonThu" INTEGER NOT NULL,
  "IdLinhVuc" TEXT NOT NULL,  -- code e.g. KN.01.02.08
  PRIMARY KEY ("IdDonThu", "IdLinhVuc")
);
-- don_thu_linh_vuc.IdDonThu -> don_thu.IdDonThu (not declared in the product)

-- attachments; bytes on disk FileUploads/donthu/<IdDonThu>/
CREATE TABLE "don_thu_ho_so_dinh_kem" (
  "IDHoSoDinhKem" INTEGER PRIMARY KEY AUTOINCREMENT,
  "TenHoSo" TEXT,
  "LoaiHoSo" INTEGER,  -- list loai_tai_lieu
  "NoiDungTomTat" TEXT,
  "LinkFileDinhKem" TEXT,
  "TenFileDinhKem" TEXT,
  "IdDonThu" INTEGER
);
CREATE INDEX "ix_don_thu_ho_so_dinh_kem_IdDonThu" ON "don_thu_ho_so_dinh_kem" ("IdDonThu");
-- don_thu_ho_so_dinh_kem.IdDonThu -> don_thu.IdDonThu (not declared in the product)

-- processing proposal (step 2)
CREATE TABLE "don_thu_ket_qua_xu_ly" (
  "IDKetQua" INTEGER PRIMARY KEY AUTOINCREMENT,
  "TomTatNoiDungXL" TEXT,
  "NgayXuLy" TEXT,
  "CanBoXuLy" TEXT,  -- "name - position" text, split on '-' before sending
  "CanBoDuyetKQXL" TEXT,
  "MaHuongXuLy" INTEGER,  -- national list 13: 4 thụ lý, 5 chuyển đơn, 2/7 hướng dẫn/trả đơn
  "MaCQXL" TEXT,
  "MaCQXLTiep" TEXT,
  "TenFileDinhKem" TEXT,
  "LinkFileDinhKem" TEXT,
  "NoiDungXuLy" TEXT,
  "IDDonThu" INTEGER,  -- note the different capitalisation of the FK
  "NgayTao" TEXT,
  "OrgTao" INTEGER,
  "DaLienThong" INTEGER DEFAULT 0,  -- 0/1 sent flag (no id kept)
  "NgayLienThong" TEXT
);
CREATE INDEX "ix_don_thu_ket_qua_xu_ly_IDDonThu" ON "don_thu_ket_qua_xu_ly" ("IDDonThu");

-- acceptance decision (step 3)
CREATE TABLE "don_thu_quyet_dinh_thu_ly" (
  "IDQuyetDinhThuLy" INTEGER PRIMARY KEY AUTOINCREMENT,
  "MaCoQuanThuLy" TEXT,  -- Liferay organizationId stored as text, translated through OrgLienThongId when sending
  "NgayThuLy" TEXT,
  "HanGiaiQuyet" TEXT,
  "CanBoDuyet" TEXT,
  "TenFileDinhKem" TEXT,
  "LinkFileDinhKem" TEXT,
  "IdDonThu" INTEGER,
  "NgayTao" TEXT,
  "DaLienThong" INTEGER DEFAULT 0,
  "NgayLienThong" TEXT
);
CREATE INDEX "ix_don_thu_quyet_dinh_thu_ly_IdDonThu" ON "don_thu_quyet_dinh_thu_ly" ("IdDonThu");
-- don_thu_quyet_dinh_thu_ly.IdDonThu -> don_thu.IdDonThu (not declared in the product)

-- settlement decision (step 4)
CREATE TABLE "don_thu_quyet_dinh_giai_quyet" (
  "IdQuyetDinhGiaiQuyet" INTEGER PRIMARY KEY AUTOINCREMENT,
  "IDCoQuanBanHanh" TEXT,
  "NgayBanHanh" TEXT,
  "TomTatNoiDung" TEXT,
  "IDKetQuaGiaiQuyet" INTEGER,  -- list 10
  "IDHinhThucGiaiQuyet" INTEGER,
  "QuyenKhoiKien" INTEGER,  -- 0/1
  "ThuHoiTien" INTEGER,  -- 32-bit in the application: overflows above 2,147,483,647 đồng
  "ThuHoiDatO" INTEGER,
  "ThuHoiDatSX" INTEGER,
  "TraLaiTien" INTEGER,
  "TraLaiDatO" INTEGER,
  "TraLaiDatSX" INTEGER,
  "SoNguoiDuocTraQuyenLoi" INTEGER,
  "XuPhatHanhChinh" INTEGER,
  "SoNguoiChuyenDieuTra" INTEGER,
  "IdDonThu" INTEGER,
  "TenFileDinhKem" TEXT,
  "LinkFileDinhKem" TEXT,
  "OrgTao" INTEGER,
  "NgayTao" TEXT,
  "mattcp" TEXT,  -- national id of this decision
  "NgayLienThong" TEXT
);
CREATE INDEX "ix_don_thu_quyet_dinh_giai_quyet_IdDonThu" ON "don_thu_quyet_dinh_giai_quyet" ("IdDonThu");
-- don_thu_quyet_dinh_giai_quyet.IdDonThu -> don_thu.IdDonThu (not declared in the product)

-- persons / organisations disciplined by the decision
CREATE TABLE "don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc" (
  "IdDoiTuongBiXLHC" INTEGER PRIMARY KEY AUTOINCREMENT,
  "TenDoiTuong" TEXT,
  "ChucVu" TEXT,
  "HinhThucXuLy" TEXT,
  "CaNhan" INTEGER,  -- 1 person, 0 organisation
  "IdQuyetDinhGiaiQuyet" INTEGER
);
CREATE INDEX "ix_don_thu_quyet_dinh_giai_quyet_doi_tuong__IdQuyetDinhGiaiQuy" ON "don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc" ("IdQuyetDinhGiaiQuyet");

-- enforcement (step 5)
CREATE TABLE "don_thu_thi_hanh_giai_quyet" (
  "IDThiHanhGiaiQuyet" INTEGER PRIMARY KEY AUTOINCREMENT,
  "IDQuyetDinhGiaiQuyet" INTEGER,
  "NgayCapNhat" TEXT,
  "MaCoQuanThiHanh" TEXT,
  "ThuHoiTien" INTEGER,
  "ThuHoiDatO" INTEGER,
  "ThuHoiDatSX" INTEGER,
  "TraLaiTien" INTEGER,
  "TraLaiDatO" INTEGER,
  "TraLaiDatSX" INTEGER,
  "SoNguoiBiXuLy" INTEGER,
  "SoTapTheBiXuLy" INTEGER,
  "TaiSanQuyRaTien" INTEGER,
  "SoTienNopPhat" INTEGER,
  "SoDoiTuongKhoiTo" INTEGER,
  "OrgTao" INTEGER,
  "NgayTao" TEXT,
  "mattcp" TEXT,
  "NgayLienThong" TEXT
);
CREATE INDEX "ix_don_thu_thi_hanh_giai_quyet_IDQuyetDinhGiaiQuy" ON "don_thu_thi_hanh_giai_quyet" ("IDQuyetDinhGiaiQuyet");

-- hand-over inside an organisation
CREATE TABLE "don_thu_luan_chuyen" (
  "IdLuanChuyen" INTEGER PRIMARY KEY AUTOINCREMENT,
  "IdDonThu" INTEGER,
  "UserGiao" INTEGER,
  "UserNhan" INTEGER,
  "PhanCong" INTEGER,
  "NgayGiaoChuyen" TEXT
);
CREATE INDEX "ix_don_thu_luan_chuyen_IdDonThu" ON "don_thu_luan_chuyen" ("IdDonThu");

-- history / diary (also machine-made rows)
CREATE TABLE "don_thu_qua_trinh_xlgq" (
  "IdQuaTrinhXLGQ" INTEGER PRIMARY KEY AUTOINCREMENT,
  "NoiDungXLGQ" TEXT,
  "NgayDang" TEXT,
  "TenFileDinhKem" TEXT,
  "LinkFileDinhKem" TEXT,
  "IdDonThu" INTEGER,
  "UserNhap" INTEGER,
  "HeThongTao" INTEGER  -- 1 = written by the system
);
CREATE INDEX "ix_don_thu_qua_trinh_xlgq_IdDonThu" ON "don_thu_qua_trinh_xlgq" ("IdDonThu");

-- documents issued while processing
CREATE TABLE "don_thu_van_ban_xu_ly_giai_quyet" (
  "IdVanBan" INTEGER PRIMARY KEY AUTOINCREMENT,
  "LoaiVanBan" INTEGER,  -- 1 hướng dẫn, 2 quyết định, 3 công văn chỉ đạo, 4 đôn đốc, 5 báo cáo, 6 đối thoại
  "NgayBanHanh" TEXT,
  "HanGiaiQuyet" TEXT,
  "SoVanBan" TEXT,
  "NgayHoanThanh" TEXT,  -- read as string
  "NoiDung" TEXT,
  "GhiChu" TEXT,
  "TenFileDinhKem" TEXT,
  "LinkFileDinhKem" TEXT,
  "UserNhap" INTEGER,
  "idDonThu" INTEGER
);
CREATE INDEX "ix_don_thu_van_ban_xu_ly_giai_quyet_idDonThu" ON "don_thu_van_ban_xu_ly_giai_quyet" ("idDonThu");

-- reception register; petition-less receptions have IdDonThu NULL/0 and are never sent nationally
CREATE TABLE "so_tiep_cong_dan" (
  "IdSoTiepCongDan" INTEGER PRIMARY KEY AUTOINCREMENT,
  "IdDonThu" INTEGER,
  "IdDoiTuongBiKNTC" INTEGER,
  "IdDoiTuongUyQuyen" INTEGER,
  "MaLanhDaoTiep" INTEGER,
  "UyQuyen" INTEGER,
  "MaLanhDaoUyQuyen" INTEGER,
  "TiepDinhKy" INTEGER,  -- 0/1
  "LoaiNguoiDiKNTC" INTEGER,
  "SoNguoiDiKNTC" INTEGER,
  "SoNguoiDaiDien" INTEGER,
  "TenCoQuanDiKNTC" TEXT,
  "DiaChiCoQuanDiKNTC" TEXT,
  "LoaiNguoiBiKNTC" INTEGER,
  "LoaiNguoiUyQuyen" INTEGER,
  "NoiDungTiepCongDan" TEXT,
  "KetQuaTiepCongDan" TEXT,
  "NgayTiepCongDan" TEXT,  -- read as string
  "MaCoQuanDaGiaiQuyet" TEXT,
  "SoKyHieuVanBanGiaiQuyet" TEXT,
  "LanGiaiQuyet" INTEGER,
  "NgayBanHanhQDGQ" TEXT,
  "LoaiQuyetDinhGiaiQuyet" INTEGER,
  "TomTatNoiDungGiaiQuyet" TEXT,
  "LoaiLinhVuc" INTEGER,
  "GanVuViec" TEXT,
  "UserTCD" INTEGER
);
CREATE INDEX "ix_so_tiep_cong_dan_IdDonThu" ON "so_tiep_cong_dan" ("IdDonThu");

--
CREATE TABLE "so_tiep_cong_dan_nguoi_dai_dien" (
  "IdSoTiepCongDan" INTEGER NOT NULL,
  "IdDoiTuongDiKNTC" INTEGER NOT NULL,
  PRIMARY KEY ("IdSoTiepCongDan", "IdDoiTuongDiKNTC")
);

--
CREATE TABLE "so_tiep_cong_dan_linh_vuc" (
  "IdSoTiepCongDan" INTEGER NOT NULL,
  "IdLinhVuc" TEXT NOT NULL,
  PRIMARY KEY ("IdSoTiepCongDan", "IdLinhVuc")
);

-- administrative units; length 3 province, 5 district, 7 commune
CREATE TABLE "dia_gioi" (
  "ma" TEXT PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "nguon_don" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "quoc_gia" (
  "ma" TEXT PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "dan_toc" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "loai_ket_qua_giai_quyet" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);

-- classification tree; parent = prefix
CREATE TABLE "linh_vuc" (
  "ma" TEXT PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "loai_tai_lieu" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);

-- organisations with national code
CREATE TABLE "co_quan" (
  "ma" TEXT PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "huong_xu_ly" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);

--
CREATE TABLE "hinh_thuc_giai_quyet" (
  "ma" INTEGER PRIMARY KEY,
  "ten" TEXT
);


-- ===== Added by the sample: NOT part of the product =====
-- Installations add small tables of their own beside the product's. This one holds the two marks that the product has no
-- column for; a petition without a row here is neither a draft nor secret.
CREATE TABLE "bo_sung" (
  "IdDonThu" INTEGER PRIMARY KEY,
  "BanNhap" INTEGER NOT NULL DEFAULT 0,  -- 1 = bản nháp (draft, not yet registered)
  "DoMat" INTEGER NOT NULL DEFAULT 0  -- 0 không, 1 mật, 2 tối mật, 3 tuyệt mật (state secret)
);

-- The user directory (Liferay's Organization_, ExpandoValue, Users_Orgs) lies in another schema. An installation shows it to
-- the connector as two views, which these tables play: see mappings/bentre/mapping.toml.
CREATE TABLE "danh_ba_to_chuc" (
  "OrganizationId" INTEGER PRIMARY KEY,
  "MaCoQuan" TEXT,  -- the agency's code in the connector's configuration; NULL = sends nothing through it
  "MaLienThong" TEXT  -- OrgLienThongId: the code in co_quan
);
CREATE TABLE "danh_ba_can_bo" (
  "UserId" INTEGER PRIMARY KEY,
  "OrganizationId" INTEGER NOT NULL
);
