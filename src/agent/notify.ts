/** What is run when a router changes its role, as keepalived.conf(5) runs its notify scripts. */
import type { AddressConfig } from "../config/model.ts";
import type { Action } from "./boundary.ts";
import type { Role, Router } from "./router.ts";

/** The words of keepalived for a role; `init` is only ever entered by stopping, and its scripts know no standby. */
const WORDS = {
  master: "MASTER",
  backup: "BACKUP",
  fault: "FAULT",
  init: "STOP",
  standby: "BACKUP",
} as const;
const LISTS = {
  master: "master",
  backup: "backup",
  fault: "fault",
  init: "stop",
  standby: "backup",
} as const;

/** The word of keepalived for a role. */
export const roleWord = (role: Role): string => WORDS[role];

/** A change of role, of a router or of a whole sync group. */
interface Change {
  readonly name: string;
  readonly role: Role;
  readonly previous: Role;
  readonly priority: string;
  readonly interfaces: readonly string[];
  readonly addresses: readonly AddressConfig[];
  readonly reason: string;
}

/** What the commands find in their environment besides PATH. */
export const environmentOf = (change: Change): Readonly<Record<string, string>> => ({
  HAAGENT_NAME: change.name,
  HAAGENT_STATE: WORDS[change.role],
  HAAGENT_PREVIOUS: change.previous === "init" ? "INIT" : WORDS[change.previous],
  HAAGENT_PRIORITY: change.priority,
  HAAGENT_INTERFACE: change.interfaces.join(" "),
  HAAGENT_ADDRESSES: change.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(" "),
  HAAGENT_REASON: change.reason,
});

type Notify = Extract<Action, { kind: "notify" }>;

/** The commands of `any` with their four arguments, as the router is now. */
const anyCommands = ({ config: { name, notify: lists }, role, priority }: Router): string[][] =>
  lists.any.map((argv) => [...argv, "INSTANCE", name, WORDS[role], String(priority)]);

/**
 * The commands of the role just entered, then those of `any` with their four arguments; null when there are none, or when it is
 * the role before in other words.
 */
export function notify(router: Router, previous: Role, user: string | null): Notify | null {
  const { role } = router;
  const { name, notify: lists } = router.config;
  if (previous !== "init" && WORDS[previous] === WORDS[role]) return null;
  const commands = [...lists[LISTS[role]], ...anyCommands(router)];
  if (commands.length === 0) return null;
  const environment = routerEnvironment(router, previous, router.reason);
  return { kind: "notify", queue: name, commands, environment, user };
}

/** The commands of `any` once more, as an alarm: nothing but the reason is another. */
export function notifyAgain(router: Router, reason: string, user: string | null): Notify | null {
  const commands = anyCommands(router);
  if (commands.length === 0) return null;
  const environment = routerEnvironment(router, router.role, reason);
  return { kind: "notify", queue: router.config.name, commands, environment, user };
}

/** What a router's commands find in their environment besides PATH. */
export const routerEnvironment = (
  router: Router,
  previous: Role,
  reason: string,
): Readonly<Record<string, string>> =>
  environmentOf({
    name: router.config.name,
    role: router.role,
    previous,
    priority: String(router.priority),
    interfaces: [router.config.interface],
    addresses: router.addresses,
    reason,
  });
