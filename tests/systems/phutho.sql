-- The reception board's database as MariaDB holds it (2021): the tables that the mapping reads, and some that it must not.
-- No foreign keys, no NULL, nearly all MyISAM; a sql_mode that allows zero dates and days that cannot be.

CREATE TABLE donthu (
  donthuid int NOT NULL AUTO_INCREMENT PRIMARY KEY, sothuly varchar(100) NOT NULL, ngayviet date NOT NULL, ngaynhan date NOT NULL,
  nguondon varchar(255) NOT NULL, songuoi tinyint NOT NULL DEFAULT 0, tennguoivietdon varchar(255) NOT NULL,
  cmnd_hc varchar(255) NOT NULL, ngaycap date NOT NULL, noicap varchar(255) NOT NULL, sdt varchar(50) NOT NULL,
  diachinguoiviet varchar(255) NOT NULL, lankhieunai varchar(100) NOT NULL, doituongkhieunai varchar(255) NOT NULL,
  diachidoituongbikhieunai varchar(255) NOT NULL, noidung longtext NOT NULL, vanban varchar(255) NOT NULL,
  socongvanden varchar(255) NOT NULL, ngaychuyendon date NOT NULL, coquanbanhanh varchar(255) NOT NULL,
  vanbanuyquyen varchar(255) NOT NULL, trangthaixuly int NOT NULL, ketqua tinyint NOT NULL DEFAULT 0,
  filepath varchar(255) NOT NULL, donthulanmotid int NOT NULL, thoihanxuly varchar(11) NOT NULL, nguoinhap int NOT NULL,
  create_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, ngayGiaoXuLy datetime NOT NULL,
  nguoiLienQuan varchar(255) NOT NULL, gioitinh int, songuoilienquan int, id_csdlqg varchar(64)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE phanloaidonthu (
  donthuid int NOT NULL PRIMARY KEY, loaidon varchar(255) NOT NULL, linhvuc varchar(255) NOT NULL, diaban varchar(255) NOT NULL,
  donvi int NOT NULL, huonggiaiquyet varchar(255) NOT NULL, dexuat varchar(255) NOT NULL, nguoixuly varchar(255) NOT NULL,
  sothuly varchar(255) NOT NULL, socongvanchuyendi varchar(255) NOT NULL, donvichuyenden varchar(255) NOT NULL,
  filehuongdan varchar(255) NOT NULL, congvanchuyendon varchar(255) NOT NULL, tbchuyendon varchar(255) NOT NULL,
  vbyeucauxuly varchar(255) NOT NULL, filepath varchar(255) NOT NULL, linkfile varchar(255) NOT NULL,
  trangthai tinyint NOT NULL, thamquyen int NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE theodoidonthu (
  donthuid int NOT NULL PRIMARY KEY, ngayquyetdinhxuly date NOT NULL, tomtatxuly longtext NOT NULL,
  filephieutrinh varchar(255) NOT NULL, sothuly varchar(16) NOT NULL, ykienchidao longtext NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE ketquagiaiquyet (
  donthuid int NOT NULL PRIMARY KEY, soquyetdinh int NOT NULL, ngayquyetdinh date NOT NULL, tieude varchar(255) NOT NULL,
  tomtatketqua varchar(255) NOT NULL, vanbangiaiquyet varchar(255) NOT NULL, thutien varchar(50) NOT NULL,
  tratien varchar(50) NOT NULL, thudat varchar(50) NOT NULL, tradat varchar(50) NOT NULL, sothuly varchar(16) NOT NULL,
  danhgiadonthu varchar(255) NOT NULL, linkfile varchar(255) NOT NULL, trangthai tinyint NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE thongtinrutdonthu (
  donthuid int NOT NULL PRIMARY KEY, sothuly varchar(255) NOT NULL, ngaynhan date NOT NULL, ngaytrendon date NOT NULL,
  lydo longtext NOT NULL, dexuat longtext NOT NULL, dinhchigiaiquyetkhieunai varchar(500) NOT NULL,
  thongbaochamduttocao varchar(500) NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE nguoidaidien (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, donthuid int NOT NULL, sothuly varchar(100) CHARACTER SET utf32 NOT NULL,
  tennguoidaidien varchar(100) CHARACTER SET utf32 NOT NULL, diachinguoidaidien varchar(100) CHARACTER SET utf32 NOT NULL,
  nguoidaidien varchar(10) CHARACTER SET utf32 NOT NULL, cmt varchar(255) NOT NULL, ngaycap date NOT NULL,
  noicap varchar(255) NOT NULL, sdt int, enable int NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=latin1;

CREATE TABLE ketquatiepdan (
  tiepdanid int NOT NULL AUTO_INCREMENT PRIMARY KEY, sothuly varchar(100) NOT NULL, ngaytiep date NOT NULL, lantiep int NOT NULL,
  lanhdao varchar(200) NOT NULL, chucvu varchar(500) NOT NULL, congdan varchar(200) NOT NULL, diachi varchar(1000) NOT NULL,
  chuthe int NOT NULL, loaihinh int NOT NULL, hinhthuc int NOT NULL, linhvuc int NOT NULL, diaban int NOT NULL,
  noidung longtext NOT NULL, ykienlanhdao longtext NOT NULL, ketquagiaiquyet varchar(100) NOT NULL, doituong varchar(255) NOT NULL,
  thamquyen int NOT NULL, sdt int NOT NULL, cmt varchar(255) NOT NULL, ngaycap date NOT NULL, noicap varchar(255) NOT NULL,
  chutri varchar(255) NOT NULL, chucvuchutri varchar(255) NOT NULL, coquandagiaiquyet varchar(255) NOT NULL,
  vanban varchar(255) NOT NULL, filepath varchar(255) NOT NULL, gioitinh int, diachilienhe varchar(500)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE congdankhac (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, tiepdanid int NOT NULL, sothuly varchar(255) NOT NULL, tencongdan varchar(255) NOT NULL,
  diachi varchar(255) NOT NULL, ngaycap date NOT NULL, noicap varchar(255) NOT NULL, sdt int, cmt varchar(255) NOT NULL,
  enable int NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE quanlyvanban (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, donthuid int NOT NULL, tenvanban varchar(255) NOT NULL, linkfile varchar(255) NOT NULL,
  type int NOT NULL, account int NOT NULL, soCV varchar(255) NOT NULL, giaoxulycualanhdao longtext NOT NULL, ykienCV longtext NOT NULL,
  ghichu longtext NOT NULL, trangthai int NOT NULL,
  create_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) ENGINE=InnoDB DEFAULT CHARSET=utf8;

CREATE TABLE donvi (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, tendonvi varchar(500) NOT NULL, tructhuoc int NOT NULL, diaban int NOT NULL,
  trangthai tinyint NOT NULL, madonvi varchar(50)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE loaidon (
  loaidonid int NOT NULL AUTO_INCREMENT PRIMARY KEY, tenloaidon varchar(255) NOT NULL, mota varchar(255) NOT NULL,
  trangthai int NOT NULL, maloaidon varchar(30)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE linhvuc (
  linhvucid int NOT NULL AUTO_INCREMENT PRIMARY KEY, tenlinhvuc varchar(255) NOT NULL, viettat varchar(255) NOT NULL,
  trangthai int NOT NULL, malinhvuc varchar(30)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE doituongkhieunaitocao (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, tendoituong varchar(500) NOT NULL, diachi varchar(500) NOT NULL,
  tenvanban varchar(500) NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

-- What this installation was asked for: which records bear a mark of state secrecy.
CREATE TABLE dau_mat (bang varchar(20) NOT NULL, id int NOT NULL, do_mat varchar(20) NOT NULL) ENGINE=MyISAM DEFAULT CHARSET=utf8;
CREATE VIEW ho_so_mat AS SELECT bang, id FROM dau_mat WHERE do_mat <> '';

-- Lures: a clone that looks like the real table, tables of steps that the decree has no kind for, the users with their secrets.
CREATE TABLE donthu_clone ENGINE=MyISAM AS SELECT * FROM donthu;
CREATE TABLE lichsugiaoxuly (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, donthuid int NOT NULL, nguoiGiaoXuLy int NOT NULL, nguoiXuLy int NOT NULL,
  dateTime timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) ENGINE=InnoDB DEFAULT CHARSET=utf8;
CREATE TABLE users (id int NOT NULL PRIMARY KEY, username varchar(50) NOT NULL, password varchar(100) NOT NULL) ENGINE=MyISAM;

INSERT INTO loaidon VALUES (1, 'Khiếu nại', '', 1, 'KN'), (2, 'Tố cáo', '', 1, 'TC'), (3, 'Khiếu nại + tố cáo', '', 1, ''),
  (4, 'Kiến nghị, phản ánh', '', 1, 'PA');
INSERT INTO linhvuc VALUES (1, 'BHXH', '', 1, 'KN.01.02'), (2, 'Thu hồi, GPMB', '', 1, 'KN.01.01'), (3, 'QLĐĐ khác', '', 1, 'KN.01.01'),
  (4, 'Lĩnh vực bốn', '', 1, ''), (5, 'Tố tụng HS', '', 1, 'TC.02'), (6, 'THA', '', 1, ''), (7, 'Kỷ luật', '', 1, ''),
  (8, 'Người có công', '', 1, 'KN.01.02'), (9, 'LĐXH', '', 1, '');
INSERT INTO donvi VALUES (1, 'UBND huyện Mẫu A', 0, 2, 1, 'H217.05'), (2, 'Sở Mẫu B', 0, 1, 1, ''), (3, 'UBND xã Mẫu C', 1, 3, 1, 'H217.05.03'),
  (4, 'Tòa án Mẫu D', 0, 1, 1, 'D01.33');
INSERT INTO doituongkhieunaitocao VALUES (1, 'Sở Mẫu B', 'Phường Mẫu', ''), (2, 'Chủ tịch UBND xã Mẫu C', 'Xã Mẫu C', '');
