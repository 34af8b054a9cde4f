-- a dump
DROP TABLE IF EXISTS `greylisting_whitelist_domains`;
CREATE TABLE `greylisting_whitelist_domains` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `domain` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `greylisting_whitelist_domains` VALUES (1,'amazon.example'),(2,'aol.example');
INSERT INTO greylisting_whitelist_domains (domain) VALUES ('x.example');
INSERT INTO `other` VALUES (1,'no.example');
INSERT INTO "greylisting_whitelists" (account, sender, comment)
 VALUES
 ('@.', '216.239.32.0/19', 'it''s \'quoted\', (really)'),
 ('u@x.example', '1.2.3.4', ''),
 ('@.','@.ebay.example','');
COPY public.greylisting_whitelist_domains (id, domain) FROM stdin;
1	copied.example
\.
