/** Adverts of a stranger: another node of the link that is no router. */
import type { Daemon, DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { ROUTER } from "../lab/daemon.ts";
import { INTERFACE } from "../lab/lab.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep } from "../lab/process.ts";
import { checksum } from "../lab/raw.ts";

export type Forgery = "unicast with TTL 3" | "multicast with TTL 254";

const WATCH_MS = 2000;
const PRIORITY = 254;
const IPPROTO_VRRP = 112;
const FORGER = new URL("../lab/forger.ts", import.meta.url).pathname;

export interface Forged {
  /** The master fell silent. */
  readonly deposed: boolean;
  readonly gap: number;
  /** Adverts of the backup, which has no reason to speak. */
  readonly takeovers: number;
  /** Forged adverts that reached the wire. */
  readonly sent: number;
  readonly noise: number;
}

/** A version 3 advert for {@link ROUTER}, checksummed with the pseudo-header as keepalived wants it. */
function advert(source: string, destination: string): Uint8Array {
  const ip = (text: string): number[] => text.split(".").map(Number);
  const message = [0x31, ROUTER.vrid, PRIORITY, 1, 0, 10, 0, 0, 10, 77, 0, 50];
  const pseudo = [...ip(source), ...ip(destination), 0, IPPROTO_VRRP, 0, message.length];
  const sum = checksum(Uint8Array.from([...pseudo, ...message]));
  return Uint8Array.from(message)
    .fill(sum >> 8, 6, 7)
    .fill(sum & 0xff, 7, 8);
}

/** Forges adverts of priority 254 at the master's own rate; `inspect` may ask the master something before all ends. */
export async function forge(
  kind: DaemonKind,
  forgery: Forgery,
  inspect: (master: Daemon) => Promise<void> = async () => {},
): Promise<Forged> {
  const multicast = forgery === "multicast with TTL 254";
  const router = (mine: string, theirs: string, priority: number): RouterSpec => ({
    ...ROUTER,
    interval: 100,
    priority,
    ...(multicast ? {} : { unicast: { source: mine, peers: [theirs] } }),
  });
  await using pair = await Pair.create({
    kinds: [kind, kind],
    routers: [router("10.77.0.1", "10.77.0.2", 200), router("10.77.0.2", "10.77.0.1", 100)],
    more: 1,
  });
  await pair.start();
  await pair.settled(0);
  const stranger = pair.lab.node(2);
  const target = multicast ? "224.0.0.18" : "10.77.0.1";
  const message = advert(stranger.address4, target).toHex();
  const from = now();
  const forger = stranger.namespace.spawn([
    process.execPath,
    FORGER,
    INTERFACE,
    target,
    multicast ? "254" : "3",
    "100",
    message,
  ]);
  await sleep(WATCH_MS);
  const end = now();
  await forger.end("SIGKILL");
  await inspect(pair.daemons[0]);
  const gap = pair.longestGap(0, from, end);
  return {
    deposed: gap > WATCH_MS / 2,
    gap,
    takeovers: pair.wire.adverts(from, pair.node(1).mac).filter(({ at }) => at < end).length,
    sent: pair.wire.adverts(from, stranger.mac).length,
    noise: pair.noise(from, end),
  };
}
