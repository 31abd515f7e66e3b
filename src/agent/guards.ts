/** What guards ask in a turn, and of whom: all routers of the turn share one question, and all routers one ping of a witness. */
import type { Ip } from "../base/address.ts";
import { isLinkLocal } from "../base/address.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import { askClaims, claimOf, tellClaims } from "./cluster/claims.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** How long a witness has to answer, in intervals of the adverts that are waited for. */
const PATIENCE = 0.9;
const PATIENCE_MIN = 20;
const PATIENCE_MAX = 1000;
/** A question counts for a router that would ask so shortly after it, in intervals. */
const SHARED = 0.25;
/** No check is called so: names have no blanks. */
const PREFIX = "witness ";

/** A host that answers whoever is on its side of a cut. */
interface Witness {
  readonly address: Ip;
  /** A link-local address means another host on each link. */
  readonly interface: string | null;
}

const witnessesOf = ({ config }: Router): Witness[] =>
  config.guard.witnesses.map((address) => ({
    address,
    interface: isLinkLocal(address) ? config.interface : null,
  }));

const idOf = ({ address, interface: link }: Witness): string =>
  link === null ? `${PREFIX}${address}` : `${PREFIX}${address}%${link}`;

/** A question to the nodes of the cluster. */
interface Asked {
  readonly id: number;
  readonly at: Instant;
  readonly about: ReadonlySet<Router>;
}

export class Guards {
  /** Of the last question, from 1. */
  private question = 0;
  /** Of the one that this turn may ask. */
  private next: number | null = null;
  private last: Asked | null = null;
  /** Something of the turn is to be settled. */
  private wants = false;
  /** Routers whose guard or watch asks in this turn; of the nodes, those in `asking` only. */
  private readonly looking = new Set<Router>();
  private readonly asking = new Set<Router>();
  private readonly risen = new Set<Router>();
  /** Pings under way, by their ids; true: asked for again meanwhile. */
  private readonly running = new Map<string, boolean>();

  /** The number of a question that somebody else asks. */
  another(): number {
    this.question++;
    return this.question;
  }

  /** The number under which a router's guard asks now: that of a question which was asked about it a moment ago, or of a new one. */
  questionFor(router: Router, now: Instant): number {
    const { last } = this;
    const { guard } = router;
    if (last !== null && guard !== null && last.about.has(router)) {
      if (elapsed(last.at, now) <= SHARED * guard.interval) return last.id;
    }
    this.wants = true;
    this.next ??= this.another();
    return this.next;
  }

  /** The evidence for this router is asked for at the end of the turn: of the nodes under this number, and of its witnesses. */
  ask(router: Router, question: number | null): void {
    this.wants = true;
    this.looking.add(router);
    if (question !== null && question === this.next && router.config.guard.heartbeat) this.asking.add(router);
  }

  /** It is master from this turn on: said unasked, so that whoever is about to take over beside it, and does not hear it, knows. */
  rises(router: Router): void {
    this.wants = true;
    if (router.config.guard.heartbeat) this.risen.add(router);
  }

  /** Asks what the turn wants to know. */
  settle(world: World, turn: Turn): void {
    if (!this.wants) return;
    this.wants = false;
    if (this.risen.size > 0) {
      const claims = Array.from(this.risen, (router) => claimOf(world, turn.now, router));
      this.risen.clear();
      tellClaims(world, turn, claims);
    }
    if (this.asking.size > 0 && this.next !== null) this.askNodes(world, turn, this.next);
    this.next = null;
    for (const router of this.looking) {
      for (const witness of witnessesOf(router)) this.ping(turn, router, witness);
    }
    this.looking.clear();
  }

  /** One question for all whose master is overdue: a slow line carries one for many, and not many. */
  private askNodes(world: World, turn: Turn, id: number): void {
    for (const router of world.routers.values()) {
      const { guard, config } = router;
      const overdue = guard !== null && elapsed(guard.since, turn.now) > guard.interval;
      if (overdue && config.guard.heartbeat) this.asking.add(router);
    }
    const about = new Set(this.asking);
    this.asking.clear();
    this.last = { id, at: turn.now, about };
    askClaims(world, turn, [...about], id);
  }

  private ping(turn: Turn, router: Router, witness: Witness): void {
    const id = idOf(witness);
    if (this.running.has(id)) {
      this.running.set(id, true);
      return;
    }
    this.running.set(id, false);
    const probe = { type: "ping", ...witness, source: null, mark: 0 } as const;
    turn.out.defer({ kind: "probe", check: id, probe, timeout: patience(router), user: null });
  }

  /** The routers that a probe's result is evidence for, null when it is a check's; a witness that did not answer is asked again where somebody waits for it. */
  answered(world: World, turn: Turn, id: string, healthy: boolean): readonly Router[] | null {
    return id.startsWith(PREFIX) ? this.witnessAnswered(world, turn, id, healthy) : null;
  }

  private witnessAnswered(world: World, turn: Turn, id: string, healthy: boolean): readonly Router[] {
    const again = this.running.get(id);
    this.running.delete(id);
    const routers = [...world.routers.values()].filter((router) =>
      witnessesOf(router).some((each) => idOf(each) === id),
    );
    if (healthy) return routers;
    const [router] = routers;
    const witness = router === undefined ? undefined : witnessesOf(router).find((each) => idOf(each) === id);
    if (again === true && router !== undefined && witness !== undefined) this.ping(turn, router, witness);
    return [];
  }
}

function patience({ config, machine }: Router): Milliseconds {
  const interval =
    machine.kind === "backup" ? (machine.master?.interval ?? config.advertInterval) : config.advertInterval;
  return ms(Math.min(PATIENCE_MAX, Math.max(PATIENCE_MIN, PATIENCE * interval)));
}
