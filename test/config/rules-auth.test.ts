/** What authentication goes with. Each row: a rule, a text, all that is said of it. */
import { expect } from "bun:test";
import { router, router6, table } from "./said.ts";

table("authentication", [
  ["of version 2 is fine", router("version = 2", 'auth = { type = "pass", key = "12345678" }'), []],
  [
    "of version 3 is an error",
    router('auth = { type = "pass", key = "x" }'),
    ["5:8 error: auth is for version 2 only: version 3 has none (RFC 9568 9)"],
  ],
  [
    "by a header is said to be obsolete, with what it does not keep out",
    router("version = 2", 'auth = { type = "ah", key = "12345678" }'),
    [
      '6:17 warning: auth.type "ah" is obsolete (RFC 3768 dropped it): it keeps out adverts of who does not know the key, and old ones sent again, not ARP and neighbour discovery, by which anybody on the link takes an address',
    ],
  ],
  [
    "by a header needs a key as well, of eight bytes",
    router("version = 2", 'auth = { type = "ah" }'),
    ['6:8 error: auth needs key for type "ah"', expect.stringContaining("is obsolete")],
  ],
  [
    "by a header is for version 2",
    router('auth = { type = "ah", key = "123456789" }'),
    [
      "5:8 error: auth is for version 2 only: version 3 has none (RFC 9568 9)",
      expect.stringContaining("is obsolete"),
      "5:29 warning: auth.key has more than 8 bytes: only the first 8 count",
    ],
  ],
  [
    "is no part of both versions: one of them would be a way around it",
    router('version = "2+3"', 'auth = { type = "pass", key = "x" }'),
    [
      '6:8 error: auth cannot go with version "2+3": its version 3 half has none (RFC 9568 9) and would be a way around it',
    ],
  ],
  [
    "of IPv6 is an error",
    router6('auth = { type = "pass", key = "x" }'),
    ["5:8 error: auth is for version 2, and so for IPv4, only"],
  ],
  [
    "of IPv6 in version 2 is two",
    router6("version = 2", 'auth = { type = "pass", key = "x" }'),
    [
      "5:11 error: version 2 knows IPv4 only; IPv6 needs version 3",
      "6:8 error: auth is for version 2, and so for IPv4, only",
    ],
  ],
  ["none is fine in version 3", router('auth = { type = "none" }'), []],
  [
    "none with a key is a warning",
    router('auth = { type = "none", key = "x" }'),
    ['5:31 warning: auth.key is not used while auth.type is "none"'],
  ],
  [
    "pass without a key is an error",
    router("version = 2", 'auth = { type = "pass" }'),
    ['6:8 error: auth needs key for type "pass"'],
  ],
  [
    "with an empty key is an error",
    router("version = 2", 'auth = { type = "pass", key = "" }'),
    ["6:31 error: auth.key must be a string that is not empty"],
  ],
  [
    "with a key over 8 bytes is a warning",
    router("version = 2", 'auth = { type = "pass", key = "123456789" }'),
    ["6:31 warning: auth.key has more than 8 bytes: only the first 8 count"],
  ],
  [
    "counts bytes, not characters",
    router("version = 2", 'auth = { type = "pass", key = "ééééé" }'),
    ["6:31 warning: auth.key has more than 8 bytes: only the first 8 count"],
  ],
  ["without type is an error", router("version = 2", 'auth = { key = "x" }'), ["6:8 error: auth needs type"]],
  [
    "with a number for a key does not show it",
    router("version = 2", 'auth = { type = "pass", key = 987654 }'),
    ["6:31 error: auth.key must be a string, not a number"],
  ],
  [
    "with key and type swapped does not show it",
    router("version = 2", 'auth = { type = "s3cret", key = "pass" }'),
    ['6:17 error: auth.type must be "none", "pass" or "ah"'],
  ],
  [
    "that is the bare key does not show it",
    router("version = 2", 'auth = "s3cret"'),
    ["6:8 error: auth must be a table, not a string"],
  ],
  [
    "with an array for a key does not show it",
    router("version = 2", 'auth = { type = "pass", key = ["s3cret"] }'),
    ["6:31 error: auth.key must be a string, not an array"],
  ],
]);
