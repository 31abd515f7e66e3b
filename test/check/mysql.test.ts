/** Talks with MySQL and MariaDB, as real ones have them. */
import { describe, expect, test } from "bun:test";
import { constants, createPublicKey, generateKeyPairSync, privateDecrypt } from "node:crypto";
import type { Handing } from "../../src/check/mysql.ts";
import { mysql } from "../../src/check/mysql.ts";
import { seal } from "../../src/io/probe/seal.ts";
import { encodePacket } from "../../src/wire/mysql.ts";
import { MARIADB_SIGNATURE, MYSQL, MYSQL_SHA2 } from "./recorded.ts";
import type { Talk } from "./talk.ts";
import { dribbled, talk, TLS } from "./talk.ts";

const told = ({ outcome }: Talk): string =>
  outcome === "waits" ? outcome : `${outcome.healthy} ${outcome.detail}`;
const SECRET = "secret";

describe("a MySQL server", () => {
  const login = { username: "probe", password: SECRET, database: null };
  const asked = (who: typeof login | null, ...pieces: readonly (string | Uint8Array)[]): Talk =>
    talk((heard) => mysql(who, heard, seal), pieces);

  test("is alive as soon as it has an opinion of a stranger", () => {
    for (const answer of [MYSQL.denied, MYSQL.ok]) {
      expect(told(asked(null, MYSQL.greeting, answer))).toBe("true 5.5.5-10.11.19-MariaDB-0+deb12u1 greets");
    }
    expect(told(asked(null, MYSQL.greeting))).toBe("false closed before an answer to the login");
  });

  test("lets us in, in whatever pieces it talks, and never sees the password", () => {
    for (const pieces of [[MYSQL.greeting, MYSQL.ok], dribbled([MYSQL.greeting, MYSQL.ok])]) {
      const { outcome, said, shown } = asked(login, ...pieces);
      expect(outcome).toMatchObject({ healthy: true, detail: expect.stringContaining("lets probe in") });
      expect(said).toHaveLength(2);
      expect(said.join()).not.toContain(SECRET);
      expect(shown[0]).toBe("login of probe");
    }
  });

  test("that does not is bad", () => {
    expect(told(asked(login, MYSQL.greeting, MYSQL.denied))).toStartWith("false error 1045: Access denied");
  });

  test("may want the answer to another challenge", () => {
    const other = `mysql_native_password\0${"x".repeat(20)}\0`;
    const again = `${String.fromCharCode(other.length + 1)}\0\0\x02\xfe${other}`;
    const { outcome, said } = asked(login, MYSQL.greeting, again, MYSQL.ok);
    expect(outcome).toMatchObject({ healthy: true });
    // SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password))), sent as packet 3.
    expect(said[1]?.slice(0, 4)).toBe("\x14\0\0\x03");
    expect(said[1]).toHaveLength(24);
  });

  test("over TLS has the login after it, and the password itself where it has forgotten who knew it", () => {
    const { greeting, wanted, ok } = MYSQL_SHA2;
    const { outcome, said, shown } = talk(
      (heard) => mysql(login, heard, seal, "tls"),
      [greeting, wanted, ok],
    );
    expect(outcome).toEqual({ healthy: true, detail: "9.7.4-2 lets probe in" });
    expect(said[0]).toHaveLength(4 + 32);
    expect(said[0]).toStartWith("\x20\0\0\x01");
    expect(said[1]).toBe(TLS);
    // What is said before TLS is the beginning of what follows it.
    expect(said[2]?.slice(3, 4 + 32)).toBe(`\x02${said[0]?.slice(4)}`);
    expect(said[3]).toBe("\x07\0\0\x03secret\0");
    expect(shown[3]).toBe("password");
    const refused = talk((heard) => mysql(login, heard, seal, "tls"), [MYSQL.greeting]);
    expect([told(refused), refused.said]).toEqual(["false has no TLS", []]);
  });

  test.each([
    [
      "too many connections",
      "\x17\0\0\0\xff\x10\x04Too many connections",
      "false error 1040: Too many connections",
    ],
    ["an old protocol", "\x02\0\0\0\x09x", "false no greeting of MySQL"],
    ["another protocol", "220 mail\r\n", "false no greeting of MySQL"],
    ["nothing", "", "false closed before a greeting"],
  ])("that begins with %s is bad", (_, greeting, expected) => {
    expect(told(asked(null, greeting))).toBe(expected);
  });

  test("is not one that lets us in, if what it says is no packet of a login", () => {
    for (const odd of ["\0\0\0\x02", "\x01\x10\0\x02\0", "\x02\0\0\x02\x01\x03", "\x01\0\0\x02\x02"])
      expect(told(asked(login, MYSQL.greeting, odd))).toBe("false no answer to a login");
  });
});

describe("a MySQL server that wants the password itself", () => {
  const login = { username: "probe", password: SECRET, database: null };
  const { greeting, remembered, wanted, key, ok, denied, challenge } = MYSQL_SHA2;
  const asked = (handing: Handing, ...pieces: readonly (string | Uint8Array)[]): Talk =>
    talk((heard) => mysql(login, heard, seal, handing), pieces);
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const spki = { type: "spki", format: "pem" } as const;
  const sent = (pem: string): Uint8Array => encodePacket(4, Buffer.from(`\x01${pem}`));
  const ours = sent(pair.publicKey.export(spki).toString());
  /** What a server finds in a packet of ours. */
  const opened = (packet = ""): string => {
    const sealed = Buffer.from(packet.slice(4), "latin1");
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
    const masked = privateDecrypt({ key: pair.privateKey, ...padding }, sealed);
    return masked.map((byte, at) => byte ^ (challenge[at % challenge.length] ?? 0)).toString();
  };

  test("does not, while it remembers who knew it", () => {
    const { outcome, said } = asked("nohow", greeting, remembered, ok);
    expect(outcome).toEqual({ healthy: true, detail: "9.7.4-2 lets probe in" });
    expect(said[0]).toContain(
      `probe\0\x20${String.fromCharCode(...MYSQL_SHA2.proof)}caching_sha2_password\0`,
    );
  });

  test("gets it encrypted with the key that it sends, in whatever pieces it talks", () => {
    for (const pieces of [[greeting, wanted, key, ok], dribbled([greeting, wanted, key, ok])]) {
      const { outcome, said, shown } = asked("key", ...pieces);
      expect(outcome).toEqual({ healthy: true, detail: "9.7.4-2 lets probe in" });
      expect(said[1]).toBe("\x01\0\0\x03\x02");
      expect(said[2]?.slice(0, 4)).toBe("\0\x01\0\x05");
      expect(said[2]).toHaveLength(4 + 256);
      expect(said.join()).not.toContain(SECRET);
      expect(shown[2]).toBe("password");
    }
    expect(told(asked("key", greeting, wanted, key, denied))).toStartWith("false error 1045: Access denied");
  });

  test("finds it there, under the challenge of this login, and the same bytes never twice", () => {
    const [first, second] = [asked("key", greeting, wanted, ours), asked("key", greeting, wanted, ours)];
    expect(opened(first.said[2])).toBe(`${SECRET}\0`);
    expect(opened(second.said[2])).toBe(`${SECRET}\0`);
    expect(first.said[2]).not.toBe(second.said[2]);
    const longer = { ...login, password: "\u00fc".repeat(60) };
    const long = talk((heard) => mysql(longer, heard, seal, "key"), [greeting, wanted, ours]);
    expect(opened(long.said[2])).toBe(`${longer.password}\0`);
  });

  test("does not get it where that is not allowed, but an empty one, so that no login was broken off", () => {
    const { outcome, said } = asked("nohow", greeting, wanted, ours, denied);
    expect(outcome).toEqual({
      healthy: false,
      detail: "wants the password itself, once: that needs tls = true, or get_server_public_key = true",
    });
    expect(opened(said[2])).toBe("\0");
    // Nor by being let in.
    expect(told(asked("nohow", greeting, wanted, ours, ok))).toStartWith("false wants the password itself");
  });

  /** Of so many bits, whatever its factors. */
  const keyOf = (bits: number): Uint8Array => {
    const n = Buffer.alloc(bits / 8, 0xff).toString("base64url");
    return sent(
      createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" })
        .export(spki)
        .toString(),
    );
  };
  const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export(spki).toString();
  test.each([
    ["closes", "", "closed before its public key"],
    ["has none", denied, "has no public key"],
    ["sends none", sent("none"), "public key: none"],
    [
      "sends a private one",
      sent(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
      "public key: none",
    ],
    [
      "sends a broken one",
      sent("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
      "public key: not readable",
    ],
    ["sends one of a curve", sent(curve), "public key: not of RSA"],
    ["sends one that hides nothing", keyOf(512), "public key: of 512 bits"],
    ["sends one that costs time", keyOf(9216), "public key: of 9216 bits"],
    ["sends too much", sent("x".repeat(4096)), "has no public key"],
  ])("and %s instead of a key is bad, and has nothing of us", (_, answer, detail) => {
    const { outcome, said } = asked("key", greeting, wanted, answer);
    expect(outcome).toEqual({ healthy: false, detail });
    expect(said).toHaveLength(2);
  });

  test("sends a key that is too short for a long password is bad", () => {
    const long = { ...login, password: "x".repeat(255) };
    const talked = talk((heard) => mysql(long, heard, seal, "key"), [greeting, wanted, ours]);
    expect(told(talked)).toBe("false public key: too short for the password");
  });
});

describe("a server that wants a login by what is not known here", () => {
  test.each([
    ["MariaDB's signature", "client_ed25519", MARIADB_SIGNATURE, 64],
    ["the password in clear", "mysql_clear_password", "\x16\0\0\x02\xfemysql_clear_password\0", 1],
    ["the word of PAM", "dialog", "\x0f\0\0\x02\xfedialog\0\x04Pass:\0", 1],
    ["an old password", "an old password", "\x01\0\0\x02\xfe", 1],
  ])("%s, gets a wrong answer that is not held against the host", (_, name, wish, length) => {
    const login = { username: "probe", password: SECRET, database: null };
    const { outcome, said } = talk(
      (heard) => mysql(login, heard, seal),
      [MYSQL.greeting, wish, MYSQL.denied],
    );
    expect(outcome).toEqual({
      healthy: false,
      detail: `wants a login by ${name}, which is not known here`,
    });
    expect(said.slice(1)).toEqual([`${String.fromCharCode(length)}\0\0\x03${"\0".repeat(length)}`]);
    const stranger = talk((heard) => mysql(null, heard, seal), [MYSQL.greeting, wish, MYSQL.denied]);
    expect(told(stranger)).toBe("true 5.5.5-10.11.19-MariaDB-0+deb12u1 greets");
    expect(stranger.said.slice(1)).toEqual(said.slice(1));
  });
});
