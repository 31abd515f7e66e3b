/** `haagent status --watch`, on a terminal and into a pipe. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import { sleep, until } from "../lab/process.ts";
import { Vt100 } from "../lab/vt100.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const text = (priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["10.77.1.50/24"]
`;
const PATIENCE = 10_000;

let site: Site;
let agent: Agent;
beforeAll(async () => {
  site = await Site.create(1);
  agent = await Agent.create(site.box(0).namespace, text(100));
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
});
afterAll(() => site.close());

/** A command on a terminal of its own. */
class OnTerminal {
  screen: Vt100;
  readonly terminal: Bun.Terminal;
  readonly exited: Promise<number>;
  raw = "";

  constructor(columns: number, rows: number, ...argv: string[]) {
    this.screen = new Vt100(columns, rows);
    const decoder = new TextDecoder();
    this.terminal = new Bun.Terminal({
      cols: columns,
      rows,
      data: (_, bytes) => {
        const said = decoder.decode(bytes, { stream: true });
        this.raw += said;
        this.screen.feed(said);
      },
    });
    const inside = agent.namespace.enter([HAAGENT, ...argv, "--config", agent.path]);
    // In a session of its own, whose terminal this is: or nobody tells it of another size.
    this.exited = Bun.spawn(["setsid", "--ctty", "--wait", ...inside], { terminal: this.terminal }).exited;
  }

  async shows(wanted: string): Promise<void> {
    await until(
      () => `"${wanted}" is on the screen: ${this.screen.lines.join(" / ")}`,
      PATIENCE,
      () => this.screen.lines.some((line) => line.includes(wanted)),
    );
  }

  /** stty(1) of the terminal. */
  modes(): string {
    const { inputFlags, outputFlags, localFlags, controlFlags } = this.terminal;
    return [inputFlags, outputFlags, localFlags, controlFlags].join(" ");
  }

  [Symbol.dispose](): void {
    this.terminal.close();
  }
}

describe("status --watch on a terminal", () => {
  test("shows the status and keeps it true", async () => {
    using on = new OnTerminal(80, 24, "status", "--watch", "--interval", "100ms");
    await on.shows("lan: MASTER for ");
    await agent.command("standby");
    await on.shows("lan: STANDBY for ");
    await on.shows("ha1: degraded");
    expect(on.screen.lines.filter((line) => line.includes("MASTER"))).toEqual([]);
    await agent.command("takeover");
    await on.shows("lan: MASTER for ");
    on.terminal.write("\u0003");
    expect(await on.exited).toBe(0);
  });

  test("sends only what has changed", async () => {
    using on = new OnTerminal(80, 24, "status", "--watch", "--interval", "100ms");
    await on.shows("lan: MASTER for ");
    await sleep(500);
    const [before, from] = [on.raw.length, performance.now()];
    await sleep(2000);
    const looks = (performance.now() - from) / 100;
    // Ages and counters: some dozen bytes a look, where the whole text has some 500.
    expect((on.raw.length - before) / looks).toBeLessThan(120);
    expect(on.raw.split("\u001b[J")).toHaveLength(2);
    on.terminal.write("q");
    await on.exited;
  });

  test("gives the terminal back as it was, however it is ended", async () => {
    for (const end of ["\u0003", "q", "\u0004"]) {
      using on = new OnTerminal(80, 24, "status", "--watch");
      const before = on.modes();
      await on.shows("lan: MASTER for ");
      await until("it is in raw mode", PATIENCE, () => on.modes() !== before);
      expect(on.screen.cursorHidden).toBe(true);
      on.terminal.write(end);
      expect(await on.exited).toBe(0);
      await until("the cursor is back", PATIENCE, () => !on.screen.cursorHidden);
      expect(on.modes()).toBe(before);
      // Below the text, which stays.
      expect(on.screen.lines.join("\n")).toContain("lan: MASTER for ");
      expect([on.screen.row, on.screen.column]).toEqual([on.screen.lines.length, 0]);
    }
  });

  test("fits a small one, and draws anew when that grows or when asked to", async () => {
    using on = new OnTerminal(40, 6, "status", "--watch", "--interval", "1h");
    await on.shows("lines more");
    expect(on.screen.lines.length).toBe(5);
    for (const line of on.screen.lines) expect(line.length).toBeLessThan(40);
    const draws = (): number => on.raw.split("\u001b[J").length;
    const before = draws();
    on.terminal.write("\u000c");
    await until("it is drawn anew", PATIENCE, () => draws() > before);
    on.screen = new Vt100(80, 24);
    on.terminal.resize(80, 24);
    await on.shows("10.77.1.50/24 on eth1: held");
    expect(on.screen.lines.join(" ")).not.toContain("lines more");
    on.terminal.write("\u0003");
    expect(await on.exited).toBe(0);
  });

  test("prints lines of JSON where those are asked for, and leaves the terminal alone", async () => {
    using on = new OnTerminal(4000, 50, "status", "--watch", "--json");
    const before = on.modes();
    await until("it is there", PATIENCE, () => on.raw.includes("}\r\n"));
    expect(on.modes()).toBe(before);
    expect(JSON.parse(on.raw)).toMatchObject({ schema: 1 });
    on.terminal.write("\u0003");
    expect(await on.exited).toBe(0);
  });

  test("outlives a restart of the agent, and says what is missing", async () => {
    using on = new OnTerminal(80, 24, "status", "--watch", "--interval", "100ms");
    await on.shows("lan: MASTER for ");
    await agent.stop();
    await on.shows("no agent is running");
    await agent.start();
    await on.shows("lan: ");
    on.terminal.write("\u0003");
    await on.exited;
    await agent.is("lan", "master");
  });

  test("does not begin without an agent, or with a name that nobody has", async () => {
    using wrong = new OnTerminal(200, 24, "status", "wan", "--watch");
    expect(await wrong.exited).toBe(1);
    await wrong.shows("no virtual router is called wan");
    await agent.stop();
    using alone = new OnTerminal(200, 24, "status", "--watch");
    expect(await alone.exited).toBe(4);
    await agent.start();
    await agent.is("lan", "master");
  });
});

describe("status --watch into a pipe", () => {
  /** What it prints until `enough`, then it is ended by a signal. */
  async function printed(argv: string[], act: () => Promise<unknown>, count: number): Promise<string[]> {
    const lines: string[] = [];
    const child = agent.namespace.spawn(
      [HAAGENT, "status", "--watch", "--interval", "100ms", ...argv, "--config", agent.path],
      { onLine: (line) => lines.push(line) },
    );
    await until("it has begun", PATIENCE, () => lines.length > 0);
    await act();
    await until(
      () => `${count} lines: ${lines.join("\n")}`,
      PATIENCE,
      () => lines.length >= count,
    );
    child.signal("SIGINT");
    expect(await child.exited).toBe(0);
    return lines;
  }

  test("is a line for each change, and none while nothing changes", async () => {
    const lines = await printed(
      [],
      async () => {
        await sleep(1000);
        await agent.command("standby");
        await sleep(1000);
      },
      4,
    );
    const told = lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ""));
    expect(told.slice(0, 4)).toEqual([
      "ha1: ok",
      expect.stringMatching(
        /^lan: MASTER priority 100, master this node, addresses 1 of 1 \((no master heard|resumed after a restart)\)$/,
      ),
      "ha1: degraded",
      "lan: STANDBY priority 100, master none heard, addresses 0 of 1 (standby by the operator)",
    ]);
    expect(lines).toHaveLength(4);
    await agent.command("takeover");
  });

  test("is a whole report in JSON for each change", async () => {
    const lines = await printed(["--json"], () => agent.command("standby"), 2);
    expect(lines.map((line) => JSON.parse(line).vrrp[0].state)).toEqual(["master", "standby"]);
    await agent.command("takeover");
  });

  test("ends when nobody reads any more", async () => {
    const child = Bun.spawn(
      agent.namespace.enter([HAAGENT, "status", "--watch", "--interval", "100ms", "--config", agent.path]),
      { stdin: "ignore", stdout: "pipe", stderr: "ignore" },
    );
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    await agent.command("standby");
    expect(await child.exited).toBe(0);
    await agent.command("takeover");
  });
});
