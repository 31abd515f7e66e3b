/** Kinds of value that requests of checks have: fields of a header, digests. */
import { isDomain, RECORD_TYPES, typeNumber } from "../wire/dns.ts";
import type { Kind } from "./kind.ts";
import { reject, text } from "./kind.ts";
import { quote } from "./words.ts";

/** A field of HTTP's header: a token, a colon, printable ASCII (RFC 9110 5.1, 5.5). */
export const headerField: Kind<string> = text("a field of a header", (value) =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}:[\t\x20-\x7e]{0,4096}$/.test(value)
    ? null
    : 'a field of a header, "NAME: VALUE" in ASCII',
);

/** An MD5 digest. */
export const digest: Kind<string> = text("an MD5 digest", (value) =>
  /^[0-9a-f]{32}$/.test(value) ? null : "an MD5 digest of 32 hexadecimal digits, in lower case",
);

/** A domain name; "." is the root. */
export const domain: Kind<string> = text("a domain name", (value) =>
  isDomain(value) ? null : 'a domain name, like "www.example.org"',
);

/** A type of DNS record, by its number. */
export const recordType: Kind<number> = {
  manual: "a type of record",
  read(written, report) {
    const { value } = written;
    const number = typeof value === "string" ? typeNumber(value) : null;
    return number ?? reject(written, report, 'a type of record, like "A", "MX" or "TYPE65"');
  },
  show: (number) => {
    const known = Object.entries(RECORD_TYPES).find(([, each]) => each === number)?.[0];
    return quote(known ?? `TYPE${number}`);
  },
};
