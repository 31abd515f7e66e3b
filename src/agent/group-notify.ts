/** What is run when a sync group changes its role as a whole, as keepalived.conf(5) does for a vrrp_sync_group. */
import type { Action } from "./boundary.ts";
import { environmentOf, roleWord } from "./notify.ts";
import type { Role, Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** A group has none; keepalived says 0. */
const GROUP_PRIORITY = "0";

/** The role of a group: that of all members, else fault before backup. */
function groupRole(roles: readonly Role[]): Role {
  const [first = "init"] = roles;
  if (roles.every((role) => role === first)) return first;
  return roles.includes("fault") ? "fault" : "backup";
}

/** Tells the groups of the turn's routers to the `any` commands of their members, each command once. */
export function tellGroups(world: World, turn: Turn): void {
  const groups = new Map<string, Router[]>();
  for (const router of turn.touched) {
    const { syncGroup } = router.config;
    if (syncGroup !== null) groups.set(syncGroup, [...(groups.get(syncGroup) ?? []), router]);
  }
  if (groups.size === 0) return;
  for (const [name, touched] of groups) {
    const members = [...world.routers.values()].filter(({ config }) => config.syncGroup === name);
    const role = groupRole(members.map((member) => member.role));
    const told = world.groupsTold.get(name) ?? "init";
    // Scripts for MASTER expect the addresses to be there.
    if (role === "master" && !members.every(({ holds }) => holds)) continue;
    if (members.length === 0) world.groupsTold.delete(name);
    else world.groupsTold.set(name, role);
    // Of a group that is no more, its last members say STOP.
    const speakers = members.length === 0 ? touched : members;
    const same = role === told || (told !== "init" && roleWord(role) === roleWord(told));
    const user = world.config.agent.scriptUser;
    const action = same ? null : notifyGroup(name, speakers, role, told, user);
    if (action !== null) turn.out.defer(action);
  }
}

function notifyGroup(
  name: string,
  members: readonly Router[],
  role: Role,
  previous: Role,
  user: string | null,
): Extract<Action, { kind: "notify" }> | null {
  const any = new Map(
    members.flatMap(({ config }) => config.notify.any.map((argv) => [JSON.stringify(argv), argv] as const)),
  );
  if (any.size === 0) return null;
  const environment = environmentOf({
    name,
    role,
    previous,
    priority: GROUP_PRIORITY,
    interfaces: [...new Set(members.map(({ config }) => config.interface))],
    addresses: members.flatMap(({ addresses }) => addresses),
    reason: members.find((member) => member.role === role)?.reason ?? "",
  });
  const commands = Array.from(any.values(), (argv) => [
    ...argv,
    "GROUP",
    name,
    roleWord(role),
    GROUP_PRIORITY,
  ]);
  // No router has a space in its name: a queue of its own.
  return { kind: "notify", queue: `sync_group ${name}`, commands, environment, user };
}
