/**
 * What is remembered of groups over the life of an agent, as the text of a file in state_dir: what a partition left for an operator, and which groups
 * were started here, each with all that is needed to stop it. The next agent may have another configuration, or none.
 */
import { ms } from "../../base/units.ts";
import type { ResourceScripts } from "../../config/heartbeat-model.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import { parseResource } from "../../heartbeat/haresources.ts";
import type { Kept } from "../../heartbeat/takeover.ts";

/** A group that was started here, and not stopped since. */
export interface StartedGroup {
  readonly group: Group;
  /** Where its scripts were looked for. */
  readonly directories: readonly string[];
}

/** The whole content. */
export interface Memory extends Kept {
  readonly started: readonly StartedGroup[];
  /** How scripts were run; null where nothing was started. */
  readonly scripts: ResourceScripts | null;
}

export const NOTHING_KEPT: Memory = { barred: new Set(), pinned: false, started: [], scripts: null };

/** Nothing that was started in another boot runs; a network namespace of its own keeps nothing from running. */
const bootOf = (bootId: string): string => bootId.split(" ")[0] ?? "";

/** The text of the file. */
export function encodeMemory({ barred, pinned, started, scripts }: Memory, bootId: string): string {
  const lines = started.map(({ group: { node, resources }, directories }) => ({
    ...{ node, resources: resources.map(({ text }) => text), directories },
  }));
  const groups = lines.length === 0 ? {} : { boot: bootOf(bootId), scripts, started: lines };
  return `${JSON.stringify({ barred: [...barred].toSorted(), pinned, ...groups })}\n`;
}

/** Null where it is none of ours. What was started in another boot is left out. */
export function decodeMemory(text: string, bootId: string): Memory | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isTable(value)) return null;
    const { barred, pinned, boot, started = [], scripts: written = null } = value;
    if (!Array.isArray(barred) || typeof pinned !== "boolean" || !Array.isArray(started)) return null;
    const kept = { barred: new Set(barred.filter((each) => typeof each === "string")), pinned };
    const groups = started.map(startedOf);
    const scripts = scriptsOf(written);
    if (groups.includes(null) || (groups.length > 0 && scripts === null)) return null;
    if (boot !== bootOf(bootId)) return { ...kept, started: [], scripts: null };
    return { ...kept, started: groups.filter((group) => group !== null), scripts };
  } catch {
    return null;
  }
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const textsOf = (value: unknown): readonly string[] | null =>
  Array.isArray(value) && value.every((each) => typeof each === "string") ? value : null;

function startedOf(value: unknown): StartedGroup | null {
  if (!isTable(value)) return null;
  const { node } = value;
  const [texts, directories] = [textsOf(value["resources"]), textsOf(value["directories"])];
  const key = texts?.[0];
  if (typeof node !== "string" || texts === null || key === undefined || directories === null) return null;
  const parsed = texts.map(parseResource);
  const resources = parsed.flatMap((each) => (each.ok ? [each.value] : []));
  return resources.length < parsed.length ? null : { group: { key, node, resources }, directories };
}

function scriptsOf(value: unknown): ResourceScripts | null {
  if (!isTable(value) || !isTable(value["timeouts"])) return null;
  const { startTries, stopTries, pause, onFailure, retryAfter } = value;
  const { start, stop, status } = value["timeouts"];
  const spans = [start, stop, status, pause, retryAfter].filter(isSpan);
  const [starting = 0, stopping = 0, looking = 0, between = 0, later = 0] = spans;
  if (spans.length < 5 || !isSpan(startTries) || !isSpan(stopTries)) return null;
  if (onFailure !== "move" && onFailure !== "retry" && onFailure !== "stay") return null;
  const timeouts = { start: ms(starting), stop: ms(stopping), status: ms(looking) };
  return { timeouts, startTries, stopTries, pause: ms(between), onFailure, retryAfter: ms(later) };
}

const isSpan = (value: unknown): value is number => typeof value === "number" && value >= 0;
