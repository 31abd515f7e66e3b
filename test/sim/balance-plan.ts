/** Virtual services as a seed draws them, from streams of their own: runs without them stay what they were; and what is done to them. */
import type { Fault } from "./faults.ts";
import type { ConfigPlan, NodePlan } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { World } from "./world.ts";

/** One `[virtual_server.NAME]`; times in milliseconds. */
export interface ServicePlan {
  readonly name: string;
  /** Its router; null: it is always active. */
  readonly activeWhen: string | null;
  /** A standby has it whole. */
  readonly prepared: boolean;
  readonly servers: readonly { readonly address: string; readonly weight: number }[];
  readonly fallback: boolean;
  readonly quiescent: boolean;
  readonly drainTimeout: number;
  /** How long the connections of a server last that takes no others any more. */
  readonly lasting: number;
  readonly quorum: number;
  readonly panicBelow: number;
  readonly interval: number;
  readonly rise: number;
  readonly fall: number;
}

export type BalanceFault =
  /** A real server, which answers nobody. */
  | { readonly kind: "server-dies"; readonly server: string }
  /** The kernel of a node gives and takes nothing of its table. */
  | { readonly kind: "table-fails"; readonly node: number }
  /** `ipvsadm -C` by hand; or what others have there, too, is added anew. */
  | { readonly kind: "table-flushed"; readonly node: number }
  /** Somebody adds a server to the service. */
  | { readonly kind: "server-added"; readonly node: number };

/** So many runs have some. */
const ODDS = 0.25;
const FAULTS_MAX = 8;
const SERVERS = ["10.0.6.21", "10.0.6.22", "10.0.6.23"];
/** The sorry server. */
export const FALLBACK = "10.0.6.9";
/** Nobody's that an agent knows. */
const STRANGER = "10.0.6.77";
export const PORT = 80;
/** From one look at the kernel's table to the next, and what an answer of it may take. */
export const LOOK = 3000;
const ANSWERS = 300;

/** How long a table may be other than the world has it: what was refused waits for the next look, a verdict for its probes. */
export const corrected = ({ interval, rise, fall }: ServicePlan): number =>
  LOOK + 4 * ANSWERS + (Math.max(rise, fall) + 1) * interval;

/** Into peace, until every table is what it should be: who leaves does when its connections have ended, after one look more. */
export const balancedAfter = (services: readonly ServicePlan[]): number =>
  Math.max(0, ...services.map((service) => corrected(service) + service.lasting + 2 * LOOK));

const drawServers = (chance: Prng): ServicePlan["servers"] =>
  chance
    .shuffle([...SERVERS])
    .slice(0, chance.integer(1, SERVERS.length))
    .map((address) => ({ address, weight: chance.pick([1, 1, 2]) }));

type Drawn = Omit<ServicePlan, "drainTimeout" | "lasting">;

function drawService(chance: Prng, routers: readonly string[]): Drawn {
  const servers = drawServers(chance);
  return {
    name: "web",
    activeWhen: chance.chance(0.8) && routers.length > 0 ? chance.pick(routers) : null,
    prepared: chance.chance(0.3),
    servers,
    fallback: chance.chance(0.6),
    quiescent: chance.chance(0.6),
    quorum: servers.length > 1 && chance.chance(0.3) ? 2 : 1,
    panicBelow: chance.pick([0, 0, 0, 50]),
    interval: chance.pick([400, 1000]),
    rise: chance.integer(1, 2),
    fall: chance.integer(1, 3),
  };
}

function drawLater(chance: Prng, service: Drawn): readonly Drawn[] {
  if (chance.chance(0.15)) return [];
  const servers = chance.chance(0.5)
    ? drawServers(chance)
    : service.servers.map(({ address }) => ({ address, weight: chance.pick([1, 3]) }));
  const quorum = servers.length > 1 ? service.quorum : 1;
  return [{ ...service, servers, quorum, fallback: chance.chance(0.6), quiescent: chance.chance(0.6) }];
}

/** Gives a service to every node of some runs, that depends on a router which every node keeps. */
export function withBalance(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  if (!chance.chance(ODDS) || nodes.every(({ config }) => config.routers.length === 0)) return [...nodes];
  const has = ({ routers }: ConfigPlan, wanted: string): boolean =>
    routers.some(({ name }) => name === wanted);
  const names = (nodes[0]?.config.routers ?? [])
    .map(({ name }) => name)
    .filter((name) => nodes.every(({ config, later }) => has(config, name) && has(later, name)));
  const service = drawService(chance, names);
  const services = drawLater(chance, service);
  const lasting = chance.pick([0, 1000, 5000]);
  const drained = (all: readonly Drawn[]): ServicePlan[] =>
    all.map((each) => ({ ...each, lasting, drainTimeout: chance.pick([0, 2000, 60_000, 60_000]) }));
  const [first, second] = [drained([service]), drained(services)];
  return nodes.map((node) => ({
    ...node,
    config: { ...node.config, services: first },
    later: { ...node.later, services: second },
  }));
}

/** Servers that die and come back, and other trouble. */
export function drawBalanceFaults(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  if (nodes.every(({ config }) => config.services.length === 0)) return [];
  const dead = SERVERS.filter(() => chance.chance(0.3)).map((server): Fault => {
    // From before the first agent starts.
    return { kind: "server-dies", at: 0, until: chance.between(1000, peaceAt - 1), server };
  });
  const drawn = Array.from({ length: chance.integer(1, FAULTS_MAX) }, (): Fault => {
    const at = chance.between(0, peaceAt - 1);
    const until = Math.min(at + 10 ** chance.between(2.5, 4), peaceAt - 1);
    const node = chance.integer(0, nodes.length - 1);
    const kind = chance.pick([
      "server-dies",
      "server-dies",
      "server-dies",
      "table-fails",
      "table-flushed",
    ] as const);
    return kind === "server-dies"
      ? { kind, at, until, server: chance.pick(SERVERS) }
      : { kind, at, until, node };
  });
  const added = nodes.flatMap((_, node): Fault[] => {
    const at = chance.between(0, peaceAt - 1);
    return chance.chance(0.5) ? [{ kind: "server-added", at, until: at, node }] : [];
  });
  return [...dead, ...drawn, ...added];
}

const OF_BALANCE: readonly Fault["kind"][] = ["server-dies", "table-fails", "table-flushed", "server-added"];

export const isOfBalance = (fault: Fault): fault is Fault & BalanceFault => OF_BALANCE.includes(fault.kind);

export function inflictBalance(world: World, fault: BalanceFault, later: (run: () => void) => void): void {
  if (fault.kind === "server-dies") {
    const key = `${fault.server}:${PORT}`;
    for (const { health } of world.nodes) health.failing.add(key);
    later(() => {
      for (const { health } of world.nodes) health.failing.delete(key);
    });
    return;
  }
  const balance = world.nodes[fault.node]?.balance ?? null;
  if (balance === null) return;
  if (fault.kind === "table-flushed") balance.flush();
  else if (fault.kind === "server-added") balance.add(STRANGER, PORT);
  else {
    balance.fails = true;
    later(() => (balance.fails = false));
  }
}

/** The table of haagent.toml. */
export function serviceText(service: ServicePlan): string {
  const { name, servers, interval, rise, fall } = service;
  const list = servers.map(({ address, weight }) => `{ address = "${address}:${PORT}", weight = ${weight} }`);
  return [
    `[virtual_server.${name}]`,
    `address = "10.0.5.1:${PORT}"`,
    `scheduler = "rr"`,
    `quiescent = ${service.quiescent}`,
    `drain_timeout = "${service.drainTimeout}ms"`,
    `quorum = ${service.quorum}`,
    `panic_below = ${service.panicBelow}`,
    `real_servers = [${list.join(", ")}]`,
    ...(service.fallback ? [`fallback = "${FALLBACK}:${PORT}"`] : []),
    ...(service.activeWhen === null ? [] : [`active_when = "${service.activeWhen}"`]),
    ...(service.activeWhen !== null && service.prepared ? [`inactive = "prepared"`] : []),
    `check = { type = "tcp", interval = "${interval}ms", timeout = "200ms", rise = ${rise}, fall = ${fall} }`,
  ].join("\n");
}
