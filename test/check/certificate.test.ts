/** A certificate that is not good, in words. */
import { describe, expect, test } from "bun:test";
import type { Shown } from "../../src/check/certificate.ts";
import { chainFault, nameFault } from "../../src/check/certificate.ts";

const NOW = Date.parse("2026-11-21");
const shown = (from: string, until: string, names = ""): Shown => ({
  from: Date.parse(from),
  until: Date.parse(until),
  names,
});
const CURRENT = shown("2026-01-01", "2027-01-01");

describe("a chain", () => {
  test.each([
    ["CERT_HAS_EXPIRED", shown("2025-01-01", "2025-02-01"), true, "CERT_HAS_EXPIRED on 2025-02-01"],
    ["CERT_HAS_EXPIRED", CURRENT, true, "CERT_HAS_EXPIRED: not the server's, but one that vouches for it"],
    [
      "CERT_NOT_YET_VALID",
      shown("2030-01-01", "2031-01-01"),
      true,
      "CERT_NOT_YET_VALID before 2030-01-01; is the clock of this host right?",
    ],
    [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      CURRENT,
      true,
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE: none of ca vouches for it; cure: let the server send its whole chain, or put who signed it into ca",
    ],
    [
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      CURRENT,
      false,
      "DEPTH_ZERO_SELF_SIGNED_CERT: no authority that browsers know vouches for it; cure: ca with who signed it",
    ],
    ["INVALID_PURPOSE", CURRENT, true, "INVALID_PURPOSE"],
    [
      "CERT_HAS_EXPIRED",
      shown("", ""),
      true,
      "CERT_HAS_EXPIRED: not the server's, but one that vouches for it",
    ],
  ] as const)("that is %s", (code, certificate, own, expected) => {
    expect(chainFault(code, certificate, own, NOW)).toBe(expected);
  });
});

describe("a certificate for somebody else", () => {
  test("says for whom", () => {
    const other = shown("", "", "DNS:other.example.org, IP Address:192.0.2.1");
    expect(nameFault("shop.example.org", other)).toBe(
      "not for shop.example.org, but for DNS:other.example.org, IP Address:192.0.2.1",
    );
    expect(nameFault("a", shown("", ""))).toBe("not for a, it names nobody");
    expect(nameFault("a", shown("", "", `DNS:\u001b${"x".repeat(100)}`))).toBe(
      `not for a, but for DNS:?${"x".repeat(75)}...`,
    );
  });
});
