/**
 * Who is there: every node and ping node by what is heard of it, each of its links, and our own way to `active`, as a pure machine.
 *
 *   we:    start ─► up ── all heard or given up, and one of those alive has told the nodes ─► active
 *   node:  init ─► up ─► active      any ── silent on all links for as long as it announced ─► dead ── heard ─► up, active
 *   link:  init ─► up ── silent for warntime ─► late ── as long as its node may be ─► dead ── heard ─► up
 *
 * A link's death kills nobody: its node lives as long as another link hears it.
 */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, ms, NEVER } from "../base/units.ts";
import { nextAsked, without } from "./asking.ts";
import type { Status } from "./content.ts";
import { deadAt, lapsesAt, patience } from "./silence.ts";

/** Announced above our deadtime in the first seconds, when we may be slow. */
const EXTRA = ms(2000);
const EXTRA_LASTS = ms(5000);
/** Between two questions for the nodes. */
const ASK_EVERY = ms(1000);

export interface Peer {
  /** Lower case. */
  readonly name: string;
  /** A ping node has no say: it is heard or not. */
  readonly kind: "node" | "ping";
  /** At least one, by the names that {@link Event} has. */
  readonly links: readonly string[];
}

export interface Settings {
  /** The other nodes and the ping nodes, in the order of the configuration: the living ones are asked one after the other. */
  readonly peers: readonly Peer[];
  readonly keepalive: Milliseconds;
  /** Silence that is told; less than deadtime. */
  readonly warntime: Milliseconds;
  /** Our own silence that means death, which we announce; and that of ping nodes, and of nodes that have announced nothing. */
  readonly deadtime: Milliseconds;
  /** The same until all peers were heard or given up: networks come up later than we do. At least deadtime. */
  readonly initdead: Milliseconds;
}

export type LinkState = "init" | "up" | "late" | "dead";
export interface Link {
  readonly state: LinkState;
  /** Null: never. */
  readonly heardAt: Instant | null;
}

/** `ping` is a ping node that answers. */
export type PeerStatus = Status | "ping";
export interface PeerState {
  readonly status: PeerStatus;
  readonly heardAt: Instant | null;
  /** How long it may be silent: what it has announced, whatever our own deadtime is. */
  readonly patience: Milliseconds;
  /** It has said that it ends: it answers nothing any more. */
  readonly left: boolean;
  readonly links: ReadonlyMap<string, Link>;
}

export interface State {
  readonly own: "up" | "active";
  /** What silence is counted from where nothing was heard. */
  readonly since: Instant;
  /** All peers were heard or given up once: initdead counts no more. */
  readonly complete: boolean;
  /** When our next status is due. */
  readonly sayAt: Instant;
  /** When we announce our plain deadtime; {@link NEVER} once we do. */
  readonly plainAt: Instant;
  /** When to ask for the nodes; {@link NEVER} unless we wait for an answer. */
  readonly askAt: Instant;
  /** Whom we asked last; null: nobody yet. */
  readonly asked: string | null;
  readonly peers: ReadonlyMap<string, PeerState>;
}

export type Event =
  /** An authentic message of a peer came over a link. */
  | {
      readonly kind: "heard";
      readonly name: string;
      readonly link: string;
      /**
       * Its status and what it announced; `again` when it came over another link before, so that it tells of the link only; null for
       * any other message.
       */
      readonly what: { readonly status: Status; readonly deadtime: Milliseconds } | "again" | null;
    }
  /** It has said that it ends, in order; what it says of its status after that is what it says to the end. */
  | { readonly kind: "left"; readonly name: string }
  /** A node has told which nodes there are. */
  | { readonly kind: "nodes-told" }
  | { readonly kind: "deadline" }
  /** The process did not run for a while: the silence until now proves nothing. */
  | { readonly kind: "slept" };

export type Action =
  | { readonly kind: "say"; readonly status: Status; readonly deadtime: Milliseconds }
  | { readonly kind: "ask-nodes"; readonly to: string }
  /** We take part from here: what was said before is `say`. */
  | { readonly kind: "active" }
  | { readonly kind: "node"; readonly name: string; readonly from: PeerStatus; readonly to: PeerStatus }
  | { readonly kind: "link"; readonly name: string; readonly link: string; readonly state: LinkState }
  /** A node was heard again after so long a silence. */
  | { readonly kind: "late"; readonly name: string; readonly silence: Milliseconds };

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** The first step. As the daemon does, we are heard three times at once. */
export function start(settings: Settings, now: Instant): Step {
  const link: Link = { state: "init", heardAt: null };
  const peers = settings.peers.map(({ name, links }): [string, PeerState] => [
    name,
    {
      status: "init",
      heardAt: null,
      patience: settings.deadtime,
      left: false,
      links: new Map(links.map((each) => [each, link])),
    },
  ]);
  const state: State = {
    own: "up",
    since: now,
    complete: false,
    sayAt: after(now, settings.keepalive),
    plainAt: after(now, EXTRA_LASTS),
    askAt: NEVER,
    asked: null,
    peers: new Map(peers),
  };
  const say = (status: Status): Action => ({ kind: "say", status, deadtime: announced(settings, state) });
  return completed(settings, { state, actions: [say("init"), say("up"), say("up")] }, now);
}

/** The transition function. What is due at `now` happens before the event. `due` is the state's {@link deadline}, where that is known. */
export function step(
  settings: Settings,
  state: State,
  event: Event,
  now: Instant,
  due: Instant = deadline(settings, state),
): Step {
  if (event.kind === "slept") return awake(settings, state, now);
  const before: Step = { state, actions: [] };
  const expired = due > now ? completed(settings, before, now) : expire(settings, state, now);
  switch (event.kind) {
    case "heard": {
      const next = hear(settings, expired, event, now);
      // It may be silent for less long than before, and is on another link.
      return deadline(settings, next.state) > now
        ? completed(settings, next, now)
        : judged(settings, next, now);
    }
    case "left":
      return completed(settings, { ...expired, state: without(expired.state, event.name) }, now);
    case "nodes-told":
      return expired.state.askAt === NEVER ? expired : activate(settings, expired, now);
    case "deadline":
      return expired;
    default:
      return unreachable(event);
  }
}

/** When the machine wants a `deadline` event at the latest. */
export function deadline(settings: Settings, state: State): Instant {
  let least = earlier(earlier(state.sayAt, state.plainAt), state.askAt);
  for (const peer of state.peers.values()) {
    const span = patience(settings, state, peer);
    least = earlier(least, deadAt(state, peer, span));
    for (const link of peer.links.values()) least = earlier(least, lapsesAt(settings, state, link, span));
  }
  return least;
}

const announced = ({ deadtime }: Settings, { plainAt }: State): Milliseconds =>
  plainAt === NEVER ? deadtime : ms(deadtime + EXTRA);

/** Everything whose time has come. */
function expire(settings: Settings, before: State, now: Instant): Step {
  const actions: Action[] = [];
  const peers = new Map(before.peers);
  for (const [name, peer] of before.peers) {
    const span = patience(settings, before, peer);
    const dead = deadAt(before, peer, span) <= now;
    const links = new Map(peer.links);
    for (const [link, each] of peer.links) {
      if (lapsesAt(settings, before, each, span) > now) continue;
      const state = after(each.heardAt ?? before.since, span) <= now ? "dead" : "late";
      links.set(link, { ...each, state });
      actions.push({ kind: "link", name, link, state });
    }
    if (dead) actions.push({ kind: "node", name, from: peer.status, to: "dead" });
    peers.set(name, { ...peer, links, status: dead ? "dead" : peer.status });
  }
  const plainAt = before.plainAt <= now ? NEVER : before.plainAt;
  const state = { ...before, peers, plainAt };
  if (before.sayAt > now && plainAt === before.plainAt) return completed(settings, { state, actions }, now);
  const say: Action = { kind: "say", status: state.own, deadtime: announced(settings, state) };
  const said = { ...state, sayAt: after(now, settings.keepalive) };
  return completed(settings, { state: said, actions: [...actions, say] }, now);
}

/** What is due already in a state that has just come about: what is overdue by more than a moment counts as a sleep of ours. */
function judged(settings: Settings, { state, actions }: Step, now: Instant): Step {
  const next = expire(settings, state, now);
  return { state: next.state, actions: [...actions, ...next.actions] };
}

type Heard = Extract<Event, { readonly kind: "heard" }>;

function hear(settings: Settings, { state, actions }: Step, event: Heard, now: Instant): Step {
  const { name, link, what } = event;
  const peer = state.peers.get(name);
  if (peer === undefined) return { state, actions };
  const more: Action[] = [];
  const links = new Map(peer.links);
  const known = links.get(link);
  if (known !== undefined) {
    if (known.state !== "up") more.push({ kind: "link", name, link, state: "up" });
    links.set(link, { state: "up", heardAt: now });
  }
  const heard = what === "again" ? { ...peer, links } : told(settings, { ...peer, links }, event, now, more);
  const peers = new Map(state.peers).set(name, heard);
  return { state: { ...state, peers }, actions: [...actions, ...more] };
}

/** A peer after a message that counts. Puts into `more` what that is worth to be told. */
function told(
  settings: Settings,
  peer: PeerState,
  { name, what }: Heard,
  now: Instant,
  more: Action[],
): PeerState {
  const silence = peer.heardAt === null ? ms(0) : elapsed(peer.heardAt, now);
  if (peer.status !== "dead" && silence > settings.warntime) more.push({ kind: "late", name, silence });
  const kind = settings.peers.find((each) => each.name === name)?.kind;
  const says = what === null || what === "again" ? null : what;
  // Of a dead node only a status tells that it lives: the rest may have been long on its way.
  if (kind === "node" && says === null) return peer.status === "dead" ? peer : { ...peer, heardAt: now };
  const status = kind === "ping" ? "ping" : (says?.status ?? peer.status);
  if (status !== peer.status) more.push({ kind: "node", name, from: peer.status, to: status });
  // Who begins again says so first.
  const left = peer.left && status !== "init" && status !== "up";
  return { ...peer, status, heardAt: now, patience: says?.deadtime ?? peer.patience, left };
}

/** Looks whether all are heard or given up, and goes on from there: asks for the nodes, or takes part when nobody can be asked. */
function completed(settings: Settings, { state, actions }: Step, now: Instant): Step {
  if (state.own === "active") return { state, actions };
  if (!state.complete) {
    if ([...state.peers.values()].some(({ status }) => status === "init")) return { state, actions };
    // Who was heard and has been silent since, for longer than it may be without initdead.
    return judged(settings, { state: { ...state, complete: true, askAt: now }, actions }, now);
  }
  const to = nextAsked(settings, state);
  if (to === null) return activate(settings, { state, actions }, now);
  if (state.askAt > now) return { state, actions };
  const asking = { ...state, asked: to, askAt: after(now, ASK_EVERY) };
  return { state: asking, actions: [...actions, { kind: "ask-nodes", to }] };
}

function activate(settings: Settings, { state, actions }: Step, now: Instant): Step {
  const say: Action = { kind: "say", status: "active", deadtime: announced(settings, state) };
  return {
    state: { ...state, own: "active", askAt: NEVER, sayAt: after(now, settings.keepalive) },
    actions: [...actions, say, { kind: "active" }],
  };
}

/** After a stall every living peer gets its whole patience again, and we are heard at once. */
function awake(settings: Settings, state: State, now: Instant): Step {
  const fresh = (link: Link): Link =>
    link.state === "dead" || link.heardAt === null ? link : { ...link, heardAt: now };
  const peers = Array.from(state.peers, ([name, peer]): [string, PeerState] => {
    const links = new Map(Array.from(peer.links, ([each, link]) => [each, fresh(link)] as const));
    const heardAt = peer.status === "dead" || peer.heardAt === null ? peer.heardAt : now;
    return [name, { ...peer, heardAt, links }];
  });
  return expire(settings, { ...state, since: now, sayAt: now, peers: new Map(peers) }, now);
}
