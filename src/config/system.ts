/** Kinds of value that name things of the system: directories, log targets, secrets. */
import type { Kind } from "./kind.ts";
import { text } from "./kind.ts";
import { isGarbling } from "./words.ts";

/** Bytes of a Unix socket's path less the NUL: sun_path of unix(7). */
const SOCKET_PATH_BYTES_MAX = 107;
const PATH_BYTES_MAX = 4095;

const bytes = (value: string): number => new TextEncoder().encode(value).length;

/** An absolute directory; `socket` is the longest name of a socket made in it, empty for none. */
export const directory = (socket: string): Kind<string> => {
  const most = socket === "" ? PATH_BYTES_MAX : SOCKET_PATH_BYTES_MAX - bytes(`/${socket}`);
  return text("an absolute path", (value) => {
    if (!value.startsWith("/") || isGarbling(value)) return "an absolute path";
    return bytes(value) > most ? `an absolute path of at most ${most} bytes` : null;
  });
};

/** `stderr`, `syslog`, or a file. */
export const logTarget: Kind<string> = text("stderr, syslog or an absolute path", (value) => {
  if (value === "stderr" || value === "syslog") return null;
  const file = value.startsWith("/") && !value.endsWith("/") && !isGarbling(value);
  return file && bytes(value) <= PATH_BYTES_MAX ? null : '"stderr", "syslog" or the absolute path of a file';
});

/** A key or password; its field is marked as secret. */
export const secret: Kind<string> = text("a string", (value) =>
  value === "" ? "a string that is not empty" : null,
);
