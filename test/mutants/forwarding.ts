/** Faults in what moves besides addresses, routes and rules, and in how many addresses move at once. */
import type { Mutant } from "./mutants.ts";

export const FORWARDING: readonly Mutant[] = [
  {
    file: "src/agent/routing.ts",
    find: "      if (!router.holds) continue;\n",
    replace: "",
    breaks: "has its routes as a backup too",
    caughtBy: "sim",
  },
  {
    file: "src/agent/drive.ts",
    find: "forwarding: world.routing.record(name),",
    replace: "forwarding: [],",
    breaks: "adds routes that its ledger does not say",
    caughtBy: "sim",
  },
  {
    file: "src/agent/begin.ts",
    find: "world.routing.inherit(router, entry);",
    replace: "void [router, entry];",
    breaks: "leaves the routes of the one that was killed",
    caughtBy: "sim",
  },
  {
    file: "src/agent/forwarding.ts",
    find: "world.routing.expectBack(entry);\n",
    replace: "return;\n",
    breaks: "does not count how often its route is taken away",
    caughtBy: "agent",
  },
  {
    file: "src/agent/forwarding.ts",
    find: "if (lost.size > 0) assess(world, turn, lost.keys());",
    replace: "",
    breaks: "quarrels over a route for ever",
    caughtBy: "agent",
  },
  {
    file: "src/agent/routing.ts",
    find: 'errno === "EEXIST" && (change.entry.kind === "rule" || adopts(held.router))',
    replace: 'errno === "EEXIST"',
    breaks: "adopts every route that is there already",
    caughtBy: "agent",
  },
  {
    file: "src/agent/routing.ts",
    find: 'if (want !== undefined && (held.state === "found" || fulfils(held.entry, want.entry))) {',
    replace: "if (want !== undefined) {",
    breaks: "keeps a route as it was when its configuration changed",
    caughtBy: "agent",
  },
  {
    file: "src/wire/route.ts",
    find: "view.setUint8(5, PROTOCOL_HAAGENT);\n  view.setUint8(6, scope);",
    replace: "view.setUint8(6, scope);",
    breaks: "adds routes, and removes those of anybody, without its protocol number",
    caughtBy: "wire",
  },
  {
    file: "src/wire/rule.ts",
    find: "value: value === null ? 0 : u32(value)",
    replace: "value: value === null ? 1 : u32(value)",
    breaks: "takes a rule for packets without a mark for another one",
    caughtBy: "wire",
  },
  {
    file: "src/agent/routing.ts",
    find: "(router.device === null || router.deviceReady) && !lacks(name)",
    replace: "router.device === null || router.deviceReady",
    breaks: "adds a route from an address that is still to come",
    caughtBy: "agent",
  },
  {
    file: "src/agent/ownership.ts",
    find: "if (additions >= ADDITIONS_MAX) {",
    replace: "if (additions < 0) {",
    breaks: "adds a thousand addresses while its adverts wait",
    caughtBy: "agent",
  },
  {
    file: "src/agent/addresses.ts",
    find: "if (world.ownership.lacks(null)) turn.addresses = true;",
    replace: "",
    breaks: "never adds more than a first batch of addresses",
    caughtBy: "agent",
  },
];
