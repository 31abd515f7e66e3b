/** What the resources of `[heartbeat]` need of it, and what is wrong with their lines. */
import { isShared, readHaresources } from "../heartbeat/haresources.ts";
import type { Report } from "./report.ts";
import type { HeartbeatSection } from "./sections.ts";
import { entries } from "./sections.ts";

/** The wire's words for who holds what cannot tell of a third one. */
const NODES = 2;

/** Judges `resources`; nothing is said of a cluster without any. */
export function judgeResources({ values }: HeartbeatSection, report: Report): void {
  const { resources, nodes, fence } = values;
  if (resources === null || resources.value === null || nodes === null) return;
  const written = entries({ value: resources.value });
  if (written.length === 0) return;
  const names = entries(nodes).map(({ value }) => value.toLowerCase());
  if (new Set(names).size !== NODES) {
    report.error(
      resources.at,
      `resources need exactly two nodes, not ${nodes.value.length}: remove the others, or the resources`,
    );
  }
  const read = readHaresources(
    written.map(({ value }) => value),
    names,
  );
  if (!read.ok) {
    for (const { line, column, text } of read.error) {
      const entry = written[line - 1];
      if (entry !== undefined) report.errorInside(entry.at, entry.value, column - 1, text);
    }
    return;
  }
  if (fence === null || fence.value !== null) return;
  const unsafe = read.value.find(isShared);
  // A group's line, by its key: groups may go on in the next line.
  const at = written.find(({ value }) => unsafe !== undefined && value.includes(unsafe.key))?.at;
  if (unsafe === undefined || at === undefined) return;
  report.warning(
    at,
    "a group with Filesystem or drbddisk and no fence: when the nodes do not hear each other, both write its data; cure: fence",
  );
}
