/** How people write a real server: its address, in whichever spelling, with or without its port. */
import { parseIp } from "../base/address.ts";

/** As servers are called here, `10.0.0.2:80` and `[2001:db8::2]:80`, or an address alone in its shortest form; what is neither stays. */
export function serverName(written: string): string {
  const [, bracketed, port = ""] = /^\[([^\]]+)\](:\d+)?$/.exec(written) ?? [];
  const parsed = parseIp(bracketed ?? written);
  if (!parsed.ok) return written;
  return port === "" ? parsed.value : `[${parsed.value}]${port}`;
}
