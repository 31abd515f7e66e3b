/** A MySQL or MariaDB server that greets and, where a login is given, takes it. */
import { createHash } from "node:crypto";
import {
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
} from "../wire/mysql.ts";
import type { Dialogue, Heard, Step } from "./dialogue.ts";
import { cut, say, SECURE } from "./dialogue.ts";
import { bad, good } from "./response.ts";

/** Who logs in, and to which database. */
export interface DatabaseLogin {
  readonly username: string;
  /** Empty: without one. */
  readonly password: string;
  readonly database: string | null;
}

/** Whom we say we are where no login is given: a client that leaves without a word is held against its host until it is shut out. */
const NOBODY: DatabaseLogin = { username: "haagent", password: "", database: null };

/** Packets from our answer to the end of a login. */
const STEPS_MAX = 6;
/** Protocol::AuthMoreData of caching_sha2_password: the server remembers who knew the password, or wants it itself. */
const FAST_ENOUGH = 3;

interface Packet {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

function* packet(heard: Heard): Generator<Step, Packet | null, void> {
  const head = yield* heard.take(HEADER_LENGTH);
  if (head === null) return null;
  const { length, sequence } = decodeHeader(head);
  if (length === 0 || length > PACKET_MAX) return { sequence, payload: Uint8Array.of(0) };
  const payload = yield* heard.take(length);
  return payload === null ? null : { sequence, payload };
}

const hash = (algorithm: "sha1" | "sha256", ...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash(algorithm);
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
};

/** What answers a challenge; null for a plugin that is not known here. */
function proofOf(plugin: string, password: string, challenge: Uint8Array): Uint8Array | null {
  if (password === "") return new Uint8Array(0);
  const secret = new TextEncoder().encode(password);
  if (plugin === "mysql_native_password") {
    const once = hash("sha1", secret);
    return mixed(once, hash("sha1", challenge, hash("sha1", once)));
  }
  if (plugin === "caching_sha2_password") {
    const once = hash("sha256", secret);
    return mixed(once, hash("sha256", hash("sha256", once), challenge));
  }
  return null;
}

const mixed = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, at) => byte ^ (b[at] ?? 0));

/** Is greeted and logs in, over TLS if `secured`; without a login it is enough that the server says what it thinks of nobody. */
export function* mysql(login: DatabaseLogin | null, heard: Heard, secured = false): Dialogue {
  const first = yield* packet(heard);
  if (first === null) return cut(heard, "a greeting");
  const greeting = decodeGreeting(first.payload);
  if (greeting.kind === "bad") return bad(greeting.why);
  if (greeting.kind === "error") return bad(`error ${greeting.code}: ${greeting.text}`);
  let { sequence } = first;
  if (secured) {
    if (!greeting.tls) return bad("has no TLS");
    yield say(encodePacket(++sequence, encodeTlsRequest()));
    yield SECURE;
  }
  const { username, password, database } = login ?? NOBODY;
  const version = greeting.version.slice(0, 40).replace(/[^\x20-\x7e]/g, "?");
  // A plugin that is not known here may be another for this user: the server will say.
  const known = proofOf(greeting.plugin, password, greeting.challenge) !== null;
  const plugin = known ? greeting.plugin : "mysql_native_password";
  const proof = proofOf(plugin, password, greeting.challenge) ?? new Uint8Array(0);
  yield say(
    encodePacket(sequence + 1, encodeLogin(username, proof, database, plugin, secured)),
    `login of ${username}`,
  );
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const answer = yield* packet(heard);
    if (answer === null) return cut(heard, "an answer to the login");
    const { payload } = answer;
    switch (payload[0]) {
      case 0x00:
        yield say(encodePacket(0, QUIT));
        return good(login === null ? `${version} greets` : `${version} lets ${username} in`);
      case 0xff: {
        const { code, text } = decodeError(payload);
        return login === null ? good(`${version} greets`) : bad(`error ${code}: ${text}`);
      }
      case 0xfe: {
        if (login === null) return good(`${version} greets`);
        const other = decodeSwitch(payload);
        const again = other === null ? null : proofOf(other.plugin, password, other.challenge);
        if (again === null)
          return bad(`wants a login by ${other?.plugin ?? "an old password"}, which is not known here`);
        yield say(encodePacket(answer.sequence + 1, again), "password");
        break;
      }
      case 0x01:
        if (payload[1] === FAST_ENOUGH) break;
        if (!secured) return bad("wants the password itself, once: that needs tls = true");
        yield say(encodePacket(answer.sequence + 1, new TextEncoder().encode(`${password}\0`)), "password");
        break;
      default:
        return bad("no answer to a login");
    }
  }
  return bad("endless login");
}
