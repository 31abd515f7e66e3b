/** A PostgreSQL server that answers a client's startup and, where a login is given, takes it. */
import { createHash } from "node:crypto";
import type { Demand } from "../wire/pgsql.ts";
import {
  decodeDemand,
  decodeError,
  decodeHeader,
  encodeMessage,
  encodeSaslFirst,
  encodeStartup,
  encodeTlsRequest,
  HEADER_LENGTH,
  TLS_FOLLOWS,
} from "../wire/pgsql.ts";
import type { Dialogue, Heard, Step } from "./dialogue.ts";
import { cut, say, SECURE } from "./dialogue.ts";
import type { DatabaseLogin } from "./mysql.ts";
import { bad, good } from "./response.ts";
import { answerScram, clientFirst, GS2 } from "./scram.ts";

/** Whom we say we are where no login is given. */
const NOBODY = "haagent";
/** Messages of a login. */
const MESSAGES_MAX = 64;
const MECHANISM = "SCRAM-SHA-256";
/**
 * Classes of SQLSTATE of a server that takes nobody at the moment, whoever it is: too many clients, no memory or disk; it starts, stops or
 * recovers; the system fails it, or it fails itself. Others are about us.
 */
const NOT_NOW = ["53", "57", "58", "XX"];

interface Message {
  readonly kind: string;
  readonly body: Uint8Array;
}

function* message(heard: Heard): Generator<Step, Message | "bad" | null, void> {
  const head = yield* heard.take(HEADER_LENGTH);
  if (head === null) return null;
  const header = decodeHeader(head);
  if (header === null) return "bad";
  const body = yield* heard.take(header.length);
  return body === null ? null : { kind: header.kind, body };
}

const utf8 = new TextEncoder();
const md5 = (...parts: readonly (string | Uint8Array)[]): string => {
  const digest = createHash("md5");
  for (const part of parts) digest.update(part);
  return digest.digest("hex");
};

/** Asks to be let in, over TLS if `secured`; `nonce` is random and printable. Without a login it is enough that the server asks who we are. */
export function* pgsql(login: DatabaseLogin | null, nonce: string, heard: Heard, secured = false): Dialogue {
  if (secured) {
    yield say(encodeTlsRequest());
    const answer = yield* heard.take(1);
    if (answer === null) return cut(heard, "an answer");
    if (answer[0] !== TLS_FOLLOWS) return bad("has no TLS");
    yield SECURE;
  }
  yield say(encodeStartup(login?.username ?? NOBODY, login?.database ?? null));
  const scram: { expected: string | null } = { expected: null };
  for (let count = 0; count < MESSAGES_MAX; count++) {
    const said = yield* message(heard);
    if (said === null) return cut(heard, "an answer");
    if (said === "bad") return bad("no answer of PostgreSQL");
    if (said.kind === "E") {
      const { code, text } = decodeError(said.body);
      return login === null && !NOT_NOW.includes(code.slice(0, 2))
        ? good(`answers ${code}`)
        : bad(`${code}: ${text}`);
    }
    if (said.kind === "R") {
      const demand = decodeDemand(said.body);
      if (login === null) return good(demand.kind === "none" ? "lets us in" : "asks for a login");
      if (demand.kind === "password" && !secured)
        return bad("wants the password in clear: that needs tls = true");
      const answer = answerTo(demand, login, nonce, scram);
      if (answer === null) return bad(refusal(demand));
      if (answer !== "nothing") yield answer;
    }
    if (said.kind === "Z") {
      yield say(encodeMessage("X", new Uint8Array(0)));
      return good(login === null ? "answers" : `lets ${login.username} in`);
    }
  }
  return bad("endless login");
}

/** What is said to a demand; null where we cannot. */
function answerTo(
  demand: Demand,
  { username, password }: DatabaseLogin,
  nonce: string,
  scram: { expected: string | null },
): Step | "nothing" | null {
  switch (demand.kind) {
    case "none":
      return "nothing";
    case "password":
      return say(encodeMessage("p", utf8.encode(`${password}\0`)), "password");
    case "md5":
      return say(
        encodeMessage("p", utf8.encode(`md5${md5(md5(password, username), demand.salt)}\0`)),
        "password",
      );
    case "sasl":
      if (!demand.mechanisms.includes(MECHANISM)) return null;
      return say(encodeSaslFirst(MECHANISM, `${GS2}${clientFirst(nonce)}`));
    case "sasl-first": {
      const answer = answerScram(nonce, password, demand.text);
      if (answer === null) return null;
      scram.expected = answer.expected;
      return say(encodeMessage("p", utf8.encode(answer.message)), "password");
    }
    case "sasl-last":
      return scram.expected === demand.text ? "nothing" : null;
    default:
      return null;
  }
}

function refusal(demand: Demand): string {
  if (demand.kind === "sasl-last") return "the server does not know the password";
  if (demand.kind === "other") return `wants a login of kind ${demand.number}, which is not known here`;
  return "wants a login that is not known here";
}
