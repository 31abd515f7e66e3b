/** What the keys of `[heartbeat]` mean to each other: times, media, and whether a line can carry what is sent over it. */
import { ms } from "../base/units.ts";
import { compose } from "../heartbeat/header.ts";
import { encodeContent } from "../heartbeat/content.ts";
import { GENERATION_MAX } from "../heartbeat/generation.ts";
import { sealSerial } from "../heartbeat/packet.ts";
import type { Method } from "../wire/heartbeat-token.ts";
import type { Given } from "./kind.ts";
import { showDuration } from "./kind.ts";
import type { Report } from "./report.ts";
import { judgeResources } from "./rules-resources.ts";
import type { HeartbeatSection, Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { LINK_KEYS } from "./tables-heartbeat.ts";
import { plural, quote } from "./words.ts";

type Rule = (section: HeartbeatSection, report: Report) => void;
/** One entry of `links`. */
export type LinkEntry = NonNullable<NonNullable<HeartbeatSection["values"]["links"]>["value"][number]>;

/** The wire has no word for more when resources move, and a status no room for their names. */
const NODES_MIN = 2;
const NODES_MAX = 5;
/** Below this, a network that comes up late makes the other node dead. Milliseconds. */
const INITDEAD_USUAL = 10_000;

/** deadtime / 2 where it is not written. */
export const warntimeOf = (given: number | null, deadtime: number): number => given ?? deadtime / 2;
/** 2 × deadtime where it is not written. */
export const initdeadOf = (given: number | null, deadtime: number): number => given ?? deadtime * 2;

const nodes: Rule = ({ values }, report) => {
  if (values.nodes === null) return;
  const seen = new Set<string>();
  for (const { value, at } of entries(values.nodes)) {
    const lower = value.toLowerCase();
    if (seen.has(lower)) report.error(at, `nodes has ${quote(value)} twice: names differ by more than case`);
    seen.add(lower);
  }
  const count = values.nodes.value.length;
  if (count < NODES_MIN) {
    report.error(
      values.nodes.at,
      "a cluster has two nodes at least: name this one and the other, by uname -n",
    );
  }
  if (count > NODES_MAX) {
    report.error(
      values.nodes.at,
      `a cluster has at most ${NODES_MAX} nodes, not ${count}: make several clusters, each with its own udp_port`,
    );
  }
};

const times: Rule = ({ values }, report) => {
  const { keepalive, warntime, deadtime, initdead } = values;
  if (keepalive === null || deadtime === null) return;
  if (deadtime.value <= 2 * keepalive.value) {
    report.error(
      deadtime.written ? deadtime.at : keepalive.at,
      `deadtime ${showDuration(deadtime.value)} must be more than two keepalives, ${showDuration(2 * keepalive.value)}: one lost message would be a death`,
    );
  }
  if (warntime !== null && warntime.value !== null) {
    if (warntime.value >= deadtime.value) {
      report.error(warntime.at, `warntime must be less than deadtime, ${showDuration(deadtime.value)}`);
    } else if (warntime.value <= keepalive.value) {
      report.warning(
        warntime.at,
        `warntime is not more than keepalive, ${showDuration(keepalive.value)}: every message will be late`,
      );
    }
  }
  if (initdead === null) return;
  const start = initdeadOf(initdead.value, deadtime.value);
  if (start < deadtime.value) {
    report.error(initdead.at, `initdead must be at least deadtime, ${showDuration(deadtime.value)}`);
  } else if (initdead.written && start < INITDEAD_USUAL) {
    report.warning(
      initdead.at,
      `initdead below ${showDuration(INITDEAD_USUAL)}: a switch that takes longer to open a port makes the other node dead at each boot`,
    );
  }
};

const auth: Rule = ({ values }, report) => {
  if (values.auth === null) return;
  const { method, key, keys_file: file } = values.auth.value;
  if (method === null || key === null || file === null) return;
  const either = "auth is method and key, or keys_file";
  if (file.value !== null) {
    for (const given of [method, key]) if (given.written) report.error(given.at, `${either}: remove one`);
    return;
  }
  if (method.value === null) {
    report.error(values.auth.at, `${either}: auth = { method = "sha1", key = "…" }`);
  } else if (method.value === "crc") {
    if (key.written) report.error(key.at, 'crc takes no key: remove it, or use method "sha1"');
    report.warning(
      method.at,
      'method "crc" keeps nobody out: whoever reaches a link can pose as a node; cure: method = "sha1" and a key',
    );
  } else if (key.value === null) {
    report.error(method.at, `method ${quote(method.value)} needs key`);
  } else if (method.value !== "sha256" && /[\s#]/.test(key.value)) {
    report.error(
      key.at,
      'auth.key has a blank or "#", which heartbeat\'s authkeys cannot hold: choose another',
    );
  }
};

/** The keys of one link; says where it is, or null when that is not known. */
function linkKeys({ value, at }: LinkEntry, report: Report): string | null {
  const { type } = value;
  if (type === null) return null;
  const { needs, may } = LINK_KEYS[type.value];
  const mine: readonly string[] = ["type", ...needs, ...may];
  for (const [key, given] of Object.entries(value)) {
    if (given?.written === true && !mine.includes(key)) {
      report.error(given.at, `${key} is no key of a ${type.value} link`);
    }
  }
  for (const key of needs) {
    const given = value[key];
    if (given !== null && given.value === null) report.error(at, `a ${type.value} link needs ${key}`);
  }
  const place = type.value === "serial" ? value.device : value.interface;
  return place?.value ?? null;
}

const links: Rule = ({ values }, report) => {
  if (values.links === null) return;
  const { at, value: all } = values.links;
  if (all.length === 0) report.error(at, 'links is empty: { type = "broadcast", interface = "…" } is one');
  const seen = new Set<string>();
  for (const entry of entries(values.links)) {
    const place = linkKeys(entry, report);
    const { type, peer, group } = entry.value;
    if (place === null || type === null) continue;
    const identity = JSON.stringify([type.value, place, peer?.value ?? null, group?.value ?? null]);
    if (seen.has(identity)) {
      report.error(entry.at, `links has the ${type.value} link on ${place} twice`);
    } else if (seen.has(place) && !seen.has(`${place} ${type.value}`)) {
      report.warning(entry.at, `two links on ${place} fail together: they are one`);
    }
    for (const key of [identity, place, `${place} ${type.value}`]) seen.add(key);
  }
  if (all.length > 0 && uniquePlaces(values) === 1) {
    const moves = (values.resources?.value ?? []).length > 0;
    const both = moves ? ", and both run all resources" : "";
    report.warning(
      at,
      `one link only: when it fails, each node takes the other for dead${both}; cure: a second one on other hardware, such as a serial line`,
    );
  }
};

const uniquePlaces = (values: HeartbeatSection["values"]): number =>
  new Set(
    entries(values.links).map(({ value }) =>
      value.type?.value === "serial" ? value.device?.value : value.interface?.value,
    ),
  ).size;

/** Bits of a byte on a line: one to start, eight, one to stop. */
const BITS_PER_BYTE = 10;
/** Of a line, so much may be taken by what is sent regularly: the rest is for what is sent when something happens. */
const SHARE = 0.5;

/** Bytes of the longest usual status of a node of this name on a line. */
export function statusBytes(node: string, method: Method): number {
  const ring = { signing: 1, keys: new Map([[1, { method, secret: new Uint8Array(1) }]]) };
  const content = encodeContent({ kind: "status", status: "active", deadtime: ms(30_000) });
  const stamp = {
    generation: GENERATION_MAX,
    sequence: 0xff_ffff,
    time: GENERATION_MAX,
    load: "0.00 0.00 0.00 1/100 10000",
    ttl: 4,
    destinationUuid: null,
  };
  return sealSerial(compose(content, { name: node, uuid: "\u0001".repeat(16) }, stamp), ring, 1).length;
}

const lines: Rule = ({ values }, report) => {
  const { keepalive } = values;
  if (keepalive === null || values.nodes === null) return;
  const names = entries(values.nodes).map(({ value }) => value);
  const longest = names.reduce((most, each) => (each.length > most.length ? each : most), "");
  const bytes = statusBytes(longest, values.auth?.value.method?.value ?? "sha1");
  for (const { value, at } of entries(values.links)) {
    if (value.type?.value !== "serial" || value.baud === null) continue;
    judgeLine(value.baud, at, bytes, keepalive.value, report);
  }
};

function judgeLine(baud: Given<number>, at: number, bytes: number, keepalive: number, report: Report): void {
  const needed = (bytes * BITS_PER_BYTE) / (keepalive / 1000);
  if (needed <= baud.value * SHARE) return;
  const least = Math.ceil((bytes * BITS_PER_BYTE) / (baud.value * SHARE) / 0.01) * 10;
  report.error(
    baud.written ? baud.at : at,
    `a status of ${plural(bytes, "byte")} every ${showDuration(keepalive)} takes more than half of a line of ${baud.value} baud; cure: keepalive ${showDuration(least)} or more, or a faster line`,
  );
}

const rules: readonly Rule[] = [nodes, times, auth, links, lines];

/** Judges `[heartbeat]`. */
export function judgeHeartbeat({ heartbeat }: Sections, report: Report): void {
  if (heartbeat !== null) for (const rule of [...rules, judgeResources]) rule(heartbeat, report);
}
