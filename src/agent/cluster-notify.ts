/** The commands of `[heartbeat] notify`: run, and not waited for, when a link, a node or a group of resources is another than before. */
import type { Cluster } from "./cluster.ts";
import type { Turn } from "./world.ts";

/** What happened to what; the words are those of the log. */
interface News {
  /** An interface or device, a node, a group. */
  readonly name: string;
  readonly state: string;
  /** Empty where it is not known. */
  readonly previous: string;
  readonly reason: string;
  /** Of a link, the node that it leads to; all where that is not one. */
  readonly node?: string;
}

const WORDS = { link: "LINK", node: "NODE", group: "GROUP" } as const;

/** Runs them with `LINK|NODE|GROUP name state` behind their own arguments; one after the other for each thing. */
export function notifyCluster(
  { config, scriptUser }: Cluster,
  turn: Turn,
  what: keyof typeof WORDS,
  { name, state, previous, reason, node = "" }: News,
): void {
  const lists = config.notify[what];
  if (lists.length === 0) return;
  const word = state.toUpperCase();
  turn.out.defer({
    kind: "notify",
    queue: `heartbeat ${what} ${name} ${node}`.trimEnd(),
    commands: lists.map((argv) => [...argv, WORDS[what], name, word]),
    environment: {
      HAAGENT_NAME: name,
      HAAGENT_STATE: word,
      HAAGENT_PREVIOUS: previous.toUpperCase(),
      HAAGENT_REASON: reason,
      ...(node === "" ? {} : { HAAGENT_NODE: node }),
    },
    user: scriptUser,
  });
}
