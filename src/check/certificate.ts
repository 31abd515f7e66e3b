/** What is wrong with a server's certificate, in words with the cure: OpenSSL has a code for it (X509_STORE_CTX_get_error(3)). */

/** The certificate as the server showed it. */
export interface Shown {
  /** Its first and last moment, milliseconds of the wall clock; NaN where they are none. */
  readonly from: number;
  readonly until: number;
  /** For whom it is: `DNS:www.example.org, IP Address:192.0.2.1`; empty: nobody. */
  readonly names: string;
}

/** Characters of the names that are repeated. */
const NAMES_MAX = 80;
const UNTRUSTED = [
  ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"],
];

/** A day as `2026-11-26`; null for a moment that is none. */
export const dayOf = (time: number): string | null =>
  Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : null;

/** What OpenSSL says of the chain; `own`: there is a file of authorities (`ca`); `now` by the wall clock. */
export function chainFault(code: string, { from, until }: Shown, own: boolean, now: number): string {
  if (code === "CERT_HAS_EXPIRED") {
    return until < now
      ? `${code} on ${dayOf(until)}`
      : `${code}: not the server's, but one that vouches for it`;
  }
  if (code === "CERT_NOT_YET_VALID") {
    return from > now
      ? `${code} before ${dayOf(from)}; is the clock of this host right?`
      : `${code}: not the server's, but one that vouches for it`;
  }
  if (!UNTRUSTED.includes(code)) return code;
  const whose = own ? "none of ca" : "no authority that browsers know";
  const cure = own
    ? "let the server send its whole chain, or put who signed it into ca"
    : "ca with who signed it";
  return `${code}: ${whose} vouches for it; cure: ${cure}`;
}

/** That it is for somebody else. */
export function nameFault(wanted: string, { names }: Shown): string {
  const whom = names.length > NAMES_MAX ? `${names.slice(0, NAMES_MAX)}...` : names;
  const plain = whom.replace(/[^\x20-\x7e]/g, "?");
  return plain === "" ? `not for ${wanted}, it names nobody` : `not for ${wanted}, but for ${plain}`;
}
