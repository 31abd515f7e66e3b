/** What is run when a router changes its role, as keepalived.conf(5) runs its notify scripts. */
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
  const { name, interface: link, notify: lists } = router.config;
  const word = WORDS[role];
  if (previous !== "init" && WORDS[previous] === word) return null;
  const commands = [
    ...lists[LISTS[role]],
    ...lists.any.map((argv) => [...argv, "INSTANCE", name, word, String(router.priority)]),
  ];
  if (commands.length === 0) return null;
  const environment = {
    HAAGENT_NAME: name,
    HAAGENT_STATE: word,
    HAAGENT_PREVIOUS: previous === "init" ? "INIT" : WORDS[previous],
    HAAGENT_PRIORITY: String(router.priority),
    HAAGENT_INTERFACE: link,
    HAAGENT_ADDRESSES: router.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(" "),
    HAAGENT_REASON: router.reason,
  };
  return { kind: "notify", router: name, commands, environment, user };
}
