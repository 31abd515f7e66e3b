/** The file of keys that a configuration names: which one, and what it is found to hold. */
import { readAuthkeys } from "../heartbeat/authkeys.ts";
import { octets } from "../wire/heartbeat-message.ts";
import type { HeartbeatKeys } from "./heartbeat-model.ts";
import type { ConfigSource } from "./model.ts";
import { Report } from "./report.ts";
import type { HeartbeatSection, Sections } from "./sections.ts";
import { parseToml } from "./syntax.ts";
import { isTable, quote } from "./words.ts";

/** The path of `heartbeat.auth.keys_file` in a text, to be read together with it; null where none is named. */
export function keysFileOf(text: string): string | null {
  // Most files name none, and a long one takes a while to be parsed.
  if (!text.includes("keys_file")) return null;
  const parsed = parseToml(text.replace(/^\uFEFF/, ""), new Report());
  const table = parsed !== null && isTable(parsed.values) ? parsed.values["heartbeat"] : null;
  const auth = isTable(table) ? table["auth"] : null;
  const path = isTable(auth) ? auth["keys_file"] : null;
  return typeof path === "string" && path.startsWith("/") ? path : null;
}

/** What helps where a file of keys cannot be read. */
function cureOf(failure: string): string {
  if (failure.startsWith("ENOENT")) return "write it, `auth 1` and then `1 sha1 KEY`, and chmod 600";
  if (failure.startsWith("EACCES"))
    return "chown it, and its directories, to the user that the agent runs as";
  return "a file of lines as in heartbeat's authkeys, of the agent's user and mode 0600";
}

/** Everything that is wrong with the file of keys, at the key that names it. */
export function judgeKeysFile({ keysFile }: ConfigSource, { heartbeat }: Sections, report: Report): void {
  const given = heartbeat?.values.auth?.value.keys_file;
  if (given === undefined || given === null || given.value === null) return;
  const path = quote(given.value);
  if (keysFile === undefined || keysFile === null) return report.error(given.at, `${path} was not read`);
  if (keysFile.bytes === null) {
    const failure = quote(keysFile.failure ?? "").slice(1, -1);
    return report.error(given.at, `keys_file ${path} cannot be read: ${failure}; cure: ${cureOf(failure)}`);
  }
  const read = readAuthkeys(keysFile.bytes, keysFile.mode);
  if (read.ok) {
    const signing = read.value.keys.get(read.value.signing);
    if (signing?.method === "crc") {
      report.warning(
        given.at,
        `keys_file ${path} signs with crc, which keeps nobody out: whoever reaches a link can pose as a node`,
      );
    }
    return;
  }
  for (const { line, column, text } of read.error) {
    report.error(given.at, `keys_file ${path} line ${line} column ${column}: ${text}`);
  }
}

/** The number of the one key that is not in a file: that which heartbeat's manual begins with. */
const INDEX = 1;

/** The keys of a configuration that was found good; null when it was not. */
export function buildKeys(
  { auth }: HeartbeatSection["values"],
  file: ConfigSource["keysFile"],
): HeartbeatKeys | null {
  const given = auth?.value;
  const follow = given?.follow?.value ?? false;
  const method = given?.method?.value ?? null;
  if (method !== null) {
    const secret = octets(new TextEncoder().encode(given?.key?.value ?? ""));
    return { signing: INDEX, keys: [{ index: INDEX, method, secret }], follow };
  }
  const bytes = file?.bytes ?? null;
  const read = bytes === null || !file ? null : readAuthkeys(bytes, file.mode);
  if (read === null || !read.ok) return null;
  const keys = Array.from(read.value.keys, ([index, key]) => ({
    index,
    method: key.method,
    secret: octets(key.secret),
  }));
  return { signing: read.value.signing, keys, follow };
}
