/** From the keys of `[heartbeat]` about resources, read and found good, to the groups and how they are run. */
import { readHaresources } from "../heartbeat/haresources.ts";
import type { ResourceScripts, ResourcesConfig } from "./heartbeat-model.ts";
import type { HeartbeatSection } from "./sections.ts";
import { entries } from "./sections.ts";

type Values = HeartbeatSection["values"];

/** Null: there are no groups. Undefined: something that it needs could not be read. */
export function buildResources(values: Values, nodes: readonly string[]): ResourcesConfig | null | undefined {
  const { resources, auto_failback: failback, resource_dirs: directories } = values;
  const scripts = buildScripts(values);
  if (resources === null || failback === null || directories === null || scripts === null) return undefined;
  const lines = entries(resources.value === null ? null : { value: resources.value });
  const read = readHaresources(
    lines.map(({ value }) => value),
    nodes,
  );
  if (!read.ok) return undefined;
  if (read.value.length === 0) return null;
  return {
    groups: read.value,
    failback: failback.value,
    directories: entries(directories).map(({ value }) => value),
    scripts,
  };
}

function buildScripts({ resource_scripts: given }: Values): ResourceScripts | null {
  if (given === null) return null;
  const { start_timeout: start, stop_timeout: stop, status_timeout: status } = given.value;
  const { start_tries: startTries, stop_tries: stopTries, pause } = given.value;
  const { on_failure: onFailure, retry_after: retryAfter } = given.value;
  if (start === null || stop === null || status === null || startTries === null) return null;
  if (stopTries === null || pause === null || onFailure === null || retryAfter === null) return null;
  return {
    timeouts: { start: start.value, stop: stop.value, status: status.value },
    startTries: startTries.value,
    stopTries: stopTries.value,
    pause: pause.value,
    onFailure: onFailure.value,
    retryAfter: retryAfter.value,
  };
}
