/** How people write a real server: its address, in whichever spelling, with or without its port. */
import { parseIp } from "../base/address.ts";
import type { ServerConfig } from "./service-model.ts";

/** As servers are called here, `10.0.0.2:80` and `[2001:db8::2]:80`, or an address alone in its shortest form; what is neither stays. */
export function serverName(written: string): string {
  const [, bracketed, port = ""] = /^\[([^\]]+)\](:\d+)?$/.exec(written) ?? [];
  const parsed = parseIp(bracketed ?? written);
  if (!parsed.ok) return written;
  return port === "" ? parsed.value : `[${parsed.value}]${port}`;
}

/** Whether a server is meant by what somebody wrote: its name, or its address, which several may have. */
export function isMeant(written: string): (server: Pick<ServerConfig, "name" | "destination">) => boolean {
  const meant = serverName(written);
  return ({ name, destination }) => name === meant || destination.address === meant;
}
