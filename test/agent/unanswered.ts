/** What an agent does that a box of the lab only writes down: nothing comes back of it by itself. */
import type { Action } from "../../src/agent/boundary.ts";

const UNANSWERED = [
  ...(["resource", "realserver", "services", "promote-secondaries", "probe", "probe-cancel"] as const),
  ...(["neighbours", "neighbour-probe"] as const),
  ...(["hook", "hook-cancel", "notify", "log", "log-settings", "reply"] as const),
];

type Unanswered = Extract<Action, { readonly kind: (typeof UNANSWERED)[number] }>;

export const isUnanswered = (action: Action): action is Unanswered =>
  UNANSWERED.some((kind) => kind === action.kind);
