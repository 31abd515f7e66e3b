/** Faults of who cannot send: a master whose adverts find no way, a line that is asked for more than it carries. */
import type { Catcher, Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, caughtBy: Catcher): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks },
  caughtBy,
});

export const MUTE: readonly Mutant[] = [
  fault(
    "cluster/claims",
    'role === "master" ? !router.sending.isMute(now)',
    'role === "master" ? true',
    "holds a backup back though none of its adverts leaves",
    "agent/mute",
  ),
  fault(
    "sending",
    "return this.lost && now >= this.muteAt;",
    "return this.lost;",
    "is no healthy master for one advert that is lost",
    "agent/mute",
  ),
  fault(
    "unsent",
    "if (NO_ROUTE.has(errno) && other === null) return;",
    "if (NO_ROUTE.has(errno)) return;",
    "keeps what another master has, who does not hear it",
    "agent/mute",
  ),
  fault(
    "unsent",
    "priority !== RELEASING && ",
    "",
    "is in fault for want of a way, and nobody else serves",
    "agent/mute",
  ),
  fault(
    "contend",
    "if (healthy === mute) return mute;",
    "",
    "gives way to a master that nobody can hear",
    "agent/mute",
  ),
  fault(
    "contend",
    "if (gaveWay && isMaster(router)) announce(world, turn, router);",
    "",
    "leaves neighbours with the addresses of one that gave way",
    "agent/contend",
  ),
  fault(
    "contend",
    "!isMaster(router) || elapsed(saidAt, turn.now) > unheard",
    "true",
    "asks who tells anyway, and a slow line has no room for more",
    "agent/contend",
  ),
  fault(
    "agent",
    "    rivalsSlept(world, turn);\n",
    "",
    "takes over on waking from one that it asked nothing while it slept",
    "agent/contend",
  ),
  fault(
    "contend",
    "(yieldedAt !== null && elapsed(yieldedAt, turn.now) <= ASK_EVERY)",
    "false",
    "does not say that it gave way",
    "agent/contend",
  ),
  fault(
    "contend",
    "masters.filter((router) => turn.now - rivals.toldAt(router) >= ASK_EVERY)",
    "masters",
    "tells on a slow line what it said just now",
    "agent/contend",
  ),
  fault(
    "contend",
    "if (known !== undefined && known.node !== node) return;",
    "",
    "takes over again and again from the best of three, as another one is worse",
    "agent/contend",
  ),
  {
    ...{ file: "src/heartbeat/admission.ts", find: "interval * 2 ** asked", replace: "interval" },
    breaks: "fills a slow line with requests for what that has no room for",
    caughtBy: "heartbeat",
  },
  {
    file: "src/heartbeat/legacy.ts",
    find: 'requestAt: phase === "stable" ? after(turn.now, REQUEST_EVERY) : NEVER',
    replace: "requestAt: NEVER",
    breaks: "does not ask for its groups when the other one is back before it was fenced",
    caughtBy: "heartbeat",
  },
];
