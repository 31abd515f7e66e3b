/**
 * One-line faults of the kind that people make. Each is planted alone, and what is named as its catcher must turn red: a test that
 * stays green under its mutant tests nothing. Where the simulator is named, nothing smaller is asked.
 */
import { CODECS } from "./codecs.ts";
import { FORWARDING } from "./forwarding.ts";
import { GUARD } from "./guard.ts";
import { HEARTBEAT } from "./heartbeat.ts";
import { HOOKS } from "./hooks.ts";
import { IPVS } from "./ipvs.ts";
import { JOINED } from "./joined.ts";
import { OPERATOR } from "./operator.ts";
import { TAKEOVER } from "./takeover.ts";
import { VARIANTS } from "./variants.ts";
import { MACS } from "./virtual-mac.ts";
import { TELLING } from "./telling.ts";
import { TRACKING } from "./tracking.ts";

/** A fault: in `file`, the only place where `find` stands is replaced. */
export interface Mutant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What the product then does wrong, after "a router that" or "an agent that". */
  readonly breaks: string;
  readonly caughtBy: Catcher;
  /** Where that is the simulator, the seed that is asked first: the one that noticed it when the stories were as they are. */
  readonly seed?: number;
}

/** Who must notice: the simulator, a directory of test/, or, where that takes long, one file of it. */
export type Catcher = "sim" | "vrrp" | "wire" | "check" | "doctor" | "heartbeat" | "ipvs" | `agent/${string}`;

const timing: readonly Mutant[] = [
  {
    file: "src/vrrp/timing.ts",
    find: "3 * interval + skew(",
    replace: "2 * interval + skew(",
    breaks: "takes over after two missed adverts",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/timing.ts",
    find: "version === 2 ? 1000 : interval",
    replace: "version === 2 ? interval : 1000",
    breaks: "measures its skew in the other version's unit",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/timing.ts",
    find: "Math.max(own, advertised)",
    replace: "Math.min(own, advertised)",
    breaks: "deposes a slower master of version 2",
    caughtBy: "vrrp",
  },
];

const machine: readonly Mutant[] = [
  {
    file: "src/vrrp/backup.ts",
    find: "masterDownAt: patient, expired: false, master, preemptAt: null",
    replace: "masterDownAt: state.masterDownAt, expired: false, master, preemptAt: null",
    breaks: "hears a better master and does not reset its timer",
    caughtBy: "sim",
  },
  {
    file: "src/vrrp/master.ts",
    find: "if (yields(settings, state, tie, advert, now)) {",
    replace: "if (theirs > 255) {",
    breaks: "never yields",
    caughtBy: "sim",
  },
  {
    file: "src/vrrp/rank.ts",
    find: "compareIp(address, thanAddress) > 0",
    replace: "compareIp(address, thanAddress) !== 0",
    breaks: "yields in every tie, as the other one does",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/machine.ts",
    find: "priority === OWNER && !grouped && now >= listensUntil;",
    replace: "priority === OWNER && grouped && now >= listensUntil;",
    breaks: "owns the addresses and waits like everybody else",
    caughtBy: "sim",
    seed: 13,
  },
  {
    file: "src/vrrp/lateness.ts",
    find: "elapsed(state.sentAt, now) > 2 * settings.interval",
    replace: "elapsed(state.sentAt, now) > 2000 * settings.interval",
    breaks: "comes back from a stall believing that it is master",
    caughtBy: "sim",
    seed: 40,
  },
  {
    file: "src/vrrp/master.ts",
    find: 'if (now < state.assertAt) return same(standing, [{ kind: "announce" }]);',
    replace: "if (now < state.assertAt) return same(standing);",
    breaks: "does not announce at the loser's last word",
    caughtBy: "sim",
    seed: 30,
  },
  {
    file: "src/vrrp/backup.ts",
    find: "if (alive && outranksSurely(settings, known, priority, address)) return same(state);",
    replace: "",
    breaks: "believes the last word of a loser",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/backup.ts",
    find: "if (better || !settings.preempt) {",
    replace: "if (better) {",
    breaks: "preempts although it must not",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/backup.ts",
    find: "if (overslept(settings, state, now)) {",
    replace: "if (now < 0) {",
    breaks: "slept, heard nobody because it slept, and takes over",
    caughtBy: "sim",
    seed: 20,
  },
  {
    file: "src/vrrp/enter.ts",
    find: 'if (!silent) actions.push({ kind: "advertise", priority: RELEASING });',
    replace: "",
    breaks: "leaves without a word",
    caughtBy: "sim",
  },
  {
    file: "src/vrrp/group.ts",
    find: "const ready = members.every(",
    replace: "const ready = members.some(",
    breaks: "takes a whole sync group when one member's master is gone",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/group.ts",
    find: 'return masters > 0 ? "yield" : "nothing";',
    replace: 'return "nothing";',
    breaks: "loses one member of a sync group and keeps the others",
    caughtBy: "sim",
    seed: 34,
  },
];

const admission: readonly Mutant[] = [
  {
    file: "src/vrrp/admit.ts",
    find: 'return origin.hopLimit === 255 ? null : "ttl";',
    replace: "return null;",
    breaks: "obeys adverts from beyond the link",
    caughtBy: "sim",
    seed: 4,
  },
  {
    file: "src/vrrp/admit.ts",
    find: "expected.key.every((byte, at) => byte === auth.data[at])",
    replace: "expected.key.some((byte, at) => byte === auth.data[at])",
    breaks: "takes a wrong password",
    caughtBy: "vrrp",
  },
];

const agent: readonly Mutant[] = [
  {
    file: "src/agent/addresses.ts",
    find: "ms(fromSeconds(shortest) / 4)",
    replace: "ms(fromSeconds(shortest) * 4)",
    breaks: "renews lifetimes when they are over",
    caughtBy: "sim",
  },
  {
    file: "src/agent/addresses.ts",
    find: "if (!holder.holds) continue;",
    replace: "",
    breaks: "takes what expired in a stall for theft",
    caughtBy: "agent/stall",
  },
  {
    file: "src/agent/outbox.ts",
    find: ": [...this.adverts, ...this.beforehand, ...addresses];",
    replace: ": [...this.adverts, ...addresses, ...this.beforehand];",
    breaks: "adds addresses before the ledger vouches for them",
    caughtBy: "sim",
  },
  {
    file: "src/agent/recover.ts",
    find: "silent >= 2 * config.advertInterval",
    replace: "silent >= 2000 * config.advertInterval",
    breaks: "resumes long after it died",
    caughtBy: "sim",
    seed: 10,
  },
  {
    file: "src/agent/recover.ts",
    find: "if (of !== bootId) continue;\n    for (const { confirmed",
    replace: "for (const { confirmed",
    breaks: "removes what the ledger of another boot names",
    caughtBy: "agent/recover",
  },
  {
    file: "src/agent/ownership.ts",
    find: 'confirmed: state !== "pending" && lifetime === null',
    replace: 'confirmed: state !== "pending"',
    breaks: "removes what somebody put in the place of an expired address",
    caughtBy: "agent/left",
  },
  {
    file: "src/agent/listen.ts",
    find: "for (const text of world.reopening) world.deaf.delete(text);",
    replace: "",
    breaks: "stays deaf after its socket works again",
    caughtBy: "agent/interface",
  },
  {
    file: "src/agent/listen.ts",
    find: "known.groups.add(config.multicastGroup);",
    replace: "known.groups.has(config.multicastGroup);",
    breaks: "does not join its group",
    caughtBy: "sim",
  },
  {
    file: "src/agent/kernel.ts",
    find: "|| tentative || virtual.has(address)) continue;",
    replace: "|| tentative) continue;",
    breaks: "speaks from a virtual address",
    caughtBy: "sim",
    seed: 35,
  },
  {
    file: "src/agent/reload.ts",
    find: 'for (const router of world.routers.keys()) turn.out.finally({ kind: "ledger", router, record: null });',
    replace: "",
    breaks: "leaves a ledger behind that vouches for what it gave up",
    caughtBy: "agent/left",
  },
  {
    file: "src/agent/drive.ts",
    find: "world.announcer.cancel(router.config.name);",
    replace: "",
    breaks: "goes on announcing what it gave up",
    caughtBy: "sim",
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...timing,
  ...machine,
  ...admission,
  ...agent,
  ...TRACKING,
  ...OPERATOR,
  ...TELLING,
  ...GUARD,
  ...HOOKS,
  ...FORWARDING,
  ...CODECS,
  ...VARIANTS,
  ...MACS,
  ...HEARTBEAT,
  ...TAKEOVER,
  ...JOINED,
  ...IPVS,
];
