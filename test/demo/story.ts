/** What the demonstration does: three ways to lose a master, each measured at the client beside what the protocol allows. */
import { masterDown, skew } from "../lab/daemon.ts";
import type { Pair, Side } from "../lab/pair.ts";
import { now, sleep, until } from "../lab/process.ts";

/** One measured event. */
export interface Outcome {
  readonly title: string;
  /** What the client went without an answer, milliseconds; null when nothing was lost that counts. */
  readonly outage: number | null;
  /** The least that the protocol allows after what was seen on the wire; null where it asks for none. */
  readonly floor: number | null;
  readonly words: string;
  readonly good: boolean;
}

/** Where the story is told. */
export interface Teller {
  act(title: string): void;
  say(text: string): void;
  outcome(outcome: Outcome): void;
}

/** Beyond the protocol's floor this is a failure and not the machine's noise. */
const ROOM_MS = 1000;
/** Answers this far apart are no outage: the ping interval, doubled, and a busy machine. */
const HICCUP_MS = 50;
const READ_MS = 1200;
const WATCH_RESPAWN_MS = 2500;
const TAKE_OVER_MS = 15_000;

const seconds = (span: number): string => `${(span / 1000).toFixed(2)} s`;
const whole = (span: number): string => `${span.toFixed(0)} ms`;
const unanswered = (lost: number): string =>
  lost === 0 ? "no answer lost" : `${lost} ping${lost === 1 ? "" : "s"} unanswered`;

/** Runs the acts in order; throws when something does not happen at all. */
export async function tell(pair: Pair, teller: Teller): Promise<void> {
  teller.act("Two routers start");
  teller.say("each listens three intervals and its skew before it takes the address");
  await pair.start();
  const took = await pair.settled(0);
  teller.say(`node1 (priority 200) is master over node2 (100) after ${seconds(took)}`);
  // A plug is pulled at any time between two adverts.
  await sleep(READ_MS + Math.random() * pair.interval);

  teller.outcome(await powerLost(pair, teller));
  await sleep(READ_MS);
  teller.say("node1 gets its power and its cable back");
  await pair.lab.heal(pair.node(0));
  await comesBack(pair, teller);

  teller.outcome(await respawned(pair, teller));
  await sleep(READ_MS);

  teller.outcome(await stopped(pair, teller));
  await sleep(READ_MS);
  teller.say("node1 is started again");
  await comesBack(pair, teller);
  await sleep(READ_MS);
}

async function powerLost(pair: Pair, teller: Teller): Promise<Outcome> {
  teller.act("Act 1: the master loses its power");
  teller.say("its port on the bridge is cut, then SIGKILL: nobody says goodbye");
  const cutAt = await pair.lab.cut(pair.node(0));
  pair.daemons[0].kill();
  await answeredBy(pair, 1, cutAt);
  const end = now();
  const outage = pair.client.outage(cutAt, end);
  const last = pair.lastAdvert(0) ?? cutAt;
  const first = pair.firstAdvert(1, cutAt) ?? end;
  const wait = masterDown(pair.routers[1]);
  const floor = Math.max(0, last + wait - outage.from);
  teller.say(`the last advert came ${whole(cutAt - last)} before the cut; silence is believed after`);
  teller.say(
    `3 x ${seconds(pair.interval)} + skew ${seconds(skew(pair.routers[1]))} = ${seconds(wait)}; node2 spoke ${(first - last - wait).toFixed(1)} ms after that`,
  );
  return {
    title: "power lost",
    outage: outage.ms,
    floor,
    words: unanswered(outage.lost),
    good: outage.ms < floor + ROOM_MS,
  };
}

async function respawned(pair: Pair, teller: Teller): Promise<Outcome> {
  teller.act("Act 2: SIGKILL, and started again at once");
  teller.say("as systemd or procd would; the addresses were left to the kernel with a deadline");
  const killedAt = await pair.daemons[0].killRespawned();
  await sleep(WATCH_RESPAWN_MS);
  const end = now();
  const outage = pair.client.outage(killedAt, end);
  const lost = pair.client.lost(killedAt, end - HICCUP_MS);
  const kept = pair.firstAdvert(1, killedAt) === undefined && pair.firstAdvert(0, killedAt) !== undefined;
  const back = (pair.firstAdvert(0, killedAt) ?? end) - killedAt;
  teller.say(
    kept
      ? `mastership kept: the new process advertised ${whole(back)} after the kill, node2 never spoke`
      : "mastership was NOT kept",
  );
  return {
    title: "killed, respawned",
    outage: outage.ms > HICCUP_MS || lost > 0 ? outage.ms : null,
    floor: null,
    words: unanswered(lost),
    good: kept,
  };
}

async function stopped(pair: Pair, teller: Teller): Promise<Outcome> {
  teller.act("Act 3: a clean stop");
  teller.say("SIGTERM: priority 0 says goodbye, so node2 waits for its skew only");
  const askedAt = now();
  const exit = await pair.daemons[0].stop();
  await answeredBy(pair, 1, askedAt);
  const outage = pair.client.outage(askedAt, now());
  const wait = skew(pair.routers[1]);
  const goodbye = pair.wire
    .adverts(askedAt, pair.node(0).mac)
    .findLast(({ seen }) => seen.priority === 0)?.at;
  teller.say(`node1 was gone after ${whole(exit)}`);
  const floor = goodbye === undefined ? null : Math.max(0, goodbye + wait - outage.from);
  return {
    title: "clean stop",
    outage: outage.ms,
    floor,
    words: unanswered(outage.lost),
    good: floor !== null && outage.ms < floor + ROOM_MS,
  };
}

/** The better router returns and takes over without the client noticing. */
async function comesBack(pair: Pair, teller: Teller): Promise<void> {
  const startedAt = await pair.daemons[0].start();
  await pair.settled(0);
  const end = now();
  const took = (pair.firstAdvert(0, startedAt) ?? end) - startedAt;
  const lost = pair.client.lost(startedAt, end - HICCUP_MS);
  teller.say(`node1 is master again ${seconds(took)} after its start; ${unanswered(lost)}`);
}

/** Waits until the client is answered by `side`. */
async function answeredBy(pair: Pair, side: Side, since: number): Promise<void> {
  const mac = pair.node(side).mac;
  await until(
    () => `the client is answered by ${pair.node(side).name}; ${pair.describe()}`,
    TAKE_OVER_MS,
    () => pair.client.pings.some((ping) => (ping.answeredAt ?? 0) > since && ping.from === mac),
  );
}
