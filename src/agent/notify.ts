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

/**
 * The commands of the role just entered, then those of `any` with their four arguments; null when there are none, or when it is
 * the role before in other words.
 */
export function notify(
  router: Router,
  previous: Role,
  user: string | null,
): Extract<Action, { kind: "notify" }> | null {
  const { role } = router;
  const { name, notify: lists } = router.config;
  const word = WORDS[role];
  if (previous !== "init" && WORDS[previous] === word) return null;
  const commands = [
    ...lists[LISTS[role]],
    ...lists.any.map((argv) => [...argv, "INSTANCE", name, word, String(router.priority)]),
  ];
  if (commands.length === 0) return null;
  const environment = routerEnvironment(router, previous, router.reason);
  return { kind: "notify", router: name, commands, environment, user };
}

/** The commands of `any` once more, as an alarm: nothing but the reason is another. */
export function notifyAgain(
  router: Router,
  reason: string,
  user: string | null,
): Extract<Action, { kind: "notify" }> | null {
  const { name, notify: lists } = router.config;
  const words = ["INSTANCE", name, WORDS[router.role], String(router.priority)];
  const commands = lists.any.map((argv) => [...argv, ...words]);
  if (commands.length === 0) return null;
  return {
    kind: "notify",
    router: name,
    commands,
    environment: routerEnvironment(router, router.role, reason),
    user,
  };
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
