/** The address of a resource: where it goes, and what is known of it as the holder that it is. */
import { familyOf, isLinkLocal, within } from "../../base/address.ts";
import type { Ip } from "../../base/address.ts";
import type { Result } from "../../base/result.ts";
import { fail, ok } from "../../base/result.ts";
import type { Instant, Milliseconds } from "../../base/units.ts";
import { instant, ms } from "../../base/units.ts";
import type { HeartbeatConfig } from "../../config/heartbeat-model.ts";
import type { AddressConfig, GarpConfig } from "../../config/model.ts";
import type { AddressArgument } from "../../heartbeat/haresources.ts";
import type { Link } from "../boundary.ts";
import type { Holder } from "../holder.ts";
import type { Kernel } from "../kernel.ts";
import type { Underway } from "./runs.ts";

/** As a virtual router announces by default; RFC 5227 has it twice, but a switch may still learn its ports. */
const GARP: GarpConfig = { count: 5, interval: ms(2), refresh: ms(60_000), repeatAfter: ms(5000) };

/** How late the kernel may be with the end of a lifetime: a quarter of a second, ADDRCONF_TIMER_FUZZ of <net/addrconf.h>, and some. */
const LATE = ms(300);

export class ResourceAddress implements Holder {
  readonly name: string;
  readonly device = null;
  readonly deviceReady = true;
  /** What is there already is somebody else's. */
  readonly adopts = false;
  readonly garp = GARP;
  readonly lifetime: Milliseconds;
  /** Where it was started last. */
  place: AddressConfig;
  /** It is started, or is to be. */
  wanted = false;
  /** What is answered once the kernel has. */
  awaited: Underway | null = null;
  /** Robbed too often, or refused: not tried before. */
  pausedUntil: Instant = instant(0);
  paused = false;
  losses: readonly Instant[] = [];
  /** Why it is of no use at the moment, which was told; null: it is, or is not to be here. */
  cut: string | null = null;

  constructor(name: string, place: AddressConfig, { keepalive, deadtime }: HeartbeatConfig) {
    this.name = name;
    this.place = place;
    // Gone before the others take us for dead, whom our last word may have reached a keepalive before we died.
    this.lifetime = ms(Math.floor((deadtime - keepalive - LATE) / 1000) * 1000);
  }

  get holds(): boolean {
    return this.wanted && !this.paused;
  }

  get carried(): readonly AddressConfig[] {
    return [this.place];
  }
}

/** The network of an interface that an address belongs to. */
interface Network {
  readonly link: Link;
  readonly prefix: number;
}

/** The smallest network that has this address, by the own addresses of the interfaces; null: none has. */
function networkOf(kernel: Kernel, links: readonly Link[], moved: ReadonlySet<Ip>, ip: Ip): Network | null {
  let best: Network | null = null;
  for (const link of links) {
    for (const { address, prefix } of kernel.addresses(link.index)) {
      if (moved.has(address) || !within(ip, address, prefix)) continue;
      if (best === null || prefix > best.prefix) best = { link, prefix };
    }
  }
  return best;
}

/** Where an address goes: what is not written is that of the network that it belongs to; or why it cannot. */
export function placeOf(
  kernel: Kernel,
  moved: ReadonlySet<Ip>,
  { ip, prefix, interface: name, broadcast }: AddressArgument,
): Result<AddressConfig, string> {
  const named = name === null ? null : kernel.named(name);
  if (name !== null && named === null) return fail(`there is no interface ${name}`);
  const links = named === null ? kernel.links() : [named];
  const network = name === null && isLinkLocal(ip) ? null : networkOf(kernel, links, moved, ip);
  const link = named ?? network?.link ?? null;
  const form = `${ip}/${prefix ?? (familyOf(ip) === 4 ? 24 : 64)}/${link?.name ?? "eth0"}`;
  if (link === null) return fail(`no interface is in the network of ${ip}: write ${form}`);
  if (!link.up) return fail(`the interface ${link.name} is down`);
  const bits = prefix ?? network?.prefix ?? null;
  if (bits === null) return fail(`${link.name} has no address in the network of ${ip}: write ${form}`);
  return ok({ address: ip, prefix: bits, interface: link.name, label: null, broadcast });
}
