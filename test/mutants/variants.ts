/** Faults in what is chosen seldom: sticky ties, the startup delay, both versions at once, the authentication header. */
import type { Mutant } from "./mutants.ts";

export const VARIANTS: readonly Mutant[] = [
  {
    file: "src/vrrp/tie.ts",
    find: "if (isNew) return theirsHigher || goesOnFor >= WAITS_FOR_LAST_WORD * unit;",
    replace: "if (isNew) return theirsHigher;",
    breaks: "is new, has the higher address, and takes from its equal what that one ran for long",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/tie.ts",
    find: "return theirsHigher && goesOnFor >= WAITS_FOR_NEWCOMER * unit;",
    replace: "return false;",
    breaks: "ran for long beside an equal that did, too, and never yields",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/tie.ts",
    find: "ms(Math.max(settings.interval, advert.interval));",
    replace: "ms(settings.interval);",
    breaks: "takes a slow equal's every advert for the first one",
    caughtBy: "vrrp",
  },
  {
    file: "src/vrrp/enter.ts",
    find: "return after(later(now, listensUntil), span(rules, priority, interval));",
    replace: "return after(now, span(rules, priority, interval));",
    breaks: "has a startup delay and does not wait",
    caughtBy: "sim",
  },
  {
    file: "src/vrrp/enter.ts",
    find: "if (priority === OWNER && now < listensUntil) return listensUntil;",
    replace: "",
    breaks: "owns the addresses and waits for others after its startup delay",
    caughtBy: "vrrp",
  },
  {
    file: "src/agent/send.ts",
    find: 'version === "2+3" ? [3, 2] : [version]',
    replace: 'version === "2+3" ? [3] : [version]',
    breaks: "speaks version 3 where it should speak both",
    caughtBy: "sim",
  },
  {
    file: "src/agent/versions.ts",
    find: "if (peer === undefined || version === counts || !speaks(peer, counts, now)) return false;",
    replace: "if (now > 0) return false;",
    breaks: "goes by the coarse interval of a peer's version 2",
    caughtBy: "agent",
  },
  {
    file: "src/agent/seal.ts",
    find: 'if (header.sequence < router.sequence) return "old";',
    replace: "",
    breaks: "believes what somebody recorded and sends again",
    caughtBy: "agent",
  },
  {
    file: "src/agent/seal.ts",
    find: "  router.sequence = header.sequence;\n",
    replace: "",
    breaks: "counts its adverts by itself, so that the others drop them",
    caughtBy: "sim",
  },
  {
    file: "src/agent/begin.ts",
    find: "if (sequenceBase !== undefined) router.sequence = resumedSequence(sequenceBase, turn.now);",
    replace: "",
    breaks: "counts from 1 again after a crash, so that its backup takes over",
    caughtBy: "agent",
  },
  {
    file: "src/wire/ah.ts",
    find: "if (unicast) copy[TTL] = 0;",
    replace: "copy[TTL] = 0;",
    breaks: "leaves the TTL out of the check value, which keepalived does not",
    caughtBy: "wire",
  },
  {
    file: "src/agent/seal.ts",
    find: 'if (header.sequence === router.sequence && !router.sequenceOwn) return "old";',
    replace: 'if (header.sequence === router.sequence) return "old";',
    breaks: "never hears the one that took over in the same moment",
    caughtBy: "agent",
  },
];
