/** `guard` and `on_isolation`: whether the evidence is one, beside the other tables. */
import { CLAIM_TEXT_MAX } from "../heartbeat/claim.ts";
import type { Evidence } from "./evidence.ts";
import type { ConfigSource } from "./model.ts";
import { showDuration } from "./kind.ts";
import type { Report } from "./report.ts";
import { OWNER } from "./rules-router.ts";
import type { RouterSection, Sections } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import { header, plural, quote } from "./words.ts";

/** A claim, usually, and what the message around one adds. */
const CLAIM_BYTES = 52;
const HEADER_BYTES = 240;
/** Of a line: one to start, eight, one to stop. */
const BITS_PER_BYTE = 10;
/** Of an interval, so much may pass until the last answer. */
const LINE_SHARE = 0.5;

const CURE =
  "cure: something that is reached through the router's own interface and that all nodes need, as a gateway";

/** Every router's evidence among itself, and beside the other tables. */
export function judgeGuards(file: Sections, report: Report): void {
  for (const router of file.routers) {
    judgeGuard(router, file, report);
    judgeIsolation(router, report);
  }
  judgeLines(file, report);
}

const asksNodes = ({ values }: RouterSection): boolean =>
  entries(values.guard).some(({ value }) => value.type === "heartbeat");

/** Where only lines are beside the links of the routers: whether they carry the answers in time. */
function judgeLines({ routers, heartbeat }: Sections, report: Report): void {
  const guarded = routers.filter(asksNodes);
  if (guarded.length === 0 || heartbeat === null) return;
  const links = entries(heartbeat.values.links);
  const own = new Set(guarded.map(({ values }) => values.interface?.value));
  const beside = links.filter(({ value }) => value.type?.value !== "serial");
  if (beside.some(({ value }) => !own.has(value.interface?.value ?? undefined))) return;
  const fastest = Math.min(...guarded.map(({ values }) => values.advert_interval?.value ?? Infinity));
  const text = guarded.length * CLAIM_BYTES;
  const bytes = text + Math.ceil(text / CLAIM_TEXT_MAX) * HEADER_BYTES;
  for (const { value, at } of links) {
    if (value.type?.value !== "serial" || value.baud === null) continue;
    const takes = Math.ceil((bytes * BITS_PER_BYTE * 1000) / value.baud.value);
    if (takes <= fastest * LINE_SHARE) continue;
    report.warning(
      at,
      `${plural(guarded.length, "router")} may ask over this line at once; the answers take ${showDuration(takes)} of it, more than half of the shortest advert_interval, ${showDuration(fastest)}, and may come too late; cure: a faster line, a longer advert_interval, or a network link beside the adverts'`,
    );
  }
}

function judgeGuard({ values }: RouterSection, file: Sections, report: Report): void {
  const { guard, priority, interface: own } = values;
  if (guard === null || guard.value.length === 0) return;
  if (priority?.value === OWNER) {
    report.error(
      guard.at,
      "guard cannot go with priority 255: the owner takes its addresses and asks nobody; cure: priority = 254",
    );
    return;
  }
  const seen = new Set<string>();
  for (const { value, at } of entries(guard)) {
    const what = value.type === "heartbeat" ? value.type : `ping:${value.address}`;
    if (seen.has(what)) report.error(at, `guard has ${quote(what)} twice`);
    seen.add(what);
    if (value.type === "heartbeat") judgeHeartbeat(at, own?.value ?? null, file, report);
    else judgeWitness(value, at, values, file, report);
  }
}

function judgeHeartbeat(at: number, own: string | null, { heartbeat }: Sections, report: Report): void {
  if (heartbeat === null) {
    report.error(
      at,
      'guard "heartbeat" needs [heartbeat], with the nodes to ask and the links to them; or guard by "ping:ADDRESS" only',
    );
    return;
  }
  const links = entries(heartbeat.values.links);
  const elsewhere = links.some(
    ({ value }) => value.type?.value === "serial" || value.interface?.value !== own,
  );
  if (links.length === 0 || own === null || elsewhere) return;
  report.warning(
    at,
    `every link of [heartbeat] is on ${own}, where the adverts are too: what cuts them cuts the guard; cure: a link on other hardware, such as a serial line`,
  );
}

function judgeWitness(
  { address }: Extract<Evidence, { readonly type: "ping" }>,
  at: number,
  { unicast_source: source, unicast_peers: peers }: RouterSection["values"],
  { routers, heartbeat }: Sections,
  report: Report,
): void {
  const virtual = virtualAddresses(routers).get(address);
  const links = heartbeat === null ? [] : entries(heartbeat.values.links);
  const nodes = [
    ...entries(peers).map(({ value }) => value.address?.value),
    ...links.map(({ value }) => value.peer?.value),
  ];
  if (virtual !== undefined) {
    report.error(
      at,
      `guard: ${address} is a virtual address of ${header("vrrp", virtual)}: nobody answers for it when its master is gone; ${CURE}`,
    );
  } else if (source?.value === address) {
    report.error(
      at,
      `guard: ${address} is our own unicast_source: it answers whatever the network does; ${CURE}`,
    );
  } else if (nodes.includes(address)) {
    report.warning(
      at,
      `guard: ${address} is an address of another node: when that dies, no witness is left and nobody takes over; ${CURE}`,
    );
  }
}

function judgeIsolation({ values }: RouterSection, report: Report): void {
  const { on_isolation: isolation, guard } = values;
  if (isolation?.value !== "release" || guard === null) return;
  if (entries(guard).some(({ value }) => value.type === "ping")) return;
  report.error(
    isolation.at,
    'on_isolation = "release" needs a witness that tells a master of its isolation: guard = ["ping:ADDRESS"]',
  );
}

/** Addresses of this host answer whatever the network does. */
export function judgeOwnWitnesses(
  addresses: ConfigSource["addresses"],
  { routers }: Sections,
  report: Report,
): void {
  if (!addresses) return;
  const virtual = virtualAddresses(routers);
  for (const { values } of routers) {
    for (const { value, at } of entries(values.guard)) {
      if (value.type !== "ping" || !addresses.includes(value.address) || virtual.has(value.address)) continue;
      if (values.unicast_source?.value === value.address) continue;
      report.warning(
        at,
        `guard: ${value.address} is an address of this host: it answers whatever the network does; ${CURE}`,
      );
    }
  }
}
