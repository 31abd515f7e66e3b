/** What was heard on the wire, judged by the code that admits adverts to an election. */
import { authOf } from "../agent/send.ts";
import type { Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import type { Config, RouterConfig } from "../config/model.ts";
import type { Difference, Expectation, Rejection } from "../vrrp/admit.ts";
import { admitAdvertisement, admitOrigin, differences, rejectionOf } from "../vrrp/admit.ts";
import { RELEASING } from "../vrrp/state.ts";
import type { Authenticated } from "../wire/ah.ts";
import { decodeAh, isAuthentic, PROTOCOL_AH } from "../wire/ah.ts";
import { decodeIp } from "../wire/ip.ts";
import type { IpPacket } from "../wire/ip.ts";
import { decodeAdvertisement, PROTOCOL_VRRP } from "../wire/vrrp.ts";
import type { Facts, Overheard } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Senders and reasons told of; a flood of forged sources is one of them. */
const TOLD_MAX = 50;

/** What a sender of our VRID did while the doctor listened. */
interface Sender {
  readonly source: Ip;
  firstAt: Instant;
  lastAt: Instant;
  adverts: number;
  readonly rejections: Set<Rejection>;
  /** By the version that it spoke: one of both versions says everything twice. */
  readonly mismatch: Map<2 | 3, Set<Difference>>;
  /** What it advertised last. */
  addresses: readonly Ip[];
}

/** All findings about the wire. */
export function wireFindings(facts: Facts, { routers }: Config): readonly Finding[] {
  const found = routers.flatMap((router) => {
    const senders = heardBy(facts, router);
    return [...senders.flatMap((sender) => aboutSender(router, sender)), ...masters(facts, router, senders)];
  });
  return [...unheard(facts), ...found.slice(0, TOLD_MAX)];
}

function unheard({ deaf }: Facts): Finding[] {
  return deaf.map(({ interface: name, errno }) => ({
    part: "vrrp",
    id: "deaf",
    severity: "note",
    subject: name,
    text: `could not listen on ${name} (${errno}): other masters there are not known`,
    cure: "run the doctor as root",
  }));
}

function expectationOf(facts: Facts, router: RouterConfig, source: Ip): Expectation {
  const { version, advertInterval, addresses, unicastPeers } = router;
  return {
    version,
    interval: advertInterval,
    // Whichever of this host's addresses it came from.
    source: facts.addresses.some(({ address }) => address === source) ? source : null,
    auth: authOf({ config: router }),
    addresses: new Set(addresses.map(({ address }) => address)),
    peers: new Map(unicastPeers.map(({ address, minTtl }) => [address, minTtl])),
  };
}

function heardBy(facts: Facts, router: RouterConfig): readonly Sender[] {
  const index = facts.links.find(({ name }) => name === router.interface)?.index;
  const senders = new Map<Ip, Sender>();
  for (const packet of facts.overheard) {
    if (packet.index !== index || packet.family !== router.family) continue;
    const advert = advertIn(packet);
    if (advert === null || advert.packet.payload[1] !== router.vrid) continue;
    take(facts, router, senders, packet, advert);
  }
  return [...senders.values()];
}

/** The packet of protocol 112, and the header that it came behind. */
interface Advert {
  readonly packet: IpPacket;
  readonly sealed: Authenticated | null;
}

function advertIn({ family, bytes }: Overheard): Advert | null {
  const ip = decodeIp(family, bytes);
  if (!ip.ok) return null;
  if (ip.value.protocol === PROTOCOL_VRRP) return { packet: ip.value, sealed: null };
  const header = ip.value.protocol === PROTOCOL_AH && family === 4 ? decodeAh(ip.value) : null;
  return header?.ok === true ? { packet: header.value.packet, sealed: header.value } : null;
}

function take(
  facts: Facts,
  router: RouterConfig,
  senders: Map<Ip, Sender>,
  { at, bytes }: Overheard,
  { packet, sealed }: Advert,
): void {
  const { source } = packet;
  const known: Sender = senders.get(source) ?? {
    source,
    firstAt: at,
    lastAt: at,
    adverts: 0,
    rejections: new Set(),
    mismatch: new Map(),
    addresses: [],
  };
  if (senders.size >= TOLD_MAX && !senders.has(source)) return;
  senders.set(source, known);
  const expected = expectationOf(facts, router, source);
  const stranger = admitOrigin(expected, packet);
  if (stranger !== null) known.rejections.add(stranger);
  const decoded = decodeAdvertisement(packet.payload, packet);
  if (!decoded.ok) {
    known.rejections.add(rejectionOf(decoded.error));
    return;
  }
  const { advertisement } = decoded.value;
  const { auth } = expected;
  const forged = auth.type === "ah" && sealed !== null && !isAuthentic(bytes, sealed, auth.key);
  const refused = forged ? "auth" : admitAdvertisement(expected, advertisement, sealed !== null);
  if (refused !== null) known.rejections.add(refused);
  if (advertisement.priority === RELEASING) return;
  if (known.adverts === 0) known.firstAt = at;
  known.adverts++;
  known.lastAt = at;
  known.addresses = advertisement.addresses;
  const { version } = advertisement;
  const differing = known.mismatch.get(version) ?? new Set();
  for (const what of differences(expected, packet, advertisement)) differing.add(what);
  known.mismatch.set(version, differing);
}

const REFUSALS: Readonly<Record<Rejection, string>> = {
  ttl: "its TTL says that it crossed a router",
  checksum: "its checksum is wrong",
  version: "its version has no authentication, and this router wants one",
  type: "it is no advertisement",
  vrid: "its VRID is unknown",
  length: "its length is wrong",
  auth: "its authentication is another",
  source: "it is none of unicast_peers",
  self: "it comes from an address of this host",
};

const CURES: Readonly<Record<Rejection, string>> = {
  ttl: "for a peer behind a router write unicast_peers with its min_ttl; else find out who forwards multicast",
  checksum: "look for a device that alters packets; update the other daemon",
  version: "write the same version and auth on all nodes",
  type: "find out what sends it",
  vrid: "nothing to do",
  length: "find out what sends it",
  auth: "write the same version and auth on all nodes",
  source: "add it to unicast_peers, or stop it",
  self: "give each host an address of its own",
};

function aboutSender(router: RouterConfig, sender: Sender): Finding[] {
  const { name, interface: own, vrid } = router;
  const { source, rejections, addresses, mismatch } = sender;
  const about = { part: "vrrp", subject: name } as const;
  const refused = [...rejections].map((reason): Finding => {
    const id = reason === "self" ? "duplicate_address" : "rejected";
    // A stranger that is ignored harms nobody; one that cannot be understood may be a master that nobody obeys.
    const severity = reason === "source" || reason === "ttl" ? "degraded" : "fault";
    const text = `an advert of ${source} on ${own} does not count: ${REFUSALS[reason]}`;
    return { ...about, id, severity, text, cure: CURES[reason] };
  });
  // What a stranger's adverts say is not compared.
  if (refused.length > 0 || sender.adverts === 0) return refused;
  const own4 = new Set(router.addresses.map(({ address }) => address));
  if (addresses.length > 0 && !addresses.some((address) => own4.has(address))) {
    const theirs = addresses.slice(0, 3).join(", ");
    return [
      {
        ...about,
        id: "duplicate_vrid",
        severity: "fault",
        text: `${source} uses VRID ${vrid} on ${own} for other addresses (${theirs}): two groups with one number take each other for peers`,
        cure: "give one of the two groups another vrid, on all its nodes",
      },
    ];
  }
  const spoken = router.version === "2+3" ? 3 : router.version;
  const said: ReadonlySet<Difference> = mismatch.get(spoken) ?? [...mismatch.values()][0] ?? new Set();
  return [...said].map((what) => ({
    ...about,
    id: "mismatch",
    severity: what === "interval" && router.version !== 2 ? "note" : "degraded",
    text: `${source} differs in ${what}`,
    cure: `write the same ${SETTINGS[what]} on all nodes of ${name}`,
  }));
}

const SETTINGS: Readonly<Record<Difference, string>> = {
  addresses: "addresses",
  interval: "advert_interval",
  version: "version",
  transport: "unicast_peers or multicast_group",
};

/** Two that advertise at a time, or one beside our own agent. */
function masters(
  facts: Facts,
  { name, interface: own }: RouterConfig,
  senders: readonly Sender[],
): Finding[] {
  const steady = senders.filter(({ adverts, rejections }) => adverts >= 2 && !rejections.has("self"));
  const about = { part: "vrrp", id: "second_master", severity: "fault", subject: name } as const;
  const cure =
    "compare their version, auth, addresses and unicast_peers, and what filters protocol 112 between them";
  const [first] = steady;
  if (facts.agent?.masters.has(name) === true && first !== undefined) {
    const text = `this node is master, and ${first.source} advertises on ${own} too: both hold the addresses`;
    return [{ ...about, text, cure }];
  }
  const pair = steady.find((one) => steady.some((other) => other !== one && overlap(one, other)));
  const other = steady.find((each) => pair !== undefined && each !== pair && overlap(pair, each));
  if (pair === undefined || other === undefined) return [];
  const text = `${pair.source} and ${other.source} both advertise on ${own}: there are two masters`;
  return [{ ...about, text, cure }];
}

const overlap = (a: Sender, b: Sender): boolean =>
  elapsed(a.firstAt, b.lastAt) > 0 && elapsed(b.firstAt, a.lastAt) > 0;
