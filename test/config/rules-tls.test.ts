/** What is said of checks over TLS, on what terms and whether at all; and of logins. */
import { checked, table } from "./said.ts";

/** A check of a type, on line 7, with more keys from line 8 on. */
const check = (type: string, ...lines: readonly string[]): string =>
  checked(`type = "${type}"`, "-command", ...lines);

table("a check", [
  [
    "over TLS says so before it says how",
    check("smtp", 'target = "192.0.2.1"', 'ca = "/ca.pem"', "verify = false", "expiry_warning = 3"),
    [
      "9:6 error: ca needs tls = true",
      "9:6 error: ca needs verify = true",
      "10:10 error: verify needs tls = true",
      "11:18 error: expiry_warning needs tls = true",
    ],
  ],
  [
    "over TLS may be of a database",
    check("pgsql", 'target = "192.0.2.1"', "tls = true", 'ca = "/ca.pem"'),
    [],
  ],
  [
    "by https is over TLS anyway",
    check("https", 'target = "192.0.2.1"', "tls = true"),
    ['9:7 error: tls is a key of smtp, redis, mysql and pgsql checks, not of type "https"'],
  ],
]);

table("a login", [
  [
    "names nobody without a password, and no password without anybody",
    check("mysql", 'target = "192.0.2.1"', 'password = "secret"', 'database = "a"'),
    ["9:12 error: password needs username", "10:12 error: database needs username"],
  ],
  [
    "asks no server for its public key where nobody logs in",
    check("mysql", 'target = "192.0.2.1"', "get_server_public_key = true"),
    ["9:25 error: get_server_public_key needs username"],
  ],
  [
    "has no use for a public key over TLS",
    check("mysql", 'target = "192.0.2.1"', "tls = true", 'username = "a"', "get_server_public_key = true"),
    ["11:25 error: get_server_public_key and tls exclude each other"],
  ],
  [
    "of PostgreSQL has no public key",
    check("pgsql", 'target = "192.0.2.1"', 'username = "a"', "get_server_public_key = true"),
    ['10:25 error: get_server_public_key is a key of mysql checks, not of type "pgsql"'],
  ],
  ["of Redis may be a password alone", check("redis", 'target = "192.0.2.1"', 'password = "secret"'), []],
  [
    "of Redis is not a name alone",
    check("redis", 'target = "192.0.2.1"', 'username = "a"'),
    ["9:12 error: username needs password"],
  ],
]);
