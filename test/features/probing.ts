/** A router of one box that tracks checks, and what the agent says of them. */
import { readFileSync } from "node:fs";
import type { Said } from "./agent.ts";
import { Agent } from "./agent.ts";
import type { Box, Site } from "./site.ts";
import type { Child } from "../lab/process.ts";

/** Its virtual address, on LAN 1. */
export const VIP = "10.77.1.50";
const WEB = new URL("web.ts", import.meta.url).pathname;

/** One `[check.NAME]`: its keys as TOML lines. Ten probes a second, one failure is enough, and no fault by it. */
export const check = (name: string, ...lines: readonly string[]): string => {
  const given = (key: string): boolean => lines.some((line) => line.startsWith(`${key} =`));
  const defaults = ['interval = "100ms"', 'timeout = "1s"', "fall = 1", "weight = -10"].filter(
    (line) => !given(line.split(" ")[0] ?? ""),
  );
  return [`[check.${name}]`, ...lines, ...defaults, ""].join("\n");
};

/** A router that tracks all the checks in `text`. */
export const tracking = (priority: number, text: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["${VIP}/24"]
track_checks = [${Array.from(text.matchAll(/^\[check\.(\w+)\]/gm), ([, name]) => `"${name}"`).join(", ")}]
${text}`;

/** A started agent in a box. */
export async function started(site: Site, box: Box, text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** The servers of web.ts in a box. */
export async function serve(site: Site, box: Box): Promise<Child> {
  const web = box.namespace.spawn([process.execPath, WEB]);
  site.atClose(() => web.end("SIGKILL"));
  await web.says("ready", 10_000);
  return web;
}

/** What was said last of a check, `up` or not with its detail; waits until it was said so. */
export async function verdict(agent: Agent, name: string, up: boolean, text = ""): Promise<string> {
  await agent.says("track.changed", `name=${name} router=lan up=${up}`);
  const wanted = (said: Said): boolean =>
    said.fields["name"] === name &&
    said.fields["up"] === String(up) &&
    (said.fields["detail"] ?? "").includes(text);
  const found = agent.events("track.changed").filter(wanted).at(-1);
  if (found === undefined) {
    const said = agent.events("track.changed").filter(({ fields }) => fields["name"] === name);
    throw new Error(`${name} is not ${up} with "${text}": ${said.map(({ line }) => line).join("\n")}`);
  }
  return found.fields["detail"] ?? "";
}

/** The name of a process; empty when it is gone. */
export function comm(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
