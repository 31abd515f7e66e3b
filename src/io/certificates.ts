/** Files of certificates, as TLS takes them: PEM. */
import { X509Certificate } from "node:crypto";
import { dayOf } from "../check/certificate.ts";
import type { CertificateFact } from "../config/model.ts";

/** A certificate from its first line on, to its last one, or to the end where that is missing (RFC 7468 5; OpenSSL's older labels, too). */
const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?(?:-----END (?:X509 |TRUSTED )?CERTIFICATE-----|$)/g;
/** More are not looked at: some ten milliseconds. What the authorities of browsers are is half of it. */
const CERTIFICATES_MAX = 256;

/** The certificates of a text in order, up to the first that is none, as null; `now` by the wall clock. */
export function certificatesOf(text: string, now: number): CertificateFact[] {
  const facts: CertificateFact[] = [];
  for (const [block] of text.matchAll(CERTIFICATE)) {
    const fact = read(block, now);
    facts.push(fact);
    if (fact === null || facts.length >= CERTIFICATES_MAX) break;
  }
  return facts;
}

function read(block: string, now: number): CertificateFact {
  try {
    const end = Date.parse(new X509Certificate(block).validTo);
    const until = dayOf(end);
    return until === null ? null : { until, over: end < now };
  } catch {
    return null;
  }
}
