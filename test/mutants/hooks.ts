/** Faults of awaited hooks. */
import type { Mutant } from "./mutants.ts";

export const HOOKS: readonly Mutant[] = [
  {
    file: "src/agent/router.ts",
    find: 'return this.role === "master" && this.phase !== "taking" && this.phase !== "ready";',
    replace: 'return this.role === "master";',
    breaks: "takes its addresses before before_take has ended",
    caughtBy: "sim",
  },
  {
    file: "src/agent/awaited.ts",
    find: 'if (router.phase !== "taking") return;\n      if (failure === null) {',
    replace: 'if (router.phase !== "taking") return;\n      if (failure !== "") {',
    breaks: "takes although before_take failed",
    caughtBy: "sim",
  },
  {
    file: "src/agent/hooks.ts",
    find: 'if (members.some(({ phase }) => phase === "taking")) continue;',
    replace: "",
    breaks: "takes a part of its sync group",
    caughtBy: "sim",
  },
  {
    file: "src/agent/drive.ts",
    find: 'state: router.role === "master" && !router.holds ? "backup" : router.role,',
    replace: "state: router.role,",
    breaks: "resumes as master though before_take never let it take",
    caughtBy: "agent",
  },
  {
    file: "src/agent/hooks.ts",
    find: "  world.hooks.cancelTaking(turn, router.config.name);\n",
    replace: "",
    breaks: "leaves before_take running when it is deposed",
    caughtBy: "agent",
  },
  {
    file: "src/agent/hooks.ts",
    find: 'if (known?.which === "before_release" && which !== "before_release") {',
    replace: "if (known === null) {",
    breaks: "kills its before_release to run before_take",
    caughtBy: "agent",
  },
  {
    file: "src/agent/hooks.ts",
    find: 'router.owesRelease = phase === "settled" && commandsOf(router, "before_release").length > 0;',
    replace: "",
    breaks: "runs no before_release when it is deposed",
    caughtBy: "sim",
  },
  {
    file: "src/agent/awaited.ts",
    find: 'else if (router.role === "fault") drive(world, turn, router, { kind: "stop", silent: true });',
    replace: "",
    breaks: "is deposed on its way into a fault and comes back",
    caughtBy: "agent",
  },
  {
    file: "src/agent/awaited.ts",
    find: 'router.phase = "left";\n      assess(world, turn, [router]);',
    replace: 'router.phase = "left";',
    breaks: "never leaves after its before_release",
    caughtBy: "agent",
  },
  {
    file: "src/agent/assess.ts",
    find: "if (leaving.some(({ sudden }) => sudden)) return false;",
    replace: "",
    breaks: "waits for before_release on a dead interface",
    caughtBy: "sim",
  },
  {
    file: "src/agent/assess.ts",
    find: "const returns = !stays && startsAsMaster(router.settings(), turn.now);",
    replace: "const returns = false;",
    breaks: "owns the addresses and says that it leaves in the turn in which it comes back",
    caughtBy: "agent",
  },
];
