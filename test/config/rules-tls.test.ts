/** What is said of checks over TLS: on what terms, and whether at all. */
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
