/** The agent's process: takes what it needs of the system, runs the machine in it, and gives everything back. */
import { CAPABILITIES, missingCapabilities } from "../../native/process.ts";
import { errnoName } from "../../native/libc.ts";
import type { AddressChange, Event, KernelAddress } from "../agent/boundary.ts";
import type { Forwarding, ForwardingChange } from "../wire/forwarding.ts";
import type { LedgerRecord } from "../agent/ledger.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { AgentConfig, ConfigSource } from "../config/model.ts";
import { bootId } from "./boot.ts";
import { bootClock } from "./clock.ts";
import { collectStart } from "./collect.ts";
import { Control } from "./control.ts";
import { Journal } from "./journal.ts";
import { schedule } from "./schedule.ts";
import { HistoryFile, readHistory } from "./history.ts";
import { Kernel } from "./kernel.ts";
import { Ledger, readLedger } from "./ledger.ts";
import { makeDirectory, takeLock } from "./lock.ts";
import type { Machine } from "./loop.ts";
import { Loop } from "./loop.ts";
import type { CommandNotes } from "./orphans.ts";
import { killOrphans, openCommandNotes } from "./orphans.ts";
import { forgetStart } from "./pages.ts";
import { PacketFilters } from "./packet-filters.ts";
import { World } from "./perform.ts";
import { Promotion } from "./promotion.ts";
import { keepReady } from "./readiness.ts";
import { reasonOf } from "./reason.ts";
import type { Tables } from "./rtnetlink.ts";
import { commandsStarted } from "./starter.ts";
import { Transmitter } from "./transmit.ts";
import { VirtualMacs } from "./virtual-macs.ts";

/** What in the kernel a dead agent's ledger says was its own, as deletions. */
export interface Stale {
  addresses(
    records: readonly LedgerRecord[],
    addresses: readonly KernelAddress[],
    bootId: string,
  ): AddressChange[];
  forwarding(
    records: readonly LedgerRecord[],
    told: readonly Forwarding[],
    bootId: string,
  ): ForwardingChange[];
}

/** What {@link runAgent} needs. */
interface RunOptions {
  readonly machine: Machine;
  /** The configuration file as it was read; it is read again for a reload. */
  readonly source: ConfigSource;
  readonly version: string;
  /** The `[agent]` table of that file, which was checked before. */
  readonly settings: AgentConfig;
  /** It is nothing without raw sockets and the right to change addresses: a node of VRRP or heartbeat. */
  readonly needsRights: boolean;
  readonly stale: Stale;
  /** Runs the code of a takeover once, in steps and without any effect. */
  readonly rehearse: () => Iterator<unknown>;
  /** Prints why the agent cannot start. */
  readonly complain: (text: string) => void;
}

/** The system refused: contract's exit codes. */
const EXIT_REFUSED = 5;
const EXIT_BUG = 70;
/** How long notify commands may hold up the exit, and then the last log lines, in milliseconds. */
const NOTIFY_GRACE = 500;
const LOG_GRACE = 200;
/** What was ordered last must have started, so that it runs on without us, or be killed. */
const START_GRACE = 200;

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** What is missing, and the three ways to have it; each names all that the agent needs. */
function capabilityAdvice(missing: readonly string[]): string {
  const needed = Object.keys(CAPABILITIES);
  const set = `${needed.map((name) => name.toLowerCase()).join(",")}+ep`;
  return (
    `no ${missing.join(" and no ")}: run as root, or give the file the right (setcap ${set} ${process.execPath}), ` +
    `or write AmbientCapabilities=${needed.join(" ")} into the systemd unit`
  );
}

/** What is open while the agent runs. */
interface Opened {
  readonly kernel: Kernel;
  readonly tables: Tables;
  readonly transmitter: Transmitter;
  readonly ledger: Ledger;
  readonly control: Control;
  readonly promotion: Promotion;
  readonly virtualMacs: VirtualMacs;
  readonly packetFilters: PacketFilters;
  readonly records: readonly LedgerRecord[];
  readonly notes: CommandNotes;
  close(): void;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Says what is wrong with one thing, and that it is no more than a warning. */
const warning =
  (journal: Journal, what: string) =>
  (detail: string): void =>
    journal.write("warning", "agent.warning", { what, detail });

/** Opens everything in order, or closes what was opened and says why not. */
function open(
  { settings, needsRights }: Pick<RunOptions, "settings" | "needsRights">,
  journal: Journal,
  post: (event: Event) => void,
): Result<Opened, string> {
  const missing = missingCapabilities();
  if (missing.length > 0 && needsRights) return fail(capabilityAdvice(missing));
  const directory = settings.runtimeDir;
  const warn = (what: string) => warning(journal, what);
  if (missing.length > 0) warn("rights")(capabilityAdvice(missing));
  const closers: (() => void)[] = [];
  const close = (): void => {
    for (const closer of closers.reverse()) closer();
  };
  const refused = (why: string): Result<Opened, string> => {
    close();
    return fail(why);
  };
  try {
    makeDirectory(directory);
    const lock = takeLock(directory);
    if (!lock.ok) return fail(lock.error);
    closers.push(() => lock.value.release());
    const boot = bootId();
    const killed = killOrphans(directory, boot);
    if (killed.length > 0)
      warn("commands")(`killed what the last agent had left running: ${killed.join(" ")}`);
    const notes = openCommandNotes(directory, boot);
    const left = readLedger(directory);
    if (!left.ok) warn("ledger")(`${left.error}; treated as empty`);
    const records = left.ok ? left.value : [];
    // What an agent has left in the kernel would stay there.
    if (missing.length > 0 && records.length > 0) return refused(capabilityAdvice(missing));
    const ledger = Ledger.create(directory, records, warn("ledger"));
    const promotion = new Promotion(directory, warn("sysctl"));
    const packetFilters = new PacketFilters(directory);
    packetFilters.sweepRefused();
    closers.push(() => packetFilters.close());
    const virtualMacs = new VirtualMacs(directory, warn("virtual MAC"), () => packetFilters.sweep());
    closers.push(() => virtualMacs.close());
    const sockets = Transmitter.open();
    if (!sockets.ok && needsRights) return refused(`packet socket: ${errnoName(sockets.error)}`);
    const transmitter = sockets.ok ? sockets.value : Transmitter.refused(sockets.error);
    closers.push(() => transmitter.close());
    const opened = Kernel.open(post, warn("kernel"));
    if (!opened.ok) return refused(`rtnetlink: ${opened.error}`);
    const { kernel, tables } = opened.value;
    closers.push(() => kernel.close());
    const control = Control.open(directory, settings.controlGroup, post);
    if (!control.ok) return refused(control.error);
    closers.push(() => control.value.close());
    return ok({
      kernel,
      tables,
      transmitter,
      ledger,
      control: control.value,
      promotion,
      virtualMacs,
      packetFilters,
      records,
      notes,
      close,
    });
  } catch (error) {
    return refused(`${directory}: ${textOf(error)}`);
  }
}

/** state_dir is there for what wants to be kept; without it the agent does its work all the same. */
function makeState({ stateDir }: AgentConfig, journal: Journal): void {
  try {
    makeDirectory(stateDir);
  } catch (error) {
    const detail = `${stateDir}: ${reasonOf(error)}`;
    journal.write("warning", "agent.warning", { what: "state_dir", detail });
  }
}

/** Runs the agent until it leaves; gives the exit code. */
export async function runAgent(options: RunOptions): Promise<number> {
  const { machine, source, version, settings, needsRights, stale, rehearse, complain } = options;
  const journal = new Journal();
  journal.configure(settings.log.level, settings.log.target, settings.log.facility);
  let loop: Loop | null = null;
  const post = (event: Event): void => loop?.post(event);
  collectStart(source.text ?? "");
  // What follows brings back what a life needs, the rehearsal what a takeover does.
  forgetStart();
  const opened = open({ settings, needsRights }, journal, post);
  if (!opened.ok) {
    complain(opened.error);
    return EXIT_REFUSED;
  }
  const { kernel, tables, ledger, promotion, virtualMacs, packetFilters, records, close } = opened.value;
  schedule(settings, journal);
  makeState(settings, journal);
  const history = new HistoryFile(settings.stateDir, warning(journal, "history"));
  const { stateDir, runtimeDir } = settings;
  const parts = {
    ...{ ...opened.value, clock: bootClock, journal, history },
    ...{ path: source.path, stateDir, runtimeDir },
  };
  const world = new World(parts, post);
  const signals = SIGNALS.map((signal) => {
    const heard = (): void => post({ kind: "signal", signal });
    process.on(signal, heard);
    return () => process.off(signal, heard);
  });

  const code = await new Promise<number>((left) => {
    const broken = (error: unknown): void => {
      loop?.end();
      journal.write("error", "agent.bug", { detail: stackOf(error) });
      lastGasp(kernel, ledger, stale, journal);
      virtualMacs.removeAll();
      packetFilters.set(null);
      left(EXIT_BUG);
    };
    process.on("uncaughtException", broken);
    process.on("unhandledRejection", broken);
    loop = new Loop(machine, bootClock, world, left, broken);
    const { links, addresses } = tables;
    const id = bootId();
    post({
      kind: "start",
      source,
      pid: process.pid,
      version,
      bootId: id,
      links,
      addresses,
      forwarding: forwardingOf(kernel, records),
      ledger: records,
    });
    collectStart(source.text ?? "");
    promotion.restoreUnwanted();
    virtualMacs.tidy();
    world.realServing.tidy();
    world.services.tidy();
    void readHistory(settings.stateDir, warning(journal, "history")).then((transitions) =>
      post({ kind: "history-read", transitions }),
    );
    keepReady(rehearse);
  });

  await Promise.all([world.notifier.finish(NOTIFY_GRACE), world.heartbeat.finish()]);
  world.close();
  await world.services.finish();
  await commandsStarted(START_GRACE);
  virtualMacs.removeAll();
  packetFilters.set(null);
  promotion.restoreAll();
  close();
  for (const unsubscribe of signals) unsubscribe();
  await Promise.all([journal.flushed(LOG_GRACE), history.finish(LOG_GRACE)]);
  return code;
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Routes and rules that carry our protocol number. Where nobody ever added any, a full table need not be looked through. */
export function forwardingOf(kernel: Kernel, records: readonly LedgerRecord[]): readonly Forwarding[] {
  return records.some(({ forwarding }) => forwarding.length > 0) ? (kernel.forwarding() ?? []) : [];
}

/** Our own bug: whatever we added goes, so that no address outlives the agent that answers for it. */
function lastGasp(kernel: Kernel, ledger: Ledger, stale: Stale, journal: Journal): void {
  try {
    const now = kernel.resync();
    if (now?.kind !== "kernel") return;
    const records = ledger.records();
    kernel.forward(stale.forwarding(records, forwardingOf(kernel, records), bootId()));
    kernel.change(stale.addresses(records, now.addresses, bootId()));
    ledger.clear();
  } catch (error) {
    journal.write("error", "agent.bug", { detail: stackOf(error) });
  }
}
