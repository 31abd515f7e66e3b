/** The file of keys: what it may say, and what helps when it says something else. */
import { describe, expect, test } from "bun:test";
import { FILE_BYTES_MAX, readAuthkeys } from "../../src/heartbeat/authkeys.ts";
import { sign } from "../../src/heartbeat/keys.ts";
import { bytes } from "./ring.ts";

const OWN = 0o100600;
const SECRET = "s3cret!";

/** `LINE:COLUMN: text` of all that is wrong. */
function wrong(text: string, mode = OWN): string[] {
  const read = readAuthkeys(bytes(text), mode);
  if (read.ok) return [];
  expect(read.error.length).toBeGreaterThan(0);
  return read.error.map(({ line, column, text: said }) => `${line}:${column}: ${said}`);
}

describe("a file of keys", () => {
  test("gives the key that signs and those that are accepted", () => {
    const read = readAuthkeys(
      bytes(`# ours\n\nauth 2\n\t1 crc\n2  sha1\t${SECRET}  # signs\r\n3 md5 Hello!\n15 sha256 \xe4\n`),
      OWN,
    );
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const { signing, keys } = read.value;
    expect(signing).toBe(2);
    expect([...keys].map(([index, { method }]) => `${index} ${method}`)).toEqual([
      "1 crc",
      "2 sha1",
      "3 md5",
      "15 sha256",
    ]);
    expect(keys.get(2)?.secret).toEqual(bytes(SECRET));
    expect(keys.get(15)?.secret).toEqual(Uint8Array.of(0xe4));
    expect(sign(read.value, 3, bytes("t=status\n"))).toBe("3 f9dd44bb9c2da76bf4b5fd13c84d2e0f");
  });

  test("need not end its last line", () => expect(wrong("auth 1\n1 crc")).toEqual([]));

  test.each([0o100600, 0o100400, 0o100700])("may have the mode %o", (mode) => {
    expect(wrong("auth 1\n1 crc\n", mode)).toEqual([]);
  });

  // heartbeat looks at two of the bits only: 0620 would pass there.
  test.each([0o100640, 0o100604, 0o100620, 0o100602, 0o100610, 0o100601, 0o100644])(
    "may not have the mode %o",
    (mode) => {
      expect(wrong("auth 1\n1 crc\n", mode)).toEqual([
        "1:1: the file is open to others than its owner, and heartbeat refuses it; cure: chmod 600",
      ]);
    },
  );

  test.each([
    ["", "1:1: the file has no keys: `auth 1` and `1 sha1 KEY` make a cluster of one key"],
    ["# nothing\n", "1:1: the file has no keys: `auth 1` and `1 sha1 KEY` make a cluster of one key"],
    ["auth 1\n", "1:6: there is no key 1: add it, or choose another"],
    ["auth 2\n1 crc\n", "1:6: there is no key 2: add it, or choose another"],
    ["auth\n1 crc\n", "1:1: auth needs the number of the key that signs"],
    ["auth one\n1 crc\n", "1:6: auth needs the number of the key that signs"],
    ["auth 16\n1 crc\n", "1:6: the number of a key is 0 to 15"],
    ["auth 1 2\n1 crc\n", "1:8: only one key signs: remove what follows its number"],
    ["auth 1\n1 crc\nauth 1\n", "3:1: line 1 says which key signs: remove one of them"],
    ["1 crc\nauth 1\n", "1:1: `auth N` must come before the keys, or heartbeat does not take it"],
    ["auth 1\n1 crc\n1 crc\n", "3:1: key 1 is there already: remove one"],
    ["auth 1\n1\n", "2:1: key 1 needs a method: crc, md5, sha1, sha256"],
    [`auth 1\n1 ${SECRET}\n`, "2:3: key 1 needs a method: crc, md5, sha1, sha256"],
    [`auth 1\n1 SHA1 ${SECRET}\n`, "2:3: key 1 needs a method: crc, md5, sha1, sha256"],
    [`auth 1\n1 crc ${SECRET}\n`, "2:7: crc takes no key: remove it, or use sha1"],
    ["auth 1\n1 md5\n", "2:3: md5 needs a key behind it: a word without blanks"],
    [`auth 1\n1 sha1 ${SECRET} ${SECRET}\n`, "2:16: a key is one word: remove the blank in it"],
    [`auth 1\n  ${SECRET}\n`, "2:3: a line is `auth N` or `N METHOD KEY`"],
    ["auth 1\n16 crc\n1 crc\n", "2:1: the number of a key is 0 to 15"],
    [
      "#".repeat(FILE_BYTES_MAX + 1),
      `1:1: the file is longer than ${FILE_BYTES_MAX} bytes: it is no file of keys`,
    ],
  ])("%j", (text, expected) => {
    expect(wrong(text)).toEqual([expected]);
    expect(wrong(text).join("")).not.toContain(SECRET);
  });

  test("is told all that is wrong with it at once", () => {
    expect(wrong("auth x\n1 nothing\n2 crc 3\n", 0o100644).map((each) => each.replace(/: .*/, ""))).toEqual([
      "1:1",
      "1:6",
      "2:3",
      "3:7",
    ]);
  });
});
