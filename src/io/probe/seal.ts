/** Encryption of a password for the owner of a public key that came over the wire. */
import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { fail, ok } from "../../base/result.ts";
import type { Seal } from "../../check/mysql.ts";

/** Bits of a key: fewer hide nothing, more cost time. */
const BITS_MIN = 1024;
const BITS_MAX = 8192;
/** Bytes that OAEP with SHA-1 takes of a block (RFC 8017 7.1.1). */
const OVERHEAD = 42;
/** createPublicKey() would take a private key or a certificate as well. */
const BEGINNING = "-----BEGIN PUBLIC KEY-----";

export const seal: Seal = (pem, secret) => {
  if (!pem.startsWith(BEGINNING)) return fail("none");
  try {
    const key = createPublicKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (key.asymmetricKeyType !== "rsa") return fail("not of RSA");
    if (bits < BITS_MIN || bits > BITS_MAX) return fail(`of ${bits} bits`);
    if (secret.length > bits / 8 - OVERHEAD) return fail("too short for the password");
    return ok(new Uint8Array(publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, secret)));
  } catch {
    return fail("not readable");
  }
};
