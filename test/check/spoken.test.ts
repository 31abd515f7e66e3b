/** Talks with mail servers and databases, as real ones have them. */
import { describe, expect, test } from "bun:test";
import { pgsql } from "../../src/check/pgsql.ts";
import { redis } from "../../src/check/redis.ts";
import { smtp } from "../../src/check/smtp.ts";
import { PGSQL, SMTP } from "./recorded.ts";
import type { Talk } from "./talk.ts";
import { dribbled, talk, TLS } from "./talk.ts";

const told = ({ outcome }: Talk): string =>
  outcome === "waits" ? outcome : `${outcome.healthy} ${outcome.detail}`;
const SECRET = "secret";

describe("a mail server", () => {
  const mail = (...pieces: readonly (string | Uint8Array)[]): Talk =>
    talk((heard) => smtp("ha1.example.org", heard), pieces);

  test("greets, is told who we are, and let go, in whatever pieces it talks", () => {
    for (const pieces of [SMTP, dribbled(SMTP)]) {
      const { outcome, said } = mail(...pieces);
      expect(outcome).toEqual({ healthy: true, detail: "220 mail.example.org ESMTP OpenSMTPD" });
      expect(said).toEqual(["EHLO ha1.example.org\r\n", "QUIT\r\n"]);
    }
  });

  test("of the old school is told by HELO", () => {
    const { outcome, said } = mail("220 old\r\n", "502 what?\r\n", "250 old\r\n", "221 bye\r\n");
    expect(outcome).toMatchObject({ healthy: true });
    expect(said).toEqual(["EHLO ha1.example.org\r\n", "HELO ha1.example.org\r\n", "QUIT\r\n"]);
  });

  test.each([
    ["that is busy", ["421 too busy\r\n"], 'false greets with "421 too busy"'],
    ["that serves nobody", ["554 no service\r\n"], 'false greets with "554 no service"'],
    ["that does not like us", ["220 a\r\n", "550 go away\r\n"], 'false answers EHLO with "550 go away"'],
    ["that is none", ["SSH-2.0-x\r\n"], 'false greets with "SSH-2.0-x"'],
    ["that hangs up", [], "false closed before a greeting"],
    ["that hangs up later", ["220 a\r\n", "250-a\r\n"], "false closed before an answer to EHLO"],
    ["that never ends", ["x".repeat(70_000)], "false too much before a greeting"],
  ])("%s is bad", (_, pieces, expected) => {
    expect(told(mail(...pieces))).toBe(expected);
  });
});

describe("a mail server over TLS", () => {
  const mail = (...pieces: readonly (string | Uint8Array)[]): Talk =>
    talk((heard) => smtp("ha1.example.org", heard, true), pieces);
  const hello = ["220 a\r\n", "250-a\r\n250 STARTTLS\r\n"];

  test("is told who we are once more, after STARTTLS", () => {
    const { outcome, said } = mail(...hello, "220 go ahead\r\n", "250 a\r\n", "221 bye\r\n");
    expect(outcome).toEqual({ healthy: true, detail: "220 a" });
    const EHLO = "EHLO ha1.example.org\r\n";
    expect(said).toEqual([EHLO, "STARTTLS\r\n", TLS, EHLO, "QUIT\r\n"]);
  });

  test.each([
    ["has none", ["502 what?\r\n"], 'false answers STARTTLS with "502 what?"'],
    ["has none at the moment", ["454 no\r\n"], 'false answers STARTTLS with "454 no"'],
    ["hangs up", [], "false closed before an answer to STARTTLS"],
    ["hangs up then", ["220 a\r\n"], "false closed before an answer to EHLO over TLS"],
    ["takes nobody then", ["220 a\r\n", "554 no\r\n"], 'false answers EHLO over TLS with "554 no"'],
  ])("that %s is bad", (_, pieces, expected) => {
    expect(told(mail(...hello, ...pieces))).toBe(expected);
  });
});

describe("a Redis server", () => {
  const login = { username: null, password: SECRET };

  test("answers PING; to want a password is an answer where we have none", () => {
    const { outcome, said } = talk((heard) => redis(null, heard), ["+PONG\r\n"]);
    expect([outcome, said]).toEqual([{ healthy: true, detail: "PONG" }, ["*1\r\n$4\r\nPING\r\n"]]);
    const locked = ["-NOAUTH Authentication required.\r\n"];
    expect(told(talk((heard) => redis(null, heard), locked))).toBe("true wants a password");
    expect(told(talk((heard) => redis(login, heard), ["+OK\r\n", ...locked]))).toStartWith(
      "false answers PING",
    );
    const strange = ["-NOPERM this user has no permissions to run the 'ping' command\r\n"];
    expect(told(talk((heard) => redis(null, heard), strange))).toBe("true forbids PING to strangers");
    expect(told(talk((heard) => redis(login, heard), ["+OK\r\n", ...strange]))).toStartWith(
      "false answers PING",
    );
  });

  test("lets us in, and no password is in what is shown", () => {
    const { outcome, said, shown } = talk((heard) => redis(login, heard), ["+OK\r\n", "+PONG\r\n"]);
    expect(outcome).toMatchObject({ healthy: true });
    expect(said[0]).toBe("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
    expect(shown.join()).not.toContain(SECRET);
    const named = talk((heard) => redis({ username: "ü", password: "p" }, heard), []);
    expect(named.said[0]).toBe("*3\r\n$4\r\nAUTH\r\n$2\r\n\u00c3\u00bc\r\n$1\r\np\r\n");
  });

  test.each([
    ["-LOADING Redis is loading the dataset in memory\r\n"],
    ["-DENIED Redis is running in protected mode\r\n"],
    ["HTTP/1.1 400 Bad Request\r\n"],
  ])("that says %j is bad", (line) => {
    expect(told(talk((heard) => redis(null, heard), [line]))).toStartWith("false answers PING with");
  });
});

describe("a PostgreSQL server", () => {
  const login = { username: "probe", password: SECRET, database: "nodb" };
  const { nonce } = PGSQL;
  const asked = (who: typeof login | null, ...pieces: readonly (string | Uint8Array)[]): Talk =>
    talk((heard) => pgsql(who, nonce, heard), pieces);

  test("is alive as soon as it asks who we are", () => {
    expect(told(asked(null, PGSQL.methods))).toBe("true asks for a login");
    expect(told(asked(null, PGSQL.noDatabase))).toBe("true answers 3D000");
  });

  const refusal = (code: string, words: string): string => {
    const fields = `SFATAL\0C${code}\0M${words}\0\0`;
    return `E\0\0\0${String.fromCharCode(fields.length + 4)}${fields}`;
  };

  test.each([
    ["57P03", "the database system is starting up"],
    ["53300", "sorry, too many clients already"],
    ["53200", "out of memory"],
    ["58030", "could not read file"],
    ["XX000", "cache lookup failed"],
  ])("is not while it takes nobody in: %s", (code, words) => {
    expect(told(asked(null, refusal(code, words)))).toBe(`false ${code}: ${words}`);
  });

  test("is where it does not want us", () => {
    expect(told(asked(null, refusal("28000", "no pg_hba.conf entry")))).toBe("true answers 28000");
  });

  test("lets us in by SCRAM, as it was recorded, and never sees the password", () => {
    const { methods, first, last } = PGSQL;
    for (const pieces of [[methods, first, last, PGSQL.in], dribbled([methods, first, last, PGSQL.in])]) {
      const { outcome, said, shown } = asked(login, ...pieces);
      expect(outcome).toEqual({ healthy: true, detail: "lets probe in" });
      expect(said[2]).toContain("c=biws,r=/bHE7Kd4a7N4C0L7C7N1aQUvz70guRV364hwnddfPZNJ6qUy,p=");
      expect(shown[2]).toBe("password");
      expect(said.join()).not.toContain(SECRET);
    }
  });

  test("over TLS is asked for it first", () => {
    const over = (...pieces: readonly (string | Uint8Array)[]): Talk =>
      talk((heard) => pgsql(login, nonce, heard, true), pieces);
    const { methods, first, last } = PGSQL;
    const { outcome, said } = over("S", methods, first, last, PGSQL.in);
    expect(outcome).toEqual({ healthy: true, detail: "lets probe in" });
    expect(said.slice(0, 2)).toEqual(["\0\0\0\x08\x04\xd2\x16\x2f", TLS]);
    const refused = over("N");
    expect([told(refused), refused.said]).toEqual(["false has no TLS", said.slice(0, 1)]);
    expect(told(over("E\0\0\0\x04"))).toBe("false has no TLS");
    expect(told(over())).toBe("false closed before an answer");
  });

  test("that does not know the password itself is another one", () => {
    const { methods, first } = PGSQL;
    const forged = PGSQL.last.with(12, 0x58);
    expect(told(asked(login, methods, first, forged))).toBe("false the server does not know the password");
    const cheap = String.fromCharCode(...first)
      .replace("i=4096", "i=9999999")
      .replace("\\", "_");
    expect(told(asked(login, methods, cheap))).toBe("false wants a login that is not known here");
  });

  test("that lets us in and has no such database is bad", () => {
    const { methods, first, last, noDatabase } = PGSQL;
    const talked = asked(login, methods, first, last, noDatabase);
    expect(told(talked)).toBe('false 3D000: database "nodb" does not exist');
  });

  test("may ask for the password itself, which it gets over TLS only, or for its MD5", () => {
    const wanted = "R\0\0\0\x08\0\0\0\x03";
    const clear = talk((heard) => pgsql(login, nonce, heard, true), ["S", wanted]);
    expect([clear.said[3], clear.shown[3]]).toEqual(["p\0\0\0\x0bsecret\0", "password"]);
    const refused = asked(login, wanted);
    expect(told(refused)).toBe("false wants the password in clear: that needs tls = true");
    expect(refused.said).toHaveLength(1);
    // md5(md5("secret" + "probe") + "salt")
    const hashed = asked(login, "R\0\0\0\x0c\0\0\0\x05salt");
    const inner = new Bun.CryptoHasher("md5").update("secretprobe").digest("hex");
    const outer = new Bun.CryptoHasher("md5").update(`${inner}salt`).digest("hex");
    expect(hashed.said[1]).toBe(`p\0\0\0(md5${outer}\0`);
    expect(told(asked(login, "R\0\0\0\x08\0\0\0\x07"))).toBe(
      "false wants a login of kind 7, which is not known here",
    );
  });

  test("is none if it talks otherwise", () => {
    expect(told(asked(null, "220 mail\r\n"))).toBe("false no answer of PostgreSQL");
    expect(told(asked(null, ""))).toBe("false closed before an answer");
  });
});
