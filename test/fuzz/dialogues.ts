/** What servers say to a probe, under fuzz: answers of name servers, and whole talks. */
import type { Dialogue } from "../../src/check/dialogue.ts";
import { Heard } from "../../src/check/dialogue.ts";
import { mysql } from "../../src/check/mysql.ts";
import { pgsql } from "../../src/check/pgsql.ts";
import { redis } from "../../src/check/redis.ts";
import type { Outcome } from "../../src/check/response.ts";
import { smtp } from "../../src/check/smtp.ts";
import { seal } from "../../src/io/probe/seal.ts";
import { decodeAnswer } from "../../src/wire/dns.ts";
import { DNS, MARIADB_SIGNATURE, MYSQL, MYSQL_SHA2, PGSQL, SMTP } from "../check/recorded.ts";
import { target } from "./target.ts";

const dns = target({
  name: "dns",
  golden: [DNS.address, DNS.absent, DNS.refused],
  lengthFields: [],
  watch: false,
  outcomes: { answer: "reached", bad: "reached" },
  decode: decodeAnswer,
  outcomeOf: ({ kind }) => kind,
  check: (value) => {
    if (value.kind === "bad") return null;
    const strange = value.records.find(({ text }) => !/^[\x20-\x7e]*$/.test(text));
    return strange === undefined ? null : `not printable: ${JSON.stringify(strange.text)}`;
  },
  repair: () => {},
});

/** More steps than any talk takes. */
const STEPS_MAX = 1000;
const LOGIN = { username: "probe", password: "secret", database: null };

/** All that a server says, heard at once; then it closes. */
function play(bytes: Uint8Array, begin: (heard: Heard) => Dialogue): Outcome {
  const heard = new Heard(64 * 1024);
  heard.add(bytes);
  const dialogue = begin(heard);
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = dialogue.next();
    if (step.done === true) return step.value;
    if (step.value.kind === "more") {
      if (heard.ended) return { healthy: false, detail: "closed" };
      heard.ended = true;
    }
  }
  throw new Error("endless");
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const talkTarget = (
  name: string,
  golden: readonly Uint8Array[],
  begin: (heard: Heard) => Dialogue,
): ReturnType<typeof target> =>
  target<Outcome>({
    name,
    golden,
    lengthFields: [],
    watch: false,
    outcomes: { good: "reached", bad: "reached" },
    decode: (bytes) => play(bytes, begin),
    outcomeOf: ({ healthy }) => (healthy ? "good" : "bad"),
    check: ({ detail }) =>
      /^[\x20-\x7e]{1,400}$/.test(detail) ? null : `not printable: ${JSON.stringify(detail)}`,
    repair: () => {},
  });

export const DIALOGUES = [
  dns,
  talkTarget("smtp", [joined(...SMTP)], (heard) => smtp("a", heard)),
  talkTarget("redis", [joined(Buffer.from("+OK\r\n+PONG\r\n"))], (heard) => redis(LOGIN, heard)),
  talkTarget(
    "mysql",
    [
      joined(MYSQL.greeting, MYSQL.ok),
      joined(MYSQL.greeting, MYSQL.denied),
      joined(MYSQL.greeting, MARIADB_SIGNATURE, MYSQL.denied),
      joined(MYSQL_SHA2.greeting, MYSQL_SHA2.wanted, MYSQL_SHA2.key, MYSQL_SHA2.ok),
    ],
    (heard) => mysql(LOGIN, heard, seal, "key"),
  ),
  talkTarget(
    "pgsql",
    [
      joined(Buffer.from("R\0\0\0\x0c\0\0\0\x05salt", "latin1"), PGSQL.in),
      // One round, for the sake of time.
      joined(
        PGSQL.methods,
        Buffer.from(
          Buffer.from(PGSQL.first).toString("latin1").replace("\\", "Y").replace("4096", "1"),
          "latin1",
        ),
        PGSQL.last,
      ),
      joined(PGSQL.methods, PGSQL.noDatabase),
    ],
    (heard) => pgsql(LOGIN, PGSQL.nonce, heard),
  ),
];
