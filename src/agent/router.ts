/** What the agent knows of one virtual router: its configuration, its machine, what it hears and what it suffers from. */
import type { Ip } from "../base/address.ts";
import type { Instant, Milliseconds, Priority } from "../base/units.ts";
import { after, instant, ms } from "../base/units.ts";
import type { AddressConfig, GarpConfig, RouterConfig } from "../config/model.ts";
import type { Settings, State } from "../vrrp/state.ts";
import { OWNER, TAKEN } from "../vrrp/state.ts";
import type { Track } from "../vrrp/priority.ts";
import { effectivePriority } from "../vrrp/priority.ts";
import type { Guard } from "../vrrp/guard.ts";
import type { Watch } from "../vrrp/isolation.ts";
import type { Difference, Expectation, Rejection } from "../vrrp/admit.ts";
import { REJECTIONS } from "../vrrp/admit.ts";
import type { Action } from "./boundary.ts";
import type { Heard } from "./cluster/claims.ts";
import type { Holder } from "./holder.ts";
import type { Phase } from "./hooks.ts";
import { configHash } from "./recover.ts";
import { Sending } from "./sending.ts";
import { deviceName, onDevice, ownLinkLocal } from "./virtual-mac.ts";

/** The roles as the outside calls them. */
export type Role = "init" | "backup" | "master" | "fault" | "standby";

/** What the operator told a router, and when. */
export interface Order {
  /** `standby`: stay out, until `takeover` or a restart. `takeover`: master with priority 254, as long as it is one. */
  readonly kind: "standby" | "takeover";
  readonly at: Instant;
  /** It runs with 254 by a takeover; one that was put in standby then keeps that until it is gone. */
  readonly taken: boolean;
}

/** Something could not be added or kept, or a hook failed: a fault for a while. */
export interface Trouble {
  readonly text: string;
  readonly until: Instant;
  /** What may have cured it before: nothing but time, a change of its interface, or besides any new address. */
  readonly cure: "time" | "link" | "network";
}

/** Another router of the same VRID, as last heard. */
export interface Peer {
  readonly address: Ip;
  priority: Priority;
  interval: Milliseconds;
  heardAt: Instant;
  mismatch: ReadonlySet<Difference>;
  /** When it was last heard in each version of the protocol. */
  spoke: { 2: Instant; 3: Instant };
}

/** Another master that does not go away, or several: all hold the addresses. */
export interface Contest {
  /** When this began. */
  readonly since: Instant;
  /** The one heard last. */
  readonly source: Ip;
  readonly heardAt: Instant;
  /** Its advert came right after one of ours: a loser's last word, if it says no more. */
  readonly lastWord: boolean;
  /** The setting that keeps them apart, as far as it shows; empty when nothing differs. */
  readonly setting: string;
  /** The longer of our interval and theirs: how long a silence means nothing. */
  readonly interval: Milliseconds;
  /** Said in the log: more than a moment's contest. */
  alarmed: boolean;
}

/** Another master whose adverts do not count here; `setting` is what keeps them from it. */
interface Ignored {
  readonly source: Ip;
  readonly interval: Milliseconds;
  readonly setting: string;
  readonly heardAt: Instant;
}

/** Peers remembered for a router; the one silent longest makes room. */
const PEERS_MAX = 16;

export class Router implements Holder {
  private current: RouterConfig;
  private hash: string | null = null;
  /** The last settings, and what they were made of. */
  private ran: {
    readonly config: RouterConfig;
    readonly tracks: readonly Track[];
    readonly source: Ip | null;
    readonly order: Order | null;
    readonly isolated: boolean;
    readonly settings: Settings;
  } | null = null;
  machine: State = { kind: "init" };
  /** Interface index, null while it is not there. */
  index: number | null = null;
  source: Ip | null = null;
  tracks: readonly Track[] = [];
  /** Why this router itself cannot run; empty when it can. */
  ownFaults: readonly string[] = [];
  /** The same, or that of another member of its sync group. */
  faults: readonly string[] = [];
  /** One of its own faults is more than a failed check: nothing can be waited for. */
  sudden = false;
  /** What it expects of adverts; null when that must be worked out anew. */
  expectation: Expectation | null = null;
  /** The operator's word, as long as it stands. */
  order: Order | null = null;
  since: Instant;
  reason = "started";
  /** The role last told to log, notify and ledger. */
  told: Role = "init";
  /** The one before that. */
  previous: Role = "init";
  /** How far its awaited hooks are. */
  phase: Phase = "settled";
  /** It gave up its addresses without before_release, which is still to be run. */
  owesRelease = false;
  readonly peers = new Map<Ip, Peer>();
  /** What keeps it from taking over from a master that may only be unheard; null where nothing is to. */
  guard: Guard | null = null;
  /** When the guard asked last, and a witness answered last; null: never. */
  askedAt: Instant | null = null;
  witnessedAt: Instant | null = null;
  /** While it is master and would release when isolated. */
  watch: Watch | null = null;
  /** What the nodes of the cluster said of it, by their names. */
  readonly claims = new Map<string, Heard>();
  /** Whose advert came last. */
  private latest: Ip | null = null;
  contest: Contest | null = null;
  /** Heard last while we were no master ourselves. */
  ignored: Ignored | null = null;
  /** When addresses, routes or rules of ours were taken away by somebody, within the last seconds. */
  losses: Instant[] = [];
  /** A fault of its own until then. */
  trouble: Trouble | null = null;
  /** Resumes proven by the ledger, newest last. */
  resumes: readonly Instant[] = [];
  readonly sending = new Sending();
  /** Of the last advert, sent or heard, that had an authentication header; see seal.ts. */
  sequence = 0;
  /** That was one of ours. */
  sequenceOwn = false;
  /** Its adverts as ready actions by priority and sender (see send.ts); emptied when anything in them changes. */
  adverts = new Map<number, readonly Action[]>();
  /** The name of the device of its virtual MAC address; null without one. Another one is another router. */
  readonly device: string | null;
  /** That device is there and sound. */
  deviceReady = false;
  /** How it was asked for last; 0: not yet. */
  deviceAttempt = 0;
  /** Why it is not; null as long as nobody said so. */
  deviceFailure: string | null = null;
  readonly counters = {
    sent: 0,
    received: 0,
    becameMaster: 0,
    rejected: Object.fromEntries(REJECTIONS.map((reason) => [reason, 0])) as Record<Rejection, number>,
  };

  private readonly agentStartedAt: Instant;

  /** `agentStartedAt` is what its startup delay counts from, also when a reload made it. */
  constructor(config: RouterConfig, now: Instant, agentStartedAt: Instant) {
    this.current = config;
    this.device = config.virtualMac === false ? null : deviceName(config);
    this.since = now;
    this.agentStartedAt = agentStartedAt;
  }

  get config(): RouterConfig {
    return this.current;
  }

  get name(): string {
    return this.current.name;
  }

  get garp(): GarpConfig {
    return this.current.garp;
  }

  /** Long enough for two adverts. */
  get lifetime(): Milliseconds {
    return ms(2 * this.current.advertInterval);
  }

  /** Takes up another configuration; everything worked out from the old one is forgotten. */
  reconfigure(config: RouterConfig): void {
    this.current = config;
    this.hash = null;
    this.adverts.clear();
    this.expectation = null;
    this.trouble = null;
  }

  /** What the ledger tells this configuration from others by. */
  get configHash(): string {
    this.hash ??= configHash(this.current);
    return this.hash;
  }

  get role(): Role {
    if (this.goes) return this.machine.kind;
    // Whoever was taken out on purpose is not ill when its cable is pulled.
    if (this.order?.kind === "standby") return "standby";
    return this.faults.length > 0 ? "fault" : this.machine.kind;
  }

  /** Whether everything that a master has is to be this router's now: addresses, and whatever else moves with them. */
  get holds(): boolean {
    return this.role === "master" && this.phase !== "taking" && this.phase !== "ready";
  }

  /** Its before_release began: it is master until that is over, whatever made it go. */
  get goes(): boolean {
    return this.phase === "leaving" || this.phase === "left";
  }

  get priority(): Priority {
    if (this.order?.taken === true && (this.order.kind === "takeover" || this.goes) && !this.owner)
      return TAKEN;
    return effectivePriority(this.config.priority, this.tracks);
  }

  get owner(): boolean {
    return this.config.priority === OWNER;
  }

  /** What the machine runs with; only asked while there is a source. The same object until something in it changes. */
  settings(): Settings {
    const { current: config, tracks, source, order } = this;
    const known = this.ran;
    const isolated = this.watch?.released === true;
    const same = known?.config === config && known.tracks === tracks && known.isolated === isolated;
    if (same && known.source === source && known.order === order) return known.settings;
    const settings = this.makeSettings(isolated);
    this.ran = { config, tracks, source, order, isolated, settings };
    return settings;
  }

  private makeSettings(isolated: boolean): Settings {
    const { version, advertInterval, preempt, preemptDelay, startupDelay, tie, syncGroup } = this.config;
    return {
      version,
      priority: this.priority,
      interval: advertInterval,
      // RFC 9568 6.1: the owner of the addresses preempts whatever the setting says.
      preempt: (preempt && !isolated) || this.owner,
      preemptDelay: this.owner ? ms(0) : preemptDelay,
      listensUntil: after(this.agentStartedAt, startupDelay),
      // Who of two takeovers stays is told by their age: see operator.ts.
      tie: this.order?.kind === "takeover" ? "address" : tie,
      source: this.source ?? NO_SOURCE,
      grouped: syncGroup !== null,
    };
  }

  /** Every address that moves with it, where it is put: with a virtual MAC address on a device of its own. */
  get addresses(): readonly AddressConfig[] {
    const { addresses, excludedAddresses } = this.config;
    const all = [...addresses, ...excludedAddresses];
    return this.device === null ? all : onDevice(all, this.config.interface, this.device);
  }

  /** The same, and what its device has besides. */
  get carried(): readonly AddressConfig[] {
    return this.device === null
      ? this.addresses
      : [...this.addresses, ...ownLinkLocal(this.config, this.addresses, this.device)];
  }

  /** The interfaces that its addresses and routes are put on. */
  get interfaces(): ReadonlySet<string> {
    const names = this.config.routes.map((route) => route.interface).filter((name) => name !== null);
    return new Set([...this.addresses.map((address) => address.interface), ...names]);
  }

  /** Whether an address that was there before us may be used (never removed). */
  get adopts(): boolean {
    return this.device === null && (this.owner || this.config.onFound === "adopt");
  }

  /** Remembers an advert's sender. */
  heard(peer: Peer): void {
    if (peer.address !== this.latest) this.peers.delete(peer.address);
    this.latest = peer.address;
    this.peers.set(peer.address, peer);
    // Kept in the order last heard, so the first one is the one silent longest.
    const oldest = this.peers.keys().next();
    if (this.peers.size > PEERS_MAX && oldest.done === false) this.peers.delete(oldest.value);
  }
}

/** Stands in where no comparison can matter: a router without a source is in fault. */
const NO_SOURCE = "0.0.0.0" as Ip;

/** Long ago: for a router that never sent an advert. */
export const LONG_AGO: Instant = instant(0);
