/** The part of the language that belongs to later versions. Its tables are refused, not ignored. */
import type { Fields } from "./field.ts";
import { required } from "./field.ts";
import { list, text } from "./kind.ts";

const ELEMENTS_MAX = 4096;

const words = (manual: string) => text(manual, () => null);

/** `[mail]` */
export const mail = {
  server: required(words("address and port"), "The SMTP server."),
  from: required(words("a mail address"), "The sender."),
  to: required(list(words("a mail address"), ELEMENTS_MAX), "Who is told."),
} satisfies Fields;

/** What a real server can be probed by. */
export const PROBES = [
  ...(["tcp", "http", "https", "smtp", "dns", "ping", "udp", "ftp", "pop", "imap", "ldap", "mysql"] as const),
  ...(["pgsql", "redis", "nntp", "sip", "radius", "simpletcp", "script", "file", "on", "off"] as const),
] as const;
