/** The host as a whole: what the process may do, the clock that timers hang on, and binding to addresses that are elsewhere. */
import type { Config } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Clock sources that a kernel falls back to, coarse or slow to read. */
const POOR_CLOCKS: readonly string[] = ["jiffies", "refined-jiffies", "pit", "acpi_pm"];

/** All findings about the host. */
export function hostFindings(facts: Facts, config: Config): readonly Finding[] {
  return [...capabilities(facts), ...clock(facts, config), ...nonlocalBind(facts, config)];
}

function capabilities({ missingCapabilities: missing }: Facts): Finding[] {
  if (missing.length === 0) return [];
  return [
    {
      part: "host",
      id: "capability",
      severity: "fault",
      subject: missing.join(" "),
      text: `no ${missing.join(" and no ")}: an agent that is started like this cannot run, and the doctor saw less than there is`,
      cure: "run as root, or write AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW into the systemd unit",
    },
  ];
}

function clock({ clockSource }: Facts, { routers }: Config): Finding[] {
  if (clockSource === null || !POOR_CLOCKS.includes(clockSource)) return [];
  const shortest = Math.min(...routers.map(({ advertInterval }) => advertInterval));
  return [
    {
      part: "host",
      id: "clocksource",
      severity: shortest < 1000 ? "degraded" : "note",
      subject: clockSource,
      text: `the kernel keeps time by ${clockSource}, which is coarse or slow: timers may be late by milliseconds`,
      cure: "see /sys/devices/system/clocksource/clocksource0/available_clocksource and why the kernel log calls the better one unstable",
    },
  ];
}

function nonlocalBind({ settings }: Facts, { routers }: Config): Finding[] {
  const findings: Finding[] = [];
  for (const family of [4, 6] as const) {
    const key = `net/ipv${family}/ip_nonlocal_bind`;
    const router = routers.find((each) => each.family === family && each.priority < 255);
    if (router === undefined || settings.get(key)?.value !== "0") continue;
    const address = router.addresses[0]?.address ?? "a virtual address";
    findings.push({
      part: "host",
      id: "ip_nonlocal_bind",
      severity: "note",
      subject: `IPv${family}`,
      text: `a service that binds to ${address} itself cannot start while this node is backup`,
      cure: `sysctl -w net.ipv${family}.ip_nonlocal_bind=1, or let the service bind to all addresses`,
    });
  }
  return findings;
}
