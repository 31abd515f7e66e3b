/**
 * Status for people: plain ASCII that reads on a serial console of 80 columns and 24 lines. One router is shown whole; several
 * as a table, each with a line below it for whatever is wrong with it.
 */
import { duration } from "./duration.ts";
import { electionLines, priorityLines, trackText, whyFailed } from "./election.ts";
import { heartbeatLines } from "./show-heartbeat.ts";
import { realServerLines } from "./show-realserver.ts";
import { serviceLines } from "./show-services.ts";
import type { Placed, RouterReport, StatusReport } from "./report.ts";

/** Characters of a name or address before it is cut in a table. */
const CELL_LENGTH_MAX = 24;

/** The whole text, newline at its end; `now` is the wall clock in milliseconds, to say how long ago things were. */
export function show(report: StatusReport, now: number): string {
  const { health, node, version, pid, config } = report;
  const head = [`${node}: ${health}   haagent ${version}, pid ${pid}, ${config.file}`];
  if (config.last_error !== null) head.push(`! the last reload was refused: ${config.last_error}`);
  if (report.probing_failure != null) head.push(`! ${report.probing_failure}`);
  const [first] = report.vrrp;
  const cluster = [
    ...(report.heartbeat === undefined ? [] : heartbeatLines(report.heartbeat)),
    ...(report.realserver == null ? [] : realServerLines(report.realserver)),
  ];
  const services = serviceLines(report.services ?? [], report.foreign_services ?? [], now);
  if (report.maintenance_failure != null) services.push(`! maintenance_dir: ${report.maintenance_failure}`);
  const body =
    first === undefined
      ? cluster.length + services.length > 0
        ? []
        : ["no virtual router"]
      : report.vrrp.length === 1
        ? whole(first, now)
        : table(report.vrrp, now);
  const parts = [head, body, cluster, services].filter((part) => part.length > 0);
  return `${parts.map((part) => part.join("\n")).join("\n\n")}\n`;
}

/** How long it has been since a time of day; empty when the clock stepped so far that it cannot be told. */
function age(since: string, now: number): string {
  const start = Date.parse(since);
  return Number.isFinite(start) && start <= now ? duration(now - start) : "";
}

function whole(router: RouterReport, now: number): string[] {
  const { name, state, vrid, version, family, reason, counters } = router;
  const time = age(router.since, now);
  const rows: [string, string][] = [
    [
      "on",
      `${router.interface}, VRID ${vrid}, VRRPv${version}, IPv${family}, an advert every ${duration(router.interval_ms)}`,
    ],
    ...priorityLines(router).map((line): [string, string] => ["priority", line]),
    ...contest(router, now).map((text): [string, string] => ["CONTEST", text]),
    ["master", master(router)],
    ...guarding(router).map((text): [string, string] => ["guard", text]),
    ...router.peers
      .filter(({ address }) => address !== router.master?.address)
      .map((peer): [string, string] => ["peer", peerText(peer, router)]),
    ...router.addresses.map((each): [string, string] => [
      "address",
      `${each.address} on ${each.interface}: ${placed(each)}`,
    ]),
    ...accepting(router).map((text): [string, string] => ["accept", text]),
    ...virtualMac(router).map((text): [string, string] => ["mac", text]),
    ...(router.routes ?? []).map((each): [string, string] => ["route", `${each.route}: ${placed(each)}`]),
    ...(router.rules ?? []).map((each): [string, string] => ["rule", `${each.rule}: ${placed(each)}`]),
    ...router.tracks.flatMap((track) =>
      [trackText(track), ...whyFailed(track)].map((text): [string, string] => ["track", text]),
    ),
    [
      "adverts",
      `${counters.adverts_sent} sent, ${counters.adverts_received} received; became master ${counters.became_master}x`,
    ],
  ];
  const election = router.election === undefined ? [] : electionLines(router.election);
  rows.push(...election.map((line): [string, string] => ["election", line]));
  if (typeof router.sync_group === "string") rows.push(["group", router.sync_group]);
  const rejected = rejections(router);
  if (rejected !== "") rows.push(["rejected", rejected]);
  return [
    `${name}: ${state.toUpperCase()}${time === "" ? "" : ` for ${time}`} (${reason})`,
    ...rows.map(([key, value], row) => `  ${(rows[row - 1]?.[0] === key ? "" : key).padEnd(9)} ${value}`),
  ];
}

function table(routers: readonly RouterReport[], now: number): string[] {
  const cells = [
    ["NAME", "STATE", "FOR", "PRIO", "INTERFACE", "VRID", "ADDRESSES", "MASTER"],
    ...routers.map((router) => [
      router.name,
      router.state,
      age(router.since, now),
      String(router.effective_priority),
      router.interface,
      `${router.vrid}/v${router.version}`,
      `${router.addresses.filter(({ held }) => held).length} of ${router.addresses.length}`,
      router.state === "master" ? "this node" : (router.master?.address ?? "-"),
    ]),
  ].map((row) =>
    row.map((cell) => (cell.length > CELL_LENGTH_MAX ? `${cell.slice(0, CELL_LENGTH_MAX - 1)}~` : cell)),
  );
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const [header = "", ...rest] = lines;
  return [header, ...rest.flatMap((line, row) => [line, ...troubles(routers[row], now)])];
}

/** What is wrong with a router, a line each. */
function troubles(router: RouterReport | undefined, now: number): string[] {
  if (router === undefined) return [];
  const lines = contest(router, now);
  if (router.state === "fault") lines.push(router.reason);
  if (router.state === "standby") lines.push("out until `haagent takeover` or a restart");
  for (const peer of router.peers) {
    if (peer.mismatch.length > 0) lines.push(`${peer.address} differs in ${peer.mismatch.join(", ")}`);
  }
  if (typeof router.guard?.text === "string") lines.push(router.guard.text);
  for (const { name, up } of router.tracks) if (up === false) lines.push(`${name} is down`);
  const rejected = rejections(router);
  if (rejected !== "") lines.push(`rejected ${rejected}`);
  return lines.map((text) => `  ! ${text}`);
}

/** The other master, or nothing. */
function contest({ contested }: RouterReport, now: number): string[] {
  if (contested === undefined || contested === null) return [];
  const { what, source, setting, since } = contested;
  const texts: Readonly<Record<string, string>> = {
    claim: `${source} is master too, and no advert of it comes`,
    arp: `${source} answers for an address of this router`,
    nd: `${source} answers for an address of this router`,
  };
  return [`${texts[what ?? ""] ?? `${source} is master too (${setting})`}, for ${age(since, now)}`];
}

function master(router: RouterReport): string {
  if (router.state === "master") return "this node";
  if (router.master === null) return "none heard";
  const { address } = router.master;
  return peerText(router.peers.find((peer) => peer.address === address) ?? router.master, router);
}

function peerText(
  peer: {
    address: string;
    priority: number;
    last_heard_ms: number;
    mismatch?: readonly string[];
    version?: number | "2+3";
  },
  { version: own }: RouterReport,
): string {
  // Who must still be replaced before the old version can go.
  const speaks = peer.version === undefined || own !== "2+3" ? "" : `, VRRPv${peer.version}`;
  const differs =
    peer.mismatch === undefined || peer.mismatch.length === 0
      ? ""
      : `, differs in ${peer.mismatch.join(", ")}`;
  return `${peer.address}, priority ${peer.priority}, heard ${duration(peer.last_heard_ms)} ago${speaks}${differs}`;
}

/** Nothing where packets for the addresses are taken, as they usually are. */
function accepting({ accept, accept_failure: failure }: RouterReport): string[] {
  if (accept !== false) return [];
  return [
    typeof failure === "string"
      ? `YES, though it should not: ${failure}`
      : "no, only ARP and neighbour discovery",
  ];
}

/** What takes the place of a master's adverts, and whether it keeps this router from taking over. */
function guarding({ guard }: RouterReport): string[] {
  if (guard === undefined || guard === null) return [];
  const held = guard.text === null ? [] : [guard.text.replace(/^guard: /, `${guard.state.toUpperCase()}: `)];
  return [`${guard.evidence.join(", ")}: ${guard.state}`, ...held];
}

/** The virtual MAC address and its device, or nothing. */
function virtualMac({ virtual_mac: mac }: RouterReport): string[] {
  if (mac === undefined || mac === null) return [];
  return [`${mac.address} on ${mac.device}${mac.ready ? "" : ": NOT THERE"}`];
}

function placed({ held, found }: Placed): string {
  if (held) return found ? "in use, was there before" : "held";
  return found ? "there, but not ours" : "not held";
}

/** The reasons with a count, `3 ttl, 1 checksum`; empty when nothing was rejected. */
function rejections({ counters }: RouterReport): string {
  return Object.entries(counters.rejected)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(", ");
}
