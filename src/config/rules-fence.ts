/** What must hold for `fence`: its command, its delay, and the program as it is on this host. */
import { preferredNode, readHaresources } from "../heartbeat/haresources.ts";
import { nodeName } from "./build.ts";
import { showDuration } from "./kind.ts";
import type { ConfigSource, ProgramFile } from "./model.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { plural, quote } from "./words.ts";

const EXECUTABLE = 0o111;

/** What the key needs of the others. */
export function judgeFence({ heartbeat }: Sections, report: Report): void {
  const fence = heartbeat?.values.fence;
  if (!heartbeat || !fence || fence.value === null) return;
  const { resources } = heartbeat.values;
  if (resources !== null && entries({ value: resources.value ?? [] }).length === 0) {
    report.error(fence.at, "fence without resources never runs: remove it, or write resources");
  }
  const { command } = fence.value;
  if (command !== null && command.value.length !== 1) {
    report.error(
      command.at,
      `fence.command is one command, not ${plural(command.value.length, "command")}: ["/program", "argument"]`,
    );
  }
}

/** A delay that leaves both nodes to shoot at once, unless the other one has another than by default. */
export function judgeFenceDelay(hostname: string, { agent, heartbeat }: Sections, report: Report): void {
  const delay = heartbeat?.values.fence?.value?.delay;
  const given = heartbeat?.values.resources?.value;
  if (!delay || delay.value === null || !given || agent.node === null) return;
  const lines = entries({ value: given }).map(({ value }) => value);
  const read = readHaresources(
    lines,
    entries(heartbeat.values.nodes).map(({ value }) => value.toLowerCase()),
  );
  if (!read.ok) return;
  const first = preferredNode(read.value) === nodeName(agent.node.value, hostname).toLowerCase();
  if (first === (delay.value === 0)) return;
  const why = first
    ? "is for the other node: this one, which more groups prefer, shoots first"
    : "lets this node shoot at once, as the other one does, which more groups prefer";
  report.warning(delay.at, `fence.delay ${showDuration(delay.value)} ${why}; cure: leave it out on both`);
}

/** The program as it is on this host. One that is not there yet is no error: without an agent nothing runs at all. */
export function judgeFenceProgram(
  file: ConfigSource["fenceProgram"],
  { heartbeat }: Sections,
  report: Report,
): void {
  const command = heartbeat?.values.fence?.value?.command;
  if (!command || !file || command.value[0]?.[0] !== file.path) return;
  const wrong = wrongWith(file);
  if (wrong !== null) {
    report.warning(command.at, `fence.command ${quote(file.path)} ${wrong}: nothing will be taken over`);
  }
  for (const { path, why, cure } of file.unsafe) {
    const where = path === file.path ? quote(path) : `${quote(file.path)}: ${path}`;
    report.error(
      command.at,
      `fence.command ${where} ${why}, who so decide what the agent runs; cure: ${cure}`,
    );
  }
}

function wrongWith({ failure, isFile, mode }: ProgramFile): string | null {
  if (failure !== null) return `cannot be run: ${quote(failure).slice(1, -1)}`;
  if (!isFile) return "is no file";
  return (mode & EXECUTABLE) === 0 ? "is not executable; cure: chmod u+x" : null;
}
