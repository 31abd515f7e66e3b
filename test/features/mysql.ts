/**
 * A MySQL server as far as caching_sha2_password goes without TLS (dev.mysql.com/doc/dev/mysql-server, "Caching_sha2_password information"):
 * Debian has none. `mysql.ts ADDRESS PASSWORD`: whoever knows the password is let in, and remembered by the name. It says `broken off` of
 * each client that leaves without an answer, which MySQL holds against its host, and counts who was refused.
 */
import { constants, createHash, generateKeyPairSync, privateDecrypt, randomBytes } from "node:crypto";
import { createServer } from "node:net";
import type { Socket } from "node:net";

const [address = "", password = ""] = process.argv.slice(2);
const PLUGIN = "caching_sha2_password";
const PORT = 3306;

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
const remembered = new Set<string>();
let refused = 0;

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const xor = (a: Uint8Array, b: Uint8Array): Buffer =>
  Buffer.from(a.map((byte, at) => byte ^ (b[at % b.length] ?? 0)));
const bytes = (latin1: string): Buffer => Buffer.from(latin1, "latin1");

const greetingOf = (challenge: Buffer): Buffer =>
  Buffer.concat([
    ...[
      bytes("\n9.9.9-test\0\x01\0\0\0"),
      challenge.subarray(0, 8),
      bytes("\0\xff\xf7\xff\x02\0\xff\xdf\x15"),
    ],
    ...[bytes("\0".repeat(10)), challenge.subarray(8), bytes(`\0${PLUGIN}\0`)],
  ]);

/** What a client sends, packet by packet; null when it has gone. */
async function* packetsOf(socket: Socket): AsyncGenerator<Buffer, null, void> {
  let heard = Buffer.alloc(0);
  for await (const piece of socket) {
    heard = Buffer.concat([heard, piece]);
    while (heard.length >= 4 && heard.length >= 4 + heard.readUIntLE(0, 3)) {
      const end = 4 + heard.readUIntLE(0, 3);
      yield heard.subarray(0, end);
      heard = heard.subarray(end);
    }
  }
  return null;
}

function say(socket: Socket, sequence: number, payload: Uint8Array): void {
  const head = Buffer.from([payload.length & 0xff, payload.length >> 8, 0, sequence]);
  socket.write(Buffer.concat([head, payload]));
}

/** The password of a packet that was encrypted for us. */
function opened(sealed: Buffer, challenge: Buffer): string {
  try {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
    return xor(privateDecrypt({ key: pair.privateKey, ...padding }, sealed), challenge).toString();
  } catch {
    return "";
  }
}

/** True when the client was told yes or no. */
async function serve(socket: Socket): Promise<boolean> {
  const challenge = Buffer.from(randomBytes(20).map((byte) => (byte & 0x7f) | 1));
  say(socket, 0, greetingOf(challenge));
  const packets = packetsOf(socket);
  const next = async (): Promise<Buffer | null> => (await packets.next()).value;
  const login = await next();
  if (login === null) return false;
  const name = login.subarray(36, login.indexOf(0, 36)).toString();
  const at = 36 + name.length + 1;
  const proof = login.subarray(at + 1, at + 1 + (login[at] ?? 0));
  let { 3: sequence = 0 } = login;
  const refuse = (): true => {
    say(socket, sequence + 1, bytes(`\xff\x15\x04#28000Access denied for user '${name}'`));
    console.log(`refused ${++refused}`);
    return true;
  };
  if (proof.length === 0) return refuse();
  const once = sha256(Buffer.from(password));
  const known = proof.equals(xor(once, sha256(sha256(once), challenge)));
  if (remembered.has(name) && known) say(socket, ++sequence, Buffer.of(1, 3));
  else {
    say(socket, ++sequence, Buffer.of(1, 4));
    const wish = await next();
    // Whatever else comes here is no answer: most of all a password in clear.
    if (wish === null || wish.length !== 5 || wish[4] !== 2) return false;
    say(socket, (wish[3] ?? 0) + 1, bytes(`\x01${key}`));
    const sealed = await next();
    if (sealed === null || sealed.length !== 4 + 256) return false;
    sequence = sealed[3] ?? 0;
    if (opened(sealed.subarray(4), challenge) !== `${password}\0`) return refuse();
    remembered.add(name);
    console.log(`opened the password of ${name}`);
  }
  say(socket, sequence + 1, bytes("\0\0\0\x02\0\0\0"));
  return true;
}

createServer((socket) => {
  socket.on("error", () => {});
  void serve(socket)
    .catch(() => false)
    .then((told) => {
      if (!told) console.log("broken off");
      socket.end();
    });
}).listen(PORT, address, () => console.log("ready"));
