/** Gathers what the doctor judges: files of /proc, /sys and /etc, the filter programs' listings, and what is heard on the wire. */
import {
  accessSync,
  constants,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  closeSync,
  statSync,
} from "node:fs";
import { basename } from "node:path";
import { missingCapabilities } from "../../native/process.ts";
import type { KernelAddress, Link } from "../agent/boundary.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { Config, RouterConfig } from "../config/model.ts";
import type { AgentFact, Bridge, Facts, PathFact, Printed, Setting } from "../doctor/facts.ts";
import { bootId } from "./boot.ts";
import { accountOf, PATH } from "./command.ts";
import { directorFacts } from "./director-facts.ts";
import { ipvsFact } from "./ipvs-modules.ts";
import { Kernel } from "./kernel.ts";
import { readLedger } from "./ledger.ts";
import { overhear } from "./overhear.ts";
import { rivals } from "./rivals.ts";
import { routeFacts } from "./route-facts.ts";
import { serviceFiles } from "./service-files.ts";

const PROGRAM_TIMEOUT_MS = 5000;
/** A listing of a firewall with some 100,000 rules. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024;
/** How long to listen: what is longer than three intervals has been heard, and nobody waits for ever. */
const LISTEN_LEAST_MS = 1000;
const LISTEN_MOST_MS = 15_000;

/** What the pure side says is to be looked at. */
export interface Wanted {
  /** Programs that commands begin with. */
  readonly programs: Iterable<string>;
  /** A path and all above it. */
  readonly upwards: (path: string) => readonly string[];
  /** What the agent of this configuration answered; null: none runs. */
  readonly agent: AgentFact | null;
}

/** All facts about this host for a configuration; takes as long as it listens. */
export async function gather(config: Config, wanted: Wanted): Promise<Facts> {
  const { links, addresses } = tables();
  const { routers } = config;
  const filters = ["nft", "iptables-save", "ip6tables-save"] as const;
  const [heard, ...printed] = await Promise.all([
    overhear(routers, links, spanFor(routers)),
    ...filters.map(listing),
  ]);
  const programs = new Map([...wanted.programs].map((program) => [program, find(program)]));
  const found = [...programs.values()].filter((path) => path !== null);
  const paths = [...found.flatMap(wanted.upwards), config.agent.runtimeDir, config.agent.stateDir];
  const ledger = readLedger(config.agent.runtimeDir);
  const here = bootId();
  return {
    ...heard,
    missingCapabilities: missingCapabilities(),
    clockSource: read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
    links,
    addresses,
    settings: settingsOf(links),
    ipvs: ipvsFact(),
    ...directorFacts(),
    ...routeFacts(),
    filters: printed,
    bridges: bridgesOf(routers),
    rivals: rivals(),
    paths: new Map(paths.map((path) => [path, pathFact(path)])),
    programs,
    scriptUser: accountOf(config.agent.scriptUser),
    services: serviceFiles(),
    agent: wanted.agent,
    ledger: (ledger.ok ? ledger.value : []).filter((record) => record.bootId === here),
  };
}

function spanFor(routers: readonly RouterConfig[]): Milliseconds {
  const longest = Math.max(0, ...routers.map(({ advertInterval }) => advertInterval));
  return ms(Math.min(LISTEN_MOST_MS, Math.max(LISTEN_LEAST_MS, longest * 3 + 200)));
}

/** The kernel's links and addresses; none where netlink is refused, which the capabilities tell. */
function tables(): { readonly links: readonly Link[]; readonly addresses: readonly KernelAddress[] } {
  const opened = Kernel.open(
    () => undefined,
    () => undefined,
  );
  if (!opened.ok) return { links: [], addresses: [] };
  opened.value.kernel.close();
  return opened.value.tables;
}

/** A small file without its newline; null where there is none. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

const CONF = ["rp_filter", "arp_ignore", "arp_announce", "arp_filter", "promote_secondaries"];
const BALANCING = [
  "expire_nodest_conn",
  "expire_quiescent_template",
  "conn_reuse_mode",
  "sloppy_tcp",
  "conntrack",
];

function settingsOf(links: readonly Link[]): ReadonlyMap<string, Setting> {
  const keys = [
    ...["all", ...links.map(({ name }) => name)].flatMap((name) =>
      CONF.map((key) => `net/ipv4/conf/${name}/${key}`),
    ),
    ...["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"],
    ...BALANCING.map((key) => `net/ipv4/vs/${key}`),
    ...["count", "max", "tcp_loose"].map((key) => `net/netfilter/nf_conntrack_${key}`),
    "net/ipv4/ip_nonlocal_bind",
    "net/ipv6/ip_nonlocal_bind",
  ];
  const settings = new Map<string, Setting>();
  for (const key of keys) {
    const value = read(`/proc/sys/${key}`);
    if (value !== null) settings.set(key, { value, writable: writable(`/proc/sys/${key}`) });
  }
  return settings;
}

/** False where the file system is read-only; who may not write for want of rights sees true, as the agent has them. */
function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "EROFS");
  }
}

/** What a filter program prints of its rules. */
async function listing(program: Printed["program"]): Promise<Printed> {
  const path = Bun.which(program, { PATH });
  if (path === null) return { program, text: null, failure: "not installed" };
  const argv = program === "nft" ? [path, "-j", "list", "ruleset"] : [path];
  const child = Bun.spawn(argv, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH, LC_ALL: "C" },
    timeout: PROGRAM_TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: LISTING_BYTES_MAX,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return { program, text: stdout, failure: null };
  const [said = ""] = stderr.split("\n").filter((line) => line.trim() !== "");
  return { program, text: null, failure: said === "" ? `exit ${code}` : said };
}

/** Bridges that the routers' interfaces are, or are ports of. */
function bridgesOf(routers: readonly RouterConfig[]): Bridge[] {
  return [...new Set(routers.map((router) => router.interface))].flatMap((name): Bridge[] => {
    const master = linkTarget(`/sys/class/net/${name}/master`);
    const bridge = [name, master].find(
      (each) => each !== null && read(`/sys/class/net/${each}/bridge/multicast_snooping`) !== null,
    );
    if (bridge === undefined || bridge === null) return [];
    const on = (key: string): boolean => read(`/sys/class/net/${bridge}/bridge/${key}`) === "1";
    return [
      { name: bridge, interface: name, snooping: on("multicast_snooping"), querier: on("multicast_querier") },
    ];
  });
}

function linkTarget(path: string): string | null {
  try {
    return basename(readlinkSync(path));
  } catch {
    return null;
  }
}

/** Where a command's program is, as starting it would look for it. */
function find(program: string): string | null {
  if (program.includes("/")) return pathFact(program) === null ? null : program;
  return Bun.which(program, { PATH });
}

function pathFact(path: string): PathFact | null {
  try {
    const { mode, uid, gid } = statSync(path);
    const type = mode & constants.S_IFMT;
    const kind = type === constants.S_IFREG ? "file" : type === constants.S_IFDIR ? "directory" : "other";
    return { kind, mode: mode & 0o7777, uid, gid, script: kind === "file" && isScript(path) };
  } catch {
    return null;
  }
}

function isScript(path: string): boolean {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const head = new Uint8Array(2);
      return readSync(fd, head, 0, 2, 0) === 2 && head[0] === 0x23 && head[1] === 0x21;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
