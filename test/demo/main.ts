/**
 * `npm start` after the build: two haagents keep an address alive for a client that pings it, and the master is lost three times.
 * A live screen in a terminal, plain lines anywhere else. Exit code 0 when every act ended as promised.
 */
import { mkdir } from "node:fs/promises";
import { relative } from "node:path";
import type { RouterSpec } from "../lab/daemon.ts";
import { ROUTER } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { INTERFACE } from "../lab/lab.ts";
import { Pair } from "../lab/pair.ts";
import { now } from "../lab/process.ts";
import type { Outcome, Teller } from "./story.ts";
import { tell } from "./story.ts";
import type { Told } from "./view.ts";
import { COLUMNS, HEADING, row, ROWS, screen } from "./view.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const DIRECTORY = `${ROOT}.demo`;
const FRAME_MS = 100;
/** 128 + SIGINT. */
const INTERRUPTED = 130;

const ROUTERS: readonly [RouterSpec, RouterSpec] = [
  { ...ROUTER, priority: 200 },
  { ...ROUTER, priority: 100 },
];
const FILES = ROUTERS.map((_, side) => `${DIRECTORY}/node${side + 1}.toml`);

/** The part of a configuration that a box of one's own needs. */
const routerText = (router: RouterSpec): string => `[vrrp.VI_1]
interface = "${INTERFACE}"
vrid = ${router.vrid}                       # the same on both nodes, and unique on the wire
priority = ${router.priority}                  # 1 to 254: the highest one that lives is master
advert_interval = "${router.interval / 1000}s"          # three of them missing, and the backup takes over
addresses = ${JSON.stringify(router.addresses)}   # what the clients use
`;

/** The configuration that a newcomer can take away. */
function configText(router: RouterSpec, runtimeDir: string): string {
  return `# haagent.toml, written by \`npm start\`. To use it on a box of your own: copy it to /etc/haagent.toml,
# leave the [agent] table out, and set the interface and the addresses. The other node differs in its priority only.

[agent]                         # two agents share one machine here: not needed on a box
runtime_dir = ${JSON.stringify(runtimeDir)}
state_dir = ${JSON.stringify(`${runtimeDir}/state`)}

${routerText(router)}`;
}

/** Lines as they come, with the time since the start. */
function plainTeller(startedAt: number, outcomes: Outcome[]): Teller {
  const line = (text: string): void =>
    console.log(`${((now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${text}`);
  return {
    act: (title) => line(title),
    say: (text) => line(`  ${text}`),
    outcome(outcome) {
      outcomes.push(outcome);
      line(row(outcome).replace(/ +/g, " "));
    },
  };
}

/** Keeps what is told for the next frame. */
function screenTeller(told: { act: string; story: string[]; outcomes: Outcome[] }): Teller {
  return {
    act(title) {
      told.act = title;
      told.story.length = 0;
    },
    say: (text) => void told.story.push(text),
    outcome: (outcome) => void told.outcomes.push(outcome),
  };
}

/** The live screen on the terminal's second page; gives back what ends it. */
function animate(pair: Pair, told: Told, startedAt: number): () => void {
  process.stdout.write("\x1b[?1049h\x1b[?25l");
  const timer = setInterval(() => {
    const lines = screen(pair, told, now(), startedAt).map((line) => `${line}\x1b[K`);
    process.stdout.write(`\x1b[H${lines.join("\n")}`);
  }, FRAME_MS);
  return () => {
    clearInterval(timer);
    process.stdout.write("\x1b[?25h\x1b[?1049l");
  };
}

/** Rejects on ^C and its relatives: the story is left where it is, and everything cleaned up. */
function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => reject(new Interrupted(signal)));
    }
  });
}

class Interrupted extends Error {}

async function main(): Promise<number> {
  const stop = interrupted();
  // It may come before anybody waits for it.
  stop.catch(() => {});
  const startedAt = now();
  const { isTTY, columns = 0, rows = 0 } = process.stdout;
  const live = isTTY && columns >= COLUMNS && rows >= ROWS;
  const told = {
    act: "",
    story: [] as string[],
    outcomes: [] as Outcome[],
    files: FILES.map((file) => relative(process.cwd(), file)),
  };
  await mkdir(DIRECTORY, { recursive: true });
  const pair = await Pair.create({
    kinds: ["haagent", "haagent"],
    routers: ROUTERS,
    make: (station, side) =>
      Haagent.withFile(station, {
        path: FILES[side] ?? "",
        text: (runtimeDir) => configText(ROUTERS[side], runtimeDir),
      }),
  });
  const end = live ? animate(pair, told, startedAt) : () => {};
  let failure: unknown = null;
  try {
    const story = tell(pair, live ? screenTeller(told) : plainTeller(startedAt, told.outcomes));
    // Left behind by an interruption it fails later, on a lab that is gone: nobody's business.
    story.catch(() => {});
    await Promise.race([story, stop]);
  } catch (cause) {
    failure = cause;
  }
  end();
  await pair.close();
  if (failure instanceof Interrupted) return INTERRUPTED;
  if (failure !== null) {
    console.error(`demo: ${failure instanceof Error ? failure.message : String(failure)}`);
    return 1;
  }
  const lines = [
    HEADING,
    ...told.outcomes.map(row),
    "",
    `The configuration of node1; node2 has priority = ${ROUTERS[1].priority}. Ready to be copied: ${told.files.join(" ")}`,
    "",
    routerText(ROUTERS[0]).replace(/^(?=.)/gm, "   "),
    "Everything else is cleaned up: no namespace, address or process is left.",
  ];
  console.log(lines.join("\n"));
  return told.outcomes.length === 3 && told.outcomes.every(({ good }) => good) ? 0 : 1;
}

process.exit(await main());
