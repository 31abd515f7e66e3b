/**
 * The checkers can fail. The shipped agent is sabotaged here in one way each: its actions or events are tampered with between it
 * and the world, and a promise must be found broken within a few seeds. A simulator that stays green is no simulator.
 */
import { describe, expect, test } from "bun:test";
import type { Action, Event } from "../../src/agent/boundary.ts";
import type { ServiceAction } from "../../src/agent/service/boundary.ts";
import { NEVER } from "../../src/base/units.ts";
import { type Handler, makeAgent } from "./agent.ts";
import type { Change } from "../../src/wire/ipvs.ts";
import { FOREIGN_ID } from "./balance.ts";
import { drawPlan } from "./draw.ts";
import { sightAdvert } from "./packets.ts";
import type { Plan } from "./plan.ts";
import { World } from "./world.ts";

const SEEDS_MAX = 60;
/** A seed in which a master is cut off from others whom its cluster still reaches; if it is another by now, those after it are tried. */
const FIRST_CUT = 12;
/** Milliseconds: on a busy machine a case may take a while, and that proves nothing. */
const PATIENCE = 900_000;

/** Changes what an agent does. */
type Tamper = (actions: readonly Action[], event: Event) => readonly Action[];
/** Whether an event reaches the agent. */
type Admit = (event: Event) => boolean;

const all: Admit = () => true;
const same: Tamper = (actions) => actions;

function sabotaged(tamper: Tamper, admit: Admit): () => Handler {
  return () => {
    const agent = makeAgent();
    let wakeAt = NEVER;
    return {
      handle(event, now, urgent) {
        if (!admit(event)) return { actions: [], wakeAt: event.kind === "deadline" ? NEVER : wakeAt };
        const handled = agent.handle(event, now, (actions) => urgent(tamper(actions, event)));
        ({ wakeAt } = handled);
        return { actions: tamper(handled.actions, event), wakeAt };
      },
      roles: () => agent.roles(),
      priorities: () => agent.priorities(),
      members: () => agent.members(),
    };
  };
}

/** The first broken promise within the first seeds from one on; null when all were kept. */
function firstViolation(
  tamper: Tamper,
  admit: Admit,
  from = 1,
  fits: (plan: Plan) => boolean = () => true,
): string | null {
  for (let seed = from; seed < from + SEEDS_MAX; seed++) {
    const plan = drawPlan(seed);
    if (!fits(plan)) continue;
    const world = new World(plan, sabotaged(tamper, admit), "none");
    world.run();
    const { violation } = world.scene;
    if (violation !== null) return violation.text;
  }
  return null;
}

const isAdvert = (action: Action): boolean =>
  (action.kind === "frame" || action.kind === "packet") && action.router !== null;

const isAnnouncement = (action: Action): boolean => action.kind === "frame" && action.router === null;

const without =
  (unwanted: (action: Action) => boolean): Tamper =>
  (actions) =>
    actions.filter((action) => !unwanted(action));

/** Keeps only some changes of every batch. */
const onlyChanges =
  (wanted: (op: string) => boolean): Tamper =>
  (actions) =>
    actions.map((action) =>
      action.kind === "addresses"
        ? { ...action, changes: action.changes.filter(({ op }) => wanted(op)) }
        : action,
    );

/** A copy of an advert with another source, or null where it cannot be had. */
function fromVirtualAddress(action: Action): Action {
  if (action.kind !== "frame" || action.router === null || action.ethertype !== 0x0800) return action;
  const bytes = action.bytes.slice();
  if (sightAdvert(4, bytes)?.version !== 3) return action;
  // The first advertised address, over the source of the IP header.
  bytes.set(bytes.slice(28, 32), 12);
  return { ...action, bytes };
}

/** Changes what an agent orders of the table of virtual services; null: it does not. */
const onServices =
  (change: (action: ServiceAction) => ServiceAction | null): Tamper =>
  (actions) =>
    actions.flatMap((action): readonly Action[] => {
      if (action.kind !== "services") return [action];
      const changed = change(action);
      return changed === null ? [] : [changed];
    });

const onChanges =
  (change: (changes: readonly Change[]) => readonly Change[]) =>
  (action: ServiceAction): ServiceAction =>
    action.what === "write" ? { ...action, changes: change(action.changes) } : action;

const withWeight = onChanges((changes) =>
  changes.map((change) =>
    "destination" in change ? { ...change, destination: { ...change.destination, weight: 1 } } : change,
  ),
);
const takes = (change: Change): boolean =>
  change.kind === "delete-destination" ||
  (change.kind === "edit-destination" && change.destination.weight === 0);
const backwards = onChanges((changes) => [
  ...changes.filter((change) => "service" in change || takes(change)),
  ...changes.filter((change) => !("service" in change) && !takes(change)),
]);
const hasty = onChanges((changes) =>
  changes.map((change) =>
    change.kind === "edit-destination" && change.destination.weight === 0
      ? { kind: "delete-destination", id: change.id, ...change.destination }
      : change,
  ),
);
const greedy = onChanges((changes) => [...changes, { kind: "delete-service", id: FOREIGN_ID }]);
const unnoted = (action: ServiceAction): ServiceAction =>
  action.what === "write" ? { ...action, owned: [] } : action;

/** Those of virtual services: as above, with the seeds that have some. */
const ofServices: readonly (readonly [name: string, text: string, tamper: Tamper])[] = [
  ["lets every server in", "has never passed", onServices(withWeight)],
  ["removes before it adds", "left its service without anybody", onServices(backwards)],
  ["lets nobody leave in peace", "with its connections", onServices(hasty)],
  ["has hands in what others balance", "of somebody else", onServices(greedy)],
  ["does not note its services", "did not note", onServices(unnoted)],
  [
    "writes its table once",
    "stands by and has|has nobody in service|in service, and should",
    onServices((action) => (action.what === "write" ? null : action)),
  ],
];

describe("an agent that breaks one promise", () => {
  // Which promise is found broken first is the seeds' choice, among few.
  const cases: readonly (readonly [string, string, Tamper, Admit])[] = [
    ["hears nobody", "both master|took VI_", same, (event) => event.kind !== "frame"],
    ["never advertises", "sends no advert", without(isAdvert), all],
    [
      "is never woken",
      "hears no master|sends no advert|owns the addresses",
      same,
      (event) => event.kind !== "deadline",
    ],
    ["never adds an address", "without", onlyChanges((op) => op !== "add"), all],
    ["never removes an address", "holds", onlyChanges((op) => op !== "delete"), all],
    [
      "never renews a lifetime",
      "is not there|hears no master|in peace",
      onlyChanges((op) => op !== "refresh"),
      all,
    ],
    ["adds addresses for ever", "for ever s", (actions) => actions.map(forEver), all],
    ["never announces", "did not announce", without(isAnnouncement), all],
    ["announces at first only", "did not", announcesOnce(), all],
    ["removes what it finds", "was there before us", removesFound(), all],
    ["speaks from a virtual address", "sent an advert of", (actions) => actions.map(fromVirtualAddress), all],
    ["says everything twenty times", "adverts of", (actions) => actions.flatMap(twentyTimes), all],
    ["ignores SIGTERM", "after SIGTERM", same, (event) => event.kind !== "signal"],
    ["keeps no ledger", "ledger does not say", without(({ kind }) => kind === "ledger"), all],
    [
      "does not look at its interfaces",
      "without carrier|is not up for a master",
      same,
      (event) => event.kind !== "link",
    ],
    [
      "lets addresses be taken away",
      "is not there|sends no advert|hears no master|is better than the master",
      same,
      (event) => event.kind !== "address-gone",
    ],
    ["says nothing to its cluster", "a link between them lives|in peace", without(isWord), all],
    ["hears nothing of its cluster", "a link between them lives|in peace", same, (event) => !isHeard(event)],
    // Whether a reload was taken is still said: the simulator asks the log as well.
    [
      "gives no alarm",
      "gives no alarm",
      without((action) => action.kind === "log" && action.event !== "config.loaded"),
      all,
    ],
  ];
  test.each(cases)(
    "is found out when it %s",
    (_name, text, tamper, admit) => {
      expect(firstViolation(tamper, admit)).toMatch(new RegExp(text));
    },
    PATIENCE,
  );

  test(
    "is found out when it tells its cluster nothing of its routers",
    () => {
      expect(firstViolation(without(isClaim), all, FIRST_CUT)).toContain("and their cluster knows");
    },
    PATIENCE,
  );

  test.each(ofServices)(
    "is found out when it %s",
    (_name, text, tamper) => {
      const found = firstViolation(tamper, all, 1, ({ nodes }) =>
        nodes.some(({ config }) => config.services.length > 0),
      );
      expect(found).toMatch(new RegExp(text));
    },
    PATIENCE,
  );

  test("is found out when it throws", () => {
    const tamper: Tamper = (actions, event) => {
      if (event.kind === "frame") throw new Error("a bug");
      return actions;
    };
    expect(firstViolation(tamper, all)).toContain("threw Error: a bug");
  });
});

const isWord = (action: Action): boolean => action.kind === "heartbeat" && action.what === "send";
/** What a message of the cluster says, in its clear text. */
const textOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const isClaim = (action: Action): boolean =>
  action.kind === "heartbeat" && action.what === "send" && textOf(action.bytes).includes("haagent-claim");

const isHeard = (event: Event): boolean => event.kind === "heartbeat" && event.what === "received";

function forEver(action: Action): Action {
  if (action.kind !== "addresses") return action;
  const changes = action.changes.map((change) =>
    change.op === "delete" ? change : { ...change, lifetime: null },
  );
  return { ...action, changes };
}

const twentyTimes = (action: Action): readonly Action[] =>
  isAdvert(action) ? new Array<Action>(20).fill(action) : [action];

/** Announces until the first contest: tells nothing in a turn that hears somebody. */
function announcesOnce(): Tamper {
  return (actions, event) => (event.kind === "frame" ? without(isAnnouncement)(actions, event) : actions);
}

/** Deletes every address that a dump or the start shows, whoever put it there. */
function removesFound(): Tamper {
  return (actions, event) => {
    if (event.kind !== "start") return actions;
    const changes = event.addresses.map((key) => ({ op: "delete" as const, key }));
    return [...actions, { kind: "addresses", changes }];
  };
}
