/** Kinds of value that requests of checks have: fields of a header, digests. */
import type { Kind } from "./kind.ts";
import { text } from "./kind.ts";

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
