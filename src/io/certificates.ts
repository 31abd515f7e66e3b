/** Files of certificates, as TLS takes them: PEM. */
import { X509Certificate } from "node:crypto";
import type { CertificateFact } from "../config/model.ts";

/** A certificate from its first line on, to its last one, or to the end where that is missing (RFC 7468 5; OpenSSL's older labels, too). */
const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?(?:-----END (?:X509 |TRUSTED )?CERTIFICATE-----|$)/g;

/** Every certificate of a text, in order; `now` by the wall clock. */
export const certificatesOf = (text: string, now: number): CertificateFact[] =>
  Array.from(text.matchAll(CERTIFICATE), ([block]) => {
    try {
      const until = Date.parse(new X509Certificate(block).validTo);
      return { until: new Date(until).toISOString().slice(0, 10), over: until < now };
    } catch {
      return null;
    }
  });
