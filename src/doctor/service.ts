/**
 * The service manager's patience: a stop that waits for before_release, or for the stops of resources, longer than that ends in a SIGKILL, and
 * releases or hands over nothing.
 */
import type { Config } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Of a stop besides its hooks, in seconds, with room. */
const MARGIN = 2;

/** Where each of conf/'s service files, or what was made of it, says after how many seconds it kills. */
const PATIENCE: readonly { readonly setting: string; readonly pattern: RegExp }[] = [
  { setting: "TimeoutStopSec", pattern: /^\s*TimeoutStopSec\s*=\s*(\d+)(?:s|sec)?\s*$/gm },
  { setting: "term_timeout", pattern: /^\s*procd_set_param\s+term_timeout\s+(\d+)/gm },
  { setting: "retry", pattern: /^\s*retry="?(?:SIG)?TERM\/(\d+)\//gm },
  { setting: "PATIENCE", pattern: /^\s*PATIENCE=(\d+)/gm },
];

/** The service files whose kill timeout is shorter than a stop can take. */
export function serviceFindings({ services }: Pick<Facts, "services">, config: Config): readonly Finding[] {
  const { longest, what, shorter } = slowest(config);
  if (longest === 0) return [];
  const needed = Math.ceil(longest + MARGIN);
  // A drop-in of systemd counts after the unit: the last one that says it decides.
  const said = services.flatMap(({ path, text }) =>
    PATIENCE.flatMap(({ setting, pattern }) =>
      Array.from(text.matchAll(pattern), ([, seconds]) => ({ path, setting, seconds: Number(seconds) })),
    ),
  );
  const last = new Map(said.map((each) => [each.setting, each]));
  return [...last.values()]
    .filter(({ seconds }) => seconds < needed)
    .map(({ path, setting, seconds }) => ({
      part: what === "before_release" ? "vrrp" : "heartbeat",
      id: "kill_timeout",
      severity: "degraded",
      subject: path,
      text: `${setting} kills after ${seconds} s an agent whose ${what} may take ${longest} s: it would release nothing`,
      cure: `${setting} of at least ${needed} s, or a shorter ${shorter}`,
    }));
}

/** What a stop may wait for longest, in seconds: a hook, or one try of each stop of a group of resources. */
function slowest({ routers, heartbeat }: Config): { longest: number; what: string; shorter: string } {
  const waits = routers.filter(({ hooks }) => hooks.beforeRelease.length > 0);
  const hook = Math.max(0, ...waits.map(({ hooks }) => hooks.timeout)) / 1000;
  const { groups = [], scripts } = heartbeat?.resources ?? {};
  const most = Math.max(0, ...groups.map(({ resources }) => resources.length));
  const stops = (most * (scripts?.timeouts.stop ?? 0)) / 1000;
  return stops > hook
    ? { longest: stops, what: "longest group", shorter: "resource_scripts.stop_timeout" }
    : { longest: hook, what: "before_release", shorter: "hooks.timeout" };
}
