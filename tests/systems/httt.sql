-- HTTT_KNTC on PostgreSQL: the tables that mappings/httt reads, with all their columns, what an installation adds, and lures
-- that must not be read. Names, types and constraints are the product's: petition columns in snake_case, audit columns with
-- capitals, nothing NULL but what a later migration added or a round leaves open; no foreign keys.

CREATE SCHEMA "KNTC";

CREATE TABLE "KNTC"."Complains" (
  "Id" uuid PRIMARY KEY,
  ma_ho_so varchar(50) NOT NULL,
  linh_vuc integer NOT NULL,
  tieu_de varchar(100) NOT NULL,
  nguoi_nop_don varchar(100) NOT NULL,
  cccd_cmnd varchar(50) NOT NULL,
  ngay_sinh timestamp NOT NULL,
  dien_thoai varchar(50) NOT NULL,
  email varchar(100),
  dia_chi_thuong_tru varchar(250) NOT NULL,
  dia_chi_lien_he varchar(250) NOT NULL,
  ma_tinh_tp integer NOT NULL,
  ma_quan_huyen integer NOT NULL,
  ma_xa_phuong_tt integer NOT NULL,
  thoi_gian_tiep_nhan timestamp NOT NULL,
  thoi_gian_hen_tra_kq timestamp NOT NULL,
  noi_dung_vu_viec text NOT NULL,
  bo_phan_dang_xl varchar(250) NOT NULL,
  so_thua varchar(50) NOT NULL,
  to_ban_do varchar(255) NOT NULL,
  dien_tich numeric(20, 4) NOT NULL,
  loai_dat integer NOT NULL,
  dia_chi_thua_dat varchar(250) NOT NULL,
  tinh_thua_dat integer NOT NULL,
  huyen_thua_dat integer NOT NULL,
  xa_thua_dat integer NOT NULL,
  du_lieu_toa_do varchar(128),
  du_lieu_hinh_hoc text,
  ghi_chu varchar(250),
  loai_khieu_nai_1 integer,
  ngay_khieu_nai_1 timestamp,
  ngay_tra_kq_1 timestamp,
  tham_quyen_1 varchar(250),
  so_qd_1 varchar(100),
  ket_qua_1 integer,
  loai_khieu_nai_2 integer,
  ngay_khieu_nai_2 timestamp,
  ngay_tra_kq_2 timestamp,
  tham_quyen_2 varchar(250),
  so_qd_2 varchar(100),
  ket_qua_2 integer,
  ket_qua integer,
  cong_khai boolean DEFAULT false NOT NULL,
  trang_thai integer,
  luu_tru boolean,
  "ExtraProperties" text,
  "ConcurrencyStamp" varchar(40),
  "CreationTime" timestamp NOT NULL,
  "CreatorId" uuid,
  "LastModificationTime" timestamp,
  "LastModifierId" uuid
);

CREATE TABLE "KNTC"."Denounces" (
  "Id" uuid PRIMARY KEY,
  ma_ho_so varchar(50) NOT NULL,
  linh_vuc integer NOT NULL,
  tieu_de varchar(100) NOT NULL,
  nguoi_nop_don varchar(100) NOT NULL,
  cccd_cmnd varchar(50) NOT NULL,
  ngay_sinh timestamp NOT NULL,
  dien_thoai varchar(50) NOT NULL,
  email varchar(100),
  dia_chi_thuong_tru varchar(250) NOT NULL,
  dia_chi_lien_he varchar(250) NOT NULL,
  ma_tinh_tp integer NOT NULL,
  ma_quan_huyen integer NOT NULL,
  ma_xa_phuong_tt integer NOT NULL,
  thoi_gian_tiep_nhan timestamp NOT NULL,
  thoi_gian_hen_tra_kq timestamp NOT NULL,
  noi_dung_vu_viec text NOT NULL,
  nguoi_bi_to_cao varchar(100) NOT NULL,
  bo_phan_dang_xl varchar(250) NOT NULL,
  so_thua varchar(50) NOT NULL,
  to_ban_do varchar(255) NOT NULL,
  dien_tich numeric(20, 4) NOT NULL,
  loai_dat integer NOT NULL,
  dia_chi_thua_dat varchar(250) NOT NULL,
  tinh_thua_dat integer NOT NULL,
  huyen_thua_dat integer NOT NULL,
  xa_thua_dat integer NOT NULL,
  du_lieu_toa_do varchar(128),
  du_lieu_hinh_hoc text,
  ghi_chu varchar(250),
  "ngay_GQTC" timestamp,
  "nguoi_GQTC" varchar(100),
  "quyet_dinh_thu_ly_GQTC" varchar(100),
  "ngay_QDGQTC" timestamp,
  "quyet_dinh_dinh_chi_GQTC" varchar(100),
  "gia_han_GQTC_1" timestamp,
  "gia_han_GQTC_2" timestamp,
  "so_VB_KL_NDTC" varchar(100),
  "ngay_nhan_TB_KQXLKLTC" timestamp,
  ket_qua integer,
  cong_khai boolean DEFAULT false NOT NULL,
  trang_thai integer,
  luu_tru boolean,
  "ExtraProperties" text,
  "ConcurrencyStamp" varchar(40),
  "CreationTime" timestamp NOT NULL,
  "CreatorId" uuid,
  "LastModificationTime" timestamp,
  "LastModifierId" uuid
);

CREATE TABLE "KNTC"."DocumentTypes" (
  "Id" integer PRIMARY KEY,
  "DocumentTypeCode" varchar(50) NOT NULL,
  "DocumentTypeName" varchar(256) NOT NULL,
  "Description" varchar(500),
  "OrderIndex" integer,
  "Status" integer DEFAULT 1 NOT NULL,
  "ExtraProperties" text,
  "ConcurrencyStamp" varchar(40),
  "CreationTime" timestamp NOT NULL,
  "CreatorId" uuid,
  "LastModificationTime" timestamp,
  "LastModifierId" uuid
);

CREATE TABLE "KNTC"."FileAttachments" (
  "Id" uuid PRIMARY KEY,
  giai_doan integer NOT NULL,
  ten_tai_lieu varchar(250) NOT NULL,
  hinh_thuc integer NOT NULL,
  thoi_gian_ban_hanh timestamp NOT NULL,
  ngay_nhan timestamp NOT NULL,
  thu_tu_but_luc varchar(50) NOT NULL,
  noi_dung_chinh text NOT NULL,
  file_name varchar(258) NOT NULL,
  content_type varchar(100) NOT NULL,
  content_length bigint NOT NULL,
  loai_vu_viec integer NOT NULL,
  cong_khai boolean DEFAULT false NOT NULL,
  "ExtraProperties" text,
  "ConcurrencyStamp" varchar(40),
  "CreationTime" timestamp NOT NULL,
  "CreatorId" uuid,
  "LastModificationTime" timestamp,
  "LastModifierId" uuid,
  id_ho_so uuid NOT NULL
);

-- What the installation adds: who keeps the mark of a state secret, and which day is which.
CREATE SCHEMA van_thu;
CREATE TABLE van_thu.dau_mat (id uuid, loai integer, muc integer NOT NULL);
CREATE VIEW "KNTC".bo_sung AS
SELECT c."Id" AS id_ho_so, 1 AS loai_vu_viec, m.muc AS do_mat, CAST(NULL AS timestamp) AS ngay_thu_ly,
       c.ngay_tra_kq_1 AS ngay_van_ban_1, c.ngay_tra_kq_2 AS ngay_van_ban_2
FROM "KNTC"."Complains" c LEFT JOIN van_thu.dau_mat m ON m.id = c."Id" AND m.loai = 1
UNION ALL
SELECT t."Id", 2, m.muc, t."ngay_QDGQTC", t."ngay_GQTC", NULL
FROM "KNTC"."Denounces" t LEFT JOIN van_thu.dau_mat m ON m.id = t."Id" AND m.loai = 2;

-- Lures: a table of the same name where a careless search_path would look, a scratch copy, passwords.
CREATE TABLE public."Complains" (LIKE "KNTC"."Complains");
CREATE TABLE "KNTC"."Complains_bak" (LIKE "KNTC"."Complains");
CREATE TABLE "KNTC"."AbpUsers" ("Id" uuid PRIMARY KEY, "UserName" varchar(256), "PasswordHash" varchar(256));
