/** A Redis server that answers PING, by RESP (https://redis.io/docs/reference/protocol-spec). */
import type { Dialogue, Heard } from "./dialogue.ts";
import { cut, say } from "./dialogue.ts";
import type { Outcome } from "./response.ts";
import { bad, good } from "./response.ts";

/** Who logs in. */
export interface Login {
  /** Null: whom the server takes by default. */
  readonly username: string | null;
  readonly password: string;
}

/** Characters of an answer that are repeated. */
const SHOWN_MAX = 60;

/** A command as an array of bulk strings. */
function command(...words: readonly string[]): Uint8Array {
  const utf8 = new TextEncoder();
  const bulks = words.map((word) => `$${utf8.encode(word).length}\r\n${word}\r\n`);
  return utf8.encode(`*${words.length}\r\n${bulks.join("")}`);
}

const shown = (line: string): string => line.slice(0, SHOWN_MAX).replace(/[^\x20-\x7e]/g, "?");

/** Logs in if it can, and asks. A server that wants a password nobody gave us is alive. */
export function* redis(login: Login | null, heard: Heard): Dialogue {
  if (login !== null) {
    const { username, password } = login;
    const words = username === null ? [password] : [username, password];
    yield say(command("AUTH", ...words), "AUTH ...");
    const answer = yield* heard.line();
    if (answer === null) return cut(heard, "an answer to AUTH");
    if (answer !== "+OK") return bad(`answers AUTH with "${shown(answer)}"`);
  }
  yield say(command("PING"));
  const answer = yield* heard.line();
  return answer === null ? cut(heard, "an answer to PING") : judge(answer, login);
}

function judge(answer: string, login: Login | null): Outcome {
  if (answer === "+PONG") return good("PONG");
  if (login === null && answer.startsWith("-NOAUTH")) return good("wants a password");
  // An ACL that gives nothing to strangers.
  if (login === null && answer.startsWith("-NOPERM")) return good("forbids PING to strangers");
  return bad(`answers PING with "${shown(answer)}"`);
}
