/** What becomes of groups, in words: why they move, and what an operator should know. */
import { unreachable } from "../../base/assert.ts";
import type { Instant } from "../../base/units.ts";
import { elapsed, NEVER } from "../../base/units.ts";
import type { LogLevel } from "../../config/model.ts";
import type { Hold } from "../../heartbeat/content.ts";
import { fenceDueAt } from "../../heartbeat/death.ts";
import type { Action, Event, State } from "../../heartbeat/takeover-state.ts";
import type { Resources } from "./resources.ts";
import type { Turn } from "../world.ts";

/** What an event moves groups for; null: what moved them before still does. */
export function causeOf({ settings: { peer } }: Resources, event: Event): string | null {
  switch (event.kind) {
    case "active":
      return "the agent starts";
    case "peer-dead":
      return `${peer} is dead`;
    case "peer-back":
      return event.how === "restarted" ? `${peer} has started again` : `${peer} is back after a partition`;
    case "stop":
      return "the agent stops";
    case "takeover":
      return "takeover by the operator";
    case "fenced":
      return event.ok ? `${peer} is fenced` : null;
    case "confirmed":
      return `an operator has confirmed that ${peer} is down`;
    case "message":
      return causeOfMessage(peer, event);
    case "standby":
    case "peer-heard":
    case "ran":
    case "pings":
    case "echo":
    case "slept":
    case "deadline":
      return null;
    default:
      return unreachable(event);
  }
}

function causeOfMessage(
  peer: string,
  { content }: Extract<Event, { readonly kind: "message" }>,
): string | null {
  switch (content.kind) {
    case "shutdone":
      return `${peer} has stopped`;
    case "ip-request":
      return `${peer} asks for what prefers it`;
    default:
      return null;
  }
}

/** What a move is made for that has just been asked for, here or by the other node; null: none has. */
export function causeOfMove(
  { settings: { peer } }: Resources,
  before: State["standby"],
  { standby }: State,
): string | null {
  if (standby.role === "none" || before.role === standby.role) return null;
  if (standby.role === "taking") return `${peer} gives`;
  switch (standby.why) {
    case "standby":
      return "standby by the operator";
    case "takeover":
      return `${peer} was told to take over`;
    case "failed":
      return `what did not start here goes to ${peer}`;
    case "failback":
      return `${peer} is back, and preferred`;
    case "unheld":
      return `${peer} is to have what nobody runs`;
    case "pings":
      return `${peer} hears more ping nodes`;
    default:
      return unreachable(standby.why);
  }
}

/** Groups of a class, as the machine's news name it. */
const WHICH: Readonly<Record<Hold, string>> = {
  none: "no groups",
  local: "the groups that prefer this node",
  foreign: "the groups that prefer the other node",
  all: "all groups",
};

type Told = readonly [event: string, level: LogLevel, detail: string];

function told(peer: string, { what, hold }: Extract<Action, { readonly kind: "news" }>): Told {
  const which = WHICH[hold];
  switch (what) {
    case "partition":
      return [
        "resource.partition",
        "warning",
        `${peer} was not heard, and is not another life: both nodes may have run the same`,
      ];
    case "kept":
      return ["resource.partition", "warning", `both nodes had the same; this one keeps ${which}`];
    case "let-go":
      return ["resource.partition", "warning", `both nodes had the same; this one stops ${which}`];
    case "barred":
      return [
        "resource.partition",
        "error",
        `${which} with Filesystem or drbddisk ran on both nodes: not started here until haagent takeover; cure: look at the data first, and configure fence`,
      ];
    case "standby-refused":
      return ["resource.move", "warning", `${which}: not moved, as the two nodes are not at rest`];
    case "standby-cancelled":
      return [
        "resource.move",
        "warning",
        `the move of ${which} has ended: ${peer} did not answer, or is at something else`,
      ];
    case "standby-done":
      return ["resource.move", "info", "the move is complete"];
    case "fence-failed":
      return ["resource.fence", "error", `the command did not make sure that ${peer} is down`];
    case "fence-blocked":
      return [
        "resource.fence",
        "error",
        `nothing is taken over from ${peer}; cure: make sure that it is off, then haagent fence confirm ${peer}`,
      ];
    case "fence-blind":
      return [
        "resource.fence",
        "warning",
        `waits to fence ${peer}: no ping node answers, so this node may be the one that is cut off, which ${peer} is to fence`,
      ];
    case "fenced":
      return ["resource.fence", "info", `${peer} is down: ${which} are taken over`];
    case "unfenced":
      return [
        "resource.fence",
        "warning",
        `${which} are taken over from ${peer}, which nobody made sure is down`,
      ];
    case "ping-nodes-lost":
      return ["resource.ping", "warning", "this node hears fewer ping nodes than before"];
    default:
      return unreachable(what);
  }
}

/** Logs what the machine wants an operator to know. */
export function logNews(
  turn: Turn,
  resources: Resources,
  news: Extract<Action, { readonly kind: "news" }>,
): void {
  const { peer } = resources.settings;
  const [event, level, detail] = told(peer, news);
  const more = news.what === "fence-blind" ? fenceWaits(resources, turn.now) : null;
  turn.out.log(level, event, { what: news.what, detail, ...more });
}

/** What ends the wait of a fence, in a word for a log line. */
function fenceWaits({ settings, state }: Resources, now: Instant): { readonly until: string } {
  const due = fenceDueAt(settings, state, now) ?? now;
  const said = `one does, ${settings.peer} is heard, or haagent fence confirm ${settings.peer}`;
  if (due === NEVER) return { until: said };
  return { until: `${said}; at the latest in ${Math.round(elapsed(now, due) / 1000)} s` };
}
