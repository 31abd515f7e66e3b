/** A virtual service as it is at the moment: its servers with their verdicts, its quorum, whether it is active. */
import type { Instant, Milliseconds } from "../../base/units.ts";
import { after, instant, ms } from "../../base/units.ts";
import type { CheckConfig } from "../../config/model.ts";
import type { ServerConfig, ServiceConfig } from "../../config/service-model.ts";
import { Leavers, type Other } from "../../ipvs/leaving.ts";
import type { Duty, Filled, Standing, Verdict } from "../../ipvs/pool.ts";
import { fill, weighing } from "../../ipvs/pool.ts";
import type { Destination, Entry } from "../../wire/ipvs.ts";
import { destinationAt, destinationKey, serviceKey } from "../../wire/ipvs.ts";

/** A server's state in a word: what the operator wants of it comes before what its check says. */
export type ServerWord = "undecided" | "up" | "down" | "drained" | "disabled" | "maintenance";
/** Of a server that the configuration does not name. */
export type LeaverWord = "present" | "leaving" | "gone";
/** A service's: it has its quorum, or not, or nobody knows yet. */
export type ServiceWord = "undecided" | "up" | "down";

/** What the operator has said of a server; it lasts until `enable` or a restart. */
export type ServerOrder = "drain" | "disable";

/** A server, or the fallback. */
export interface ServerState {
  readonly config: ServerConfig;
  word: ServerWord;
  since: Instant;
  /** The last thing that was wrong with it. */
  lastError: string | null;
  /** It failed and stays in, as too few others are left. */
  held: boolean;
}

/**
 * A service of more servers than this is worked out anew for verdicts at most so often, in milliseconds: at the start there are thousands of
 * them in a second, and each means a look at all servers.
 */
const MANY_SERVERS = 16;
const SETTLE_GAP = ms(10);
const FOR_EVER = ms(Number.POSITIVE_INFINITY);

/** What a server is judged by. */
export interface Judges {
  /** What its check says; null: nothing yet. */
  health(check: string): boolean | null;
  detail(check: string): string;
  /** The number that a file holds or a script says; null: none. */
  value(check: string): number | null;
  order(service: string, server: string): ServerOrder | null;
  /** Whether a file of the maintenance directory names it. */
  maintained(server: ServerConfig): boolean;
}

/** A service. */
export class ServiceState {
  readonly config: ServiceConfig;
  readonly key: string;
  readonly servers: ServerState[];
  readonly fallback: ServerState | null;
  /** Null before anybody knows. */
  quorum: boolean | null = null;
  since: Instant;
  /** The kernel is to have it with what serves. */
  active = false;
  /** Not before this it is worked out again for what checks say. */
  settleAt: Instant = instant(0);
  /** The sum of the weights that count. */
  sum = 0;
  /** Who would serve, as last worked out. */
  #serving: readonly Destination[] | null;
  /** The keys of its servers. */
  readonly #keys: ReadonlySet<string>;
  /** Who is in the table besides. */
  readonly leavers: Leavers;
  /** Why the kernel does not have it as it should. */
  failure: string | null = null;

  /** `before` is what it was with another configuration, null where it is new. */
  constructor(config: ServiceConfig, before: ServiceState | null, now: Instant) {
    this.config = config;
    this.key = serviceKey(config.service.id);
    const known = new Map(before?.servers.map((server) => [server.config.name, server]));
    this.servers = config.servers.map((server) => stateOf(server, known.get(server.name) ?? null, now));
    const spare = before?.fallback?.config.name === config.fallback?.name ? before?.fallback : null;
    this.fallback = config.fallback === null ? null : stateOf(config.fallback, spare ?? null, now);
    this.quorum = before?.quorum ?? null;
    this.since = before?.since ?? now;
    this.active = before?.active ?? false;
    this.#serving = before === null ? null : before.#serving;
    this.#keys = new Set(config.servers.map(({ destination }) => destinationKey(destination)));
    this.leavers = before?.leavers ?? new Leavers();
  }

  /** It was just worked out. */
  settled(now: Instant): void {
    if (this.servers.length > MANY_SERVERS) this.settleAt = after(now, SETTLE_GAP);
  }

  get word(): ServiceWord {
    if (this.quorum === null) return "undecided";
    return this.quorum ? "up" : "down";
  }

  /** Works out what the kernel should have, of what it has; `counted`: as it was just read. */
  fill(judges: Judges, entry: Entry | null, counted: boolean, now: Instant): Filled {
    const { config } = this;
    const spare = config.fallback;
    const there = entry ?? this.#standing();
    const filled = fill(
      {
        members: config.servers.map((server) => ({
          destination: weighing(server.destination, weightOf(server, judges)),
          verdict: verdictOf(server, judges),
          duty: this.#duty(server, judges),
        })),
        quiescent: config.quiescent,
        quorum: config.quorum,
        hysteresis: config.hysteresis,
        panicBelow: config.panicBelow,
        fallback: spare?.destination ?? null,
        fallbackGood: spare !== null && usable(spare, judges, there),
        others: this.#others(entry, there, counted, now),
      },
      there,
      this.quorum,
    );
    this.#serving = filled.destinations.filter(({ weight }) => weight > 0);
    return filled;
  }

  /** What counts where the kernel has nothing of it, as on a node that stands by. */
  #standing(): Standing | null {
    if (this.#serving === null) return null;
    return { destinations: this.#serving.map((destination) => ({ destination })) };
  }

  /** Who is there and none of its servers; where the kernel has none of them nobody has connections that could end. */
  #others(entry: Entry | null, there: Standing | null, counted: boolean, now: Instant): Other[] {
    const strange = ({ destination }: { readonly destination: Destination }): boolean =>
      !this.#keys.has(destinationKey(destination));
    const told = entry?.destinations.filter(strange) ?? [];
    const others = this.leavers.look(told, (key) => this.limit(key), counted, now);
    if (entry !== null) return others;
    return (there?.destinations ?? [])
      .filter(strange)
      .map(({ destination }) => ({ destination, gone: true }));
  }

  /**
   * How long somebody who leaves may keep connections. A fallback is configured and may for ever; but where clients stay with their server,
   * one that comes again and again would have it for good, as the kernel goes by that at weight 0, too.
   */
  limit(key: string): Milliseconds {
    const { drainTimeout, service } = this.config;
    if (!this.isFallback(key)) return drainTimeout;
    return service.persistence === null ? FOR_EVER : ms(0);
  }

  isFallback(key: string): boolean {
    const { fallback } = this.config;
    return fallback !== null && destinationKey(fallback.destination) === key;
  }

  #duty(server: ServerConfig, judges: Judges): Duty {
    const order = judges.order(this.config.name, server.name);
    if (order === "disable") return "out";
    if (order === "drain") return "drain";
    if (!judges.maintained(server)) return "serve";
    // As a server that failed.
    return this.config.quiescent ? "drain" : "out";
  }

  /** The state of a server in a word. */
  wordOf(server: ServerConfig, judges: Judges): ServerWord {
    const order = judges.order(this.config.name, server.name);
    if (order === "disable") return "disabled";
    if (order === "drain") return "drained";
    return judges.maintained(server) ? "maintenance" : verdictOf(server, judges);
  }
}

const stateOf = (config: ServerConfig, before: ServerState | null, now: Instant): ServerState => ({
  config,
  word: before?.word ?? "undecided",
  since: before?.since ?? now,
  lastError: before?.lastError ?? null,
  held: before?.held ?? false,
});

/** More the kernel takes, but the configuration does not. */
const WEIGHT_MAX = 65_535;

/** The weight of a server: as configured, with what a file says added; or what a script says. */
function weightOf({ destination: { weight }, check }: ServerConfig, judges: Judges): number {
  const said = check === null ? null : judges.value(check.name);
  if (said === null) return weight;
  return Math.min(WEIGHT_MAX, Math.max(0, check?.probe.type === "script" ? said : weight + said));
}

/** Whether the fallback can be used: until its first verdict it is what it was. */
function usable(spare: ServerConfig, judges: Judges, entry: Standing | null): boolean {
  const verdict = verdictOf(spare, judges);
  const key = destinationKey(spare.destination);
  const there = destinationAt(entry, key);
  return verdict === "up" || (verdict === "undecided" && (there?.destination.weight ?? 0) > 0);
}

/** What is known of a server: without a check it is always good. */
export function verdictOf({ check }: ServerConfig, judges: Judges): Verdict {
  if (check === null) return "up";
  const up = judges.health(check.name);
  if (up === null) return "undecided";
  return up ? "up" : "down";
}

/** The checks of all servers, to be probed with those of the routers. */
export const serverChecks = (services: readonly ServiceConfig[]): CheckConfig[] =>
  services.flatMap(({ servers, fallback }) =>
    [...servers, ...(fallback === null ? [] : [fallback])].flatMap(({ check }) => check ?? []),
  );
