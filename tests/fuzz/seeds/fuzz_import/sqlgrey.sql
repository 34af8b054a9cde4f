CREATE TABLE `connect` (
  `sender_name` varchar(64) NOT NULL
);
INSERT INTO `connect` VALUES ('alice','one.example','192.0.2','bob@home.example','2023-11-14 22:10:00'),
('-undef-','-undef-','192.0.2.7','bob@home.example','2023-11-14 22:11:00');
INSERT INTO `from_awl` VALUES ('carol','two.example','198.51.100.7','2023-11-01 00:00:00','2023-11-14 00:00:00');
INSERT INTO `domain_awl` VALUES ('three.example','203.0.113','2023-11-01 00:00:00','2023-11-14 00:00:00');
