/** What real servers said, recorded: OpenSMTPD 6.8.0p2, Redis 7.0, MariaDB 10.11.19, MySQL 9.7.4, PostgreSQL 15, dnsmasq 2.90. */

const bytes = (latin1: string): Uint8Array => Uint8Array.from(latin1, (character) => character.charCodeAt(0));
const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

export const SMTP = [
  bytes("220 mail.example.org ESMTP OpenSMTPD\r\n"),
  bytes(
    "250-mail.example.org Hello ha1 [10.99.7.1], pleased to meet you\r\n250-8BITMIME\r\n250-SIZE 36700160\r\n250 HELP\r\n",
  ),
  bytes("221 2.0.0 Bye\r\n"),
];

/** A challenge of MariaDB, its answer to a wrong password, and its agreement. */
export const MYSQL = {
  greeting: bytes(
    "d\x00\x00\x00\n5.5.5-10.11.19-MariaDB-0+deb12u1\x00\x06\x00\x00\x005OkN'r.*\x00\xfe\xf7\x08\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00'%\"{fmsx\">PX\x00mysql_native_password\x00",
  ),
  denied: bytes(
    "I\x00\x00\x02\xff\x15\x04#28000Access denied for user 'probe'@'10.99.7.1' (using password: YES)",
  ),
  ok: bytes("\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"),
};

/** What MariaDB asks of a user who signs. */
export const MARIADB_SIGNATURE = bytes(
  '0\x00\x00\x02\xfeclient_ed25519\x00\xce\x16Y\x9c\x11"\xfd\xe5QHg"\xaa/\xa5\x1d\xc3\xb3\x12\x8d\xe4\xf6\xaad\x9a\xb9\xb5I>\xca\xe6?',
);

/** A login of "probe" with "secret", who was not remembered: the password itself is wanted, a key asked for comes, and all is well. */
export const MYSQL_SHA2 = {
  greeting: base64(
    "SwAAAAo5LjcuNC0yAOUAAAB/THlYDkwheQD///8CAP/fFQAAAAAAAAAAAAASQV4pcHxNNjFgcC8AY2FjaGluZ19zaGEyX3Bhc3N3b3JkAA==",
  ),
  challenge: base64("f0x5WA5MIXkSQV4pcHxNNjFgcC8="),
  proof: base64("kN26AqEwmQDbYhywZazM3QkTptmwMQcLSsMaIzE4qq8="),
  remembered: bytes("\x02\x00\x00\x02\x01\x03"),
  wanted: bytes("\x02\x00\x00\x02\x01\x04"),
  key: base64(
    "xAEABAEtLS0tLUJFR0lOIFBVQkxJQyBLRVktLS0tLQpNSUlCSWpBTkJna3Foa2lHOXcwQkFRRUZBQU9DQVE4QU1JSUJDZ0tDQVFFQXpNRmRHMDh2ZU53aHllU3B1TlVkCjUvSWEwYTUwQzFnQk5QejBFdGVEN004d2ZIRW82M1ZCbzY4Rjc1WXZHNGhDU3dscEwrUXZwQmZnYzFkT3hqbVkKN1QvUnZzSEFnajB1NG9FalErdEdEM3hnNnY5WEZYc2kzY0QyNG1selFmOXNVVHdYdzFrZFF2eGZzV05PSXNZUwpORzl3Vkp0aS94KzYwMDd0RXBBb3ZXRTFQby9aNjhZOTNPcWdjTklIckVHL2NhVnlraVhLYStPNi9aTkFuWWkvCkcvR3BXNnBqNnJzZ1JWb2JvbXl1dmQrcWc3Z2dseXdEcnVRVU1JK3l1b1BvbHg2YzJlYWdXMEhJaTBYWXRHQ28Kdi9LdmswYk15SkZwcmJCcWU4Z3QwM1M3Z3pDQ3NxNTRRbWNJZWQ0bmdIWTVhT3NPWlgxMzJGVjZUT25RUnBhRwpiUUlEQVFBQgotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0K",
  ),
  ok: base64("BwAABgAAAAIAAAA="),
  denied: bytes(
    "I\x00\x00\x06\xff\x15\x04#28000Access denied for user 'probe'@'localhost' (using password: YES)",
  ),
};

/** The one of a login of "probe" with "secret" and this nonce. */
export const PGSQL = {
  nonce: "/bHE7Kd4a7N4C0L7C7N1aQUv",
  methods: bytes("R\x00\x00\x00\x17\x00\x00\x00\nSCRAM-SHA-256\x00\x00"),
  first: bytes(
    "R\x00\x00\x00\\\x00\x00\x00\x0br=/bHE7Kd4a7N4C0L7C7N1aQUvz70guRV364hwnddfPZNJ6qUy,s=NmaP69ACdLk+5/6n7QyBWw==,i=4096",
  ),
  last: bytes("R\x00\x00\x006\x00\x00\x00\x0cv=MPSzVQg91sv5UuKW+yIJJEneBeHswd0SZWNXzRBqvAI="),
  in: bytes("R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x0dTimeZone\x00Z\x00\x00\x00\x05I"),
  noDatabase: bytes(
    'E\x00\x00\x00YSFATAL\x00VFATAL\x00C3D000\x00Mdatabase "nodb" does not exist\x00Fpostinit.c\x00L948\x00RInitPostgres\x00\x00',
  ),
};

/** www.example.org A, refused for the root, and a name that is not there; the ids are theirs. */
export const DNS = {
  address: bytes(
    "\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x07example\x03org\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\xc0\x00\x02\x01",
  ),
  refused: bytes("\xcd\x81\x81\x85\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"),
  absent: bytes(
    "\x9e\x9c\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00\x02no\x07example\x03org\x00\x00\x01\x00\x01",
  ),
};
