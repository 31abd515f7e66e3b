/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as PostgreSQL asks for it: without channel binding. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** Rounds that a server may ask for: each costs us time, too. */
const ROUNDS_MAX = 20_000;

/** The first message, less its GS2 header; PostgreSQL takes the name from the startup message. */
export const clientFirst = (nonce: string): string => `n=,r=${nonce}`;
export const GS2 = "n,,";

const hmac = (key: Uint8Array, text: string): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(text).digest());

/** Our last message, and the one that the server must end with; null where its first one makes no sense. */
export function answerScram(
  nonce: string,
  password: string,
  serverFirst: string,
): { readonly message: string; readonly expected: string } | null {
  const [, theirs = "", salt = "", rounds = ""] =
    /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,|$)/.exec(serverFirst) ?? [];
  if (!theirs.startsWith(nonce) || Number(rounds) < 1 || Number(rounds) > ROUNDS_MAX) return null;
  const salted = new Uint8Array(
    pbkdf2Sync(password.normalize("NFKC"), Buffer.from(salt, "base64"), Number(rounds), 32, "sha256"),
  );
  const key = hmac(salted, "Client Key");
  const stored = new Uint8Array(createHash("sha256").update(key).digest());
  const bare = `c=biws,r=${theirs}`;
  const all = `${clientFirst(nonce)},${serverFirst},${bare}`;
  const signature = hmac(stored, all);
  const proof = Buffer.from(key.map((byte, at) => byte ^ (signature[at] ?? 0))).toString("base64");
  const server = Buffer.from(hmac(hmac(salted, "Server Key"), all)).toString("base64");
  return { message: `${bare},p=${proof}`, expected: `v=${server}` };
}
