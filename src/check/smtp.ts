/** A mail server that answers (RFC 5321): it must greet with a 2xx, know us after EHLO, over TLS if that is wanted (RFC 3207), and let go of us. */
import type { Dialogue, Heard, Step } from "./dialogue.ts";
import { cut, say, SECURE } from "./dialogue.ts";
import { bad, good } from "./response.ts";

/** Lines of one reply. */
const LINES_MAX = 100;
/** Characters of a reply that are repeated. */
const SHOWN_MAX = 60;

/** A reply (RFC 5321 4.2): its code, and its last line. */
interface Reply {
  readonly code: number;
  readonly text: string;
}

function* reply(heard: Heard): Generator<Step, Reply | null, void> {
  for (let lines = 0; lines < LINES_MAX; lines++) {
    const line = yield* heard.line();
    if (line === null) return null;
    const [, code = "", more] = /^(\d{3})([- ]?)/.exec(line) ?? [];
    const text = line.slice(0, SHOWN_MAX).replace(/[^\x20-\x7e]/g, "?");
    if (code === "") return { code: 0, text };
    if (more !== "-") return { code: Number(code), text };
  }
  return { code: 0, text: "endless reply" };
}

const fine = ({ code }: Reply): boolean => code >= 200 && code <= 299;

/** Is greeted, says who it is, and leaves. `helo` is our name; `secured`: nothing of worth is said before TLS. */
export function* smtp(helo: string, heard: Heard, secured = false): Dialogue {
  const banner = yield* reply(heard);
  if (banner === null) return cut(heard, "a greeting");
  if (!fine(banner)) return bad(`greets with "${banner.text}"`);
  yield say(`EHLO ${helo}\r\n`);
  let hello = yield* reply(heard);
  if (hello?.code === 500 || hello?.code === 502) {
    // It is of the time before RFC 1869.
    yield say(`HELO ${helo}\r\n`);
    hello = yield* reply(heard);
  }
  if (hello === null) return cut(heard, "an answer to EHLO");
  if (!fine(hello)) return bad(`answers EHLO with "${hello.text}"`);
  if (secured) {
    yield say("STARTTLS\r\n");
    const ready = yield* reply(heard);
    if (ready === null) return cut(heard, "an answer to STARTTLS");
    if (ready.code !== 220) return bad(`answers STARTTLS with "${ready.text}"`);
    yield SECURE;
    // What was said before counts no more.
    yield say(`EHLO ${helo}\r\n`);
    const again = yield* reply(heard);
    if (again === null) return cut(heard, "an answer to EHLO over TLS");
    if (!fine(again)) return bad(`answers EHLO over TLS with "${again.text}"`);
  }
  yield say("QUIT\r\n");
  // Whoever hangs up earlier has a line in its log.
  yield* reply(heard);
  return good(banner.text);
}
