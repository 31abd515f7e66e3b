/** A MySQL or MariaDB server that greets and, where a login is given, takes it. */
import { createHash } from "node:crypto";
import type { Result } from "../base/result.ts";
import {
  CHALLENGE_LENGTH,
  decodeError,
  decodeGreeting,
  decodeHeader,
  decodeSwitch,
  encodeLogin,
  encodePacket,
  encodeTlsRequest,
  HEADER_LENGTH,
  PACKET_MAX,
  QUIT,
  REQUEST_KEY,
} from "../wire/mysql.ts";
import type { Dialogue, Heard, Step } from "./dialogue.ts";
import { cut, say, SECURE } from "./dialogue.ts";
import type { Outcome } from "./response.ts";
import { bad, good } from "./response.ts";

/** Who logs in, and to which database. */
export interface DatabaseLogin {
  readonly username: string;
  /** Empty: without one. */
  readonly password: string;
  readonly database: string | null;
}

/**
 * Whom we say we are where no login is given. A client that breaks off a login is held against its host, until that is shut out: what we
 * cannot answer is answered wrongly.
 */
const NOBODY: DatabaseLogin = { username: "haagent", password: "", database: null };

/** Encrypts for the owner of a public key, given as PEM, by RSA with OAEP and SHA-1; the error says what is wrong with the key. */
export type Seal = (key: string, secret: Uint8Array) => Result<Uint8Array, string>;

/** Packets from our answer to the end of a login. */
const STEPS_MAX = 6;
const NO_ANSWER = "no answer to a login";
/** What the answer to a login begins with: OK_Packet, ERR_Packet, Protocol::AuthSwitchRequest, Protocol::AuthMoreData. */
const DONE = 0x00;
const REFUSED = 0xff;
const OTHERWISE = 0xfe;
const MORE = 0x01;
/** Protocol::AuthMoreData of caching_sha2_password: the server remembers who knew the password, or wants it itself. */
const FAST_ENOUGH = 3;
const PASSWORD_WANTED = 4;

const NOTHING = new Uint8Array(0);
const NATIVE = "mysql_native_password";
const CACHING_SHA2 = "caching_sha2_password";

/** Takes a signature of so many bytes for an answer, and nothing else: mariadb.com/kb, "Authentication Plugin - ed25519". */
const ED25519 = "client_ed25519";
const SIGNATURE = 64;

/** By what a password is proved, and for which challenge. */
interface Method {
  readonly plugin: string;
  readonly challenge: Uint8Array;
}

interface Packet {
  readonly sequence: number;
  /** Empty where it is longer than any that belongs here. */
  readonly payload: Uint8Array;
}

function* packet(heard: Heard): Generator<Step, Packet | null, void> {
  const head = yield* heard.take(HEADER_LENGTH);
  if (head === null) return null;
  const { length, sequence } = decodeHeader(head);
  if (length === 0 || length > PACKET_MAX) return { sequence, payload: NOTHING };
  const payload = yield* heard.take(length);
  return payload === null ? null : { sequence, payload };
}

const hash = (algorithm: "sha1" | "sha256", ...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash(algorithm);
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
};

/** What answers a challenge; null for a plugin that is not known here. */
function proofOf({ plugin, challenge }: Method, password: string): Uint8Array | null {
  if (plugin !== NATIVE && plugin !== CACHING_SHA2) return null;
  if (password === "") return NOTHING;
  const secret = new TextEncoder().encode(password);
  if (plugin === NATIVE) {
    const once = hash("sha1", secret);
    return mixed(once, hash("sha1", challenge, hash("sha1", once)));
  }
  const once = hash("sha256", secret);
  return mixed(once, hash("sha256", hash("sha256", once), challenge));
}

const mixed = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, at) => byte ^ (b[at] ?? 0));

/** How a server that wants the password itself gets it: over TLS, encrypted with the key that it sends, or not at all. */
export type Handing = "tls" | "key" | "nohow";

/** What a login needs, and what comes of it. */
interface Login {
  readonly password: string;
  readonly handing: Handing;
  readonly seal: Seal;
  readonly admitted: Outcome;
  refused(why: string): Outcome;
}

/** Is greeted and logs in, over TLS where `handing` says so; without a login it is enough that the server says what it thinks of nobody. */
export function* mysql(
  login: DatabaseLogin | null,
  heard: Heard,
  seal: Seal,
  handing: Handing = "nohow",
): Dialogue {
  const first = yield* packet(heard);
  if (first === null) return cut(heard, "a greeting");
  const greeting = decodeGreeting(first.payload);
  if (greeting.kind === "bad") return bad(greeting.why);
  if (greeting.kind === "error") return bad(`error ${greeting.code}: ${greeting.text}`);
  let { sequence } = first;
  const secured = handing === "tls";
  if (secured) {
    if (!greeting.tls) return bad("has no TLS");
    yield say(encodePacket(++sequence, encodeTlsRequest()));
    yield SECURE;
  }
  const { username, password, database } = login ?? NOBODY;
  const version = greeting.version.slice(0, 40).replace(/[^\x20-\x7e]/g, "?");
  // A plugin that is not known here may be another for this user: the server will say.
  const known = proofOf(greeting, password) !== null;
  const method = { plugin: known ? greeting.plugin : NATIVE, challenge: greeting.challenge };
  const proof = proofOf(method, password) ?? NOTHING;
  yield say(
    encodePacket(sequence + 1, encodeLogin(username, proof, database, method.plugin, secured)),
    `login of ${username}`,
  );
  const greets = good(`${version} greets`);
  return yield* proceed(method, heard, {
    password,
    handing,
    seal,
    admitted: login === null ? greets : good(`${version} lets ${username} in`),
    refused: (why) => (login === null ? greets : bad(why)),
  });
}

/** From our answer to the first challenge to the verdict of the server. */
function* proceed(first: Method, heard: Heard, login: Login): Dialogue {
  let method = first;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const answer = yield* packet(heard);
    if (answer === null) return cut(heard, "an answer to the login");
    const { payload, sequence } = answer;
    switch (payload[0]) {
      case DONE:
        yield say(encodePacket(0, QUIT));
        return login.admitted;
      case REFUSED: {
        const { code, text } = decodeError(payload);
        return login.refused(`error ${code}: ${text}`);
      }
      case OTHERWISE: {
        const other = decodeSwitch(payload);
        const proof = other === null ? null : proofOf(other, login.password);
        if (other === null || proof === null) {
          const wanted = other?.plugin ?? "an old password";
          yield say(encodePacket(sequence + 1, new Uint8Array(wanted === ED25519 ? SIGNATURE : 1)));
          yield* packet(heard);
          return login.refused(`wants a login by ${wanted}, which is not known here`);
        }
        method = other;
        yield say(encodePacket(sequence + 1, proof), "password");
        break;
      }
      case MORE: {
        if (method.plugin !== CACHING_SHA2) return bad(NO_ANSWER);
        if (payload[1] === FAST_ENOUGH) break;
        if (payload[1] !== PASSWORD_WANTED) return bad(NO_ANSWER);
        const refusal = yield* hand(method, sequence, heard, login);
        if (refusal !== null) return refusal;
        break;
      }
      default:
        return bad(NO_ANSWER);
    }
  }
  return bad("endless login");
}

/** Hands a server the password itself; null when it is on its way, or what is in the way of it. */
function* hand(
  { challenge }: Method,
  sequence: number,
  heard: Heard,
  { password, handing, seal }: Login,
): Generator<Step, Outcome | null, void> {
  if (handing === "tls") {
    yield say(encodePacket(sequence + 1, terminated(password)), "password");
    return null;
  }
  yield say(encodePacket(sequence + 1, REQUEST_KEY));
  const answer = yield* packet(heard);
  if (answer === null) return cut(heard, "its public key");
  if (answer.payload[0] !== MORE) return bad("has no public key");
  // An empty one where it must not have ours: refused for that, we are a wrong login, and none that was broken off.
  const secret = terminated(handing === "key" ? password : "");
  // Under the challenge, so that what was encrypted for one login is good for no other.
  const masked = secret.map((byte, at) => byte ^ (challenge[at % CHALLENGE_LENGTH] ?? 0));
  const sealed = seal(latin1.decode(answer.payload.subarray(1)), masked);
  if (!sealed.ok) return bad(`public key: ${sealed.error}`);
  yield say(encodePacket(answer.sequence + 1, sealed.value), "password");
  if (handing === "key") return null;
  yield* packet(heard);
  return bad("wants the password itself, once: that needs tls = true, or get_server_public_key = true");
}

const terminated = (password: string): Uint8Array => new TextEncoder().encode(`${password}\0`);
const latin1 = new TextDecoder("latin1");
