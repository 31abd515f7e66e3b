/** What ip(8) shows of routes and rules in a namespace, in the order of the kernel. */
import type { Namespace } from "../lab/namespace.ts";

/** The protocol number of an agent's routes and rules, as ip(8) prints it. */
export const OURS = "112";

interface RouteJson {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly metrics?: readonly { readonly mtu?: number }[];
}

/** A route in the words of ip(8), with its protocol where it is none of ours. */
function words(route: RouteJson): string {
  const parts = [route.type ?? "", route.dst];
  if (route.gateway !== undefined) parts.push("via", route.gateway);
  if (route.dev !== undefined && route.dev !== "lo") parts.push("dev", route.dev);
  if (route.protocol !== OURS) parts.push("proto", route.protocol ?? "boot");
  if (route.scope !== undefined) parts.push("scope", route.scope);
  if (route.prefsrc !== undefined) parts.push("src", route.prefsrc);
  if (route.metric !== undefined) parts.push("metric", `${route.metric}`);
  if (route.flags?.includes("onlink") === true) parts.push("onlink");
  for (const { mtu } of route.metrics ?? []) if (mtu !== undefined) parts.push("mtu", `${mtu}`);
  return parts.filter((part) => part !== "").join(" ");
}

async function told(namespace: Namespace, family: 4 | 6, table: number): Promise<readonly RouteJson[]> {
  // A table that never had a route is an error.
  const text = await namespace
    .run(["ip", "-j", `-${family}`, "route", "show", "table", `${table}`])
    .catch(() => "[]");
  return JSON.parse(text === "" ? "[]" : text) as readonly RouteJson[]; // ip-route(8) fixes these keys
}

/** All that an agent put into a table. */
export async function ourRoutes(namespace: Namespace, family: 4 | 6 = 4, table = 254): Promise<string[]> {
  return (await told(namespace, family, table)).filter(({ protocol }) => protocol === OURS).map(words);
}

/** Everything in a table but what comes with addresses. */
export async function allRoutes(namespace: Namespace, family: 4 | 6 = 4, table = 254): Promise<string[]> {
  return (await told(namespace, family, table)).filter(({ protocol }) => protocol !== "kernel").map(words);
}

/** Rules but those that every kernel has, as ip(8) prints them without their protocol. */
export async function rules(namespace: Namespace, family: 4 | 6 = 4): Promise<string[]> {
  const text = await namespace.run(["ip", `-${family}`, "rule", "show"]);
  return text
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "" && !/^(0|32766|32767): from all lookup (local|main|default)$/.test(line));
}
