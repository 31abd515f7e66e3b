/** Completion as bash and zsh do it: the scripts are read by the real shells. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { until } from "../lab/process.ts";
import { BINARY, haagent } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { file, place } = scratch();
const PATIENCE = 10_000;
const router = (name: string): string => `[vrrp."${name}"]\ninterface = "eth1"\nvrid = 1\naddresses = []\n`;
const COMMANDS =
  "run check status standby takeover why server fence reload stop release doctor completion realserver version".split(
    " ",
  );
let config = "";
let scripts: Record<"bash" | "zsh", string>;

const answer = JSON.stringify({ exit: 0, body: { schema: 1, vrrp: [{ name: "running" }] } });
let server: { stop(now: boolean): void };
beforeAll(() => {
  config = file("routers.toml", `[agent]\nruntime_dir = "/nowhere"\n${router("lan")}${router("wan.2")}`);
  const script = (shell: string): string => file(`haagent.${shell}`, haagent(["completion", shell]).stdout);
  scripts = { bash: script("bash"), zsh: script("zsh") };
  server = Bun.listen({
    unix: place("control.sock"),
    socket: { data: (socket) => void socket.end(`${answer}\n`) },
  });
});
afterAll(() => server.stop(true));

const PATH = `${dirname(BINARY)}:${process.env["PATH"] ?? ""}`;

async function run(argv: readonly string[]): Promise<string> {
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH, HOME: "/" },
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0 || stderr !== "") throw new Error(`${argv.join(" ")}: ${stderr}`);
  return stdout;
}

/** What bash would offer for a line that is cut into words as it does, the last one being completed. */
async function offered(...words: string[]): Promise<string[]> {
  const program = file(
    "ask.bash",
    `set -u\nsource "$1"\nshift\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_haagent "$1"\nfor word in \${COMPREPLY[@]+"\${COMPREPLY[@]}"}; do echo "$word"; done\n`,
  );
  const text = await run(["bash", "--norc", program, scripts.bash, "haagent", ...words]);
  return text.split("\n").filter((line) => line !== "");
}

describe("completion for bash", () => {
  test("offers the commands that this version does", async () => {
    expect(await offered("")).toEqual(COMMANDS);
    expect(await offered("st")).toEqual(["status", "standby", "stop"]);
    expect(await offered("conv")).toEqual([]);
  });

  test("offers the flags of the command", async () => {
    expect(await offered("status", "-")).toEqual([
      "--json",
      "--watch",
      "--interval",
      "--config",
      "--socket",
      "--help",
    ]);
    expect(await offered("takeover", "lan", "--f")).toEqual(["--force"]);
    expect(await offered("--c")).toEqual(["--config"]);
    expect(await offered("check", "--")).toEqual(["--config", "--once", "--help"]);
  });

  test("offers the routers of the configuration that is named, in both spellings", async () => {
    for (const command of ["status", "standby", "takeover", "why"]) {
      expect(await offered(command, "--config", config, "")).toEqual(["lan", "wan.2"]);
      expect(await offered(command, "--config", "=", config, "w")).toEqual(["wan.2"]);
      expect(await offered(command, "--config", config, "lan", "")).toEqual([]);
    }
    expect(await offered("reload", "--config", config, "")).toEqual([]);
  });

  test("offers those of the running agent first, and of no file when there is a socket", async () => {
    expect(await offered("why", "--socket", place("control.sock"), "")).toEqual(["running"]);
    expect(await offered("why", "--socket", place("nobody"), "")).toEqual([]);
  });

  test("offers shells and files where those are asked for", async () => {
    expect(await offered("completion", "")).toEqual(["bash", "zsh"]);
    expect(await offered("run", "--config", config.slice(0, -3))).toEqual([config]);
    expect(await offered("run", "--config", "=", config.slice(0, -3))).toEqual([config]);
    expect(await offered("status", "--interval", "")).toEqual([]);
  });
});

/** A shell on a terminal, at whose prompt somebody types. */
class Typist {
  readonly #terminal: Bun.Terminal;
  readonly #child: Bun.Subprocess;
  #said = "";

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    const decoder = new TextDecoder();
    this.#terminal = new Bun.Terminal({
      cols: 200,
      rows: 50,
      data: (_, bytes) => (this.#said += decoder.decode(bytes, { stream: true })),
    });
    this.#child = Bun.spawn(["setsid", "--ctty", "--wait", ...argv], {
      terminal: this.#terminal,
      env: { PATH, HOME: place("home"), TERM: "xterm", PS1: "READY> ", ...env },
    });
  }

  /** Types, and waits until the terminal shows something that matches, since it typed. */
  async type(keys: string, wanted: RegExp): Promise<void> {
    const from = this.#said.length;
    this.#terminal.write(keys);
    await until(
      () => `${wanted} after ${JSON.stringify(keys)}: ${JSON.stringify(this.#said.slice(from))}`,
      PATIENCE,
      () => wanted.test(this.#said.slice(from).replace(/\u001b\[[\d;?]*[A-Za-z]|[\u0000\u0007\u0008]/g, "")),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }
}

describe("the tab key", () => {
  test("completes in bash", async () => {
    await using typist = new Typist(["bash", "--norc", "--noprofile", "-i"], {});
    await typist.type(`source ${scripts.bash}; echo lo''aded\n`, /loaded\r?\n/);
    await typist.type("haagent tak\t", /haagent takeover /);
    await typist.type(`--config ${config} wa\t`, /wan\.2 /);
    await typist.type("--f\t", /--force /);
    await typist.type("\u0003", /READY> $/);
    await typist.type("haagent st\t\t", /standby +status +stop/);
  });

  test("completes in zsh", async () => {
    await using typist = new Typist(["zsh", "-f", "-i"], {});
    await typist.type(
      "unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -D -u\n",
      /READY> $/,
    );
    await typist.type(`source ${scripts.zsh}; print lo''aded\n`, /loaded\r?\n/);
    await typist.type("haagent tak\t", /takeover /);
    await typist.type(`--config=${config} wa\t`, /wan\.2 /);
    await typist.type("--f\t", /--force /);
    await typist.type("\u0003", /READY> $/);
    await typist.type(`haagent why --config ${config} \t`, /lan +wan\.2/);
    await typist.type("\u0003", /READY> $/);
    await typist.type("haagent st\t", /standby +-- give up a virtual router/);
    await typist.type("\u0003", /READY> $/);
    await typist.type(`haagent check --config ${config.slice(0, -4)}\t`, /routers\.toml/);
    await typist.type("\u0003", /READY> $/);
    await typist.type("haagent completion z\t", /completion zsh /);
  });

  test("completes in zsh from a function path, too", async () => {
    const folder = place("functions");
    await Bun.write(`${folder}/_haagent`, Bun.file(scripts.zsh));
    await using typist = new Typist(["zsh", "-f", "-i"], {});
    await typist.type(
      `fpath=(${folder} $fpath); autoload -Uz compinit; compinit -D -u; print lo''aded\n`,
      /loaded\r?\n/,
    );
    await typist.type("haagent stand\t", /standby /);
    await typist.type(`--config ${config} l\t`, /lan /);
  });
});

describe("completion routers", () => {
  test("is silent about whatever is wrong", () => {
    for (const path of [
      place("missing.toml"),
      file("broken.toml", "[agent\n"),
      file("none.toml", "vrrp = 1\n"),
    ]) {
      expect(haagent(["completion", "routers", "--config", path])).toEqual({
        exit: 0,
        stdout: "",
        stderr: "",
      });
    }
  });

  test("leaves out what is no name: it goes into a shell", () => {
    const path = file("odd.toml", `${router("$(touch x)")}${router("good")}`);
    expect(haagent(["completion", "routers", "--config", path]).stdout).toBe("good\n");
  });
});
