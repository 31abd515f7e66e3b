/** How a script check is run: as whom, with what, for how long, and what comes of one that cannot be run at all. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { lives, Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

let site: Site;
let scripts: Scripts;

beforeEach(async () => {
  site = await Site.create(1);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
});
afterEach(() => site.close());

const text = (command: readonly string[], more = 'interval = "100ms"\ntimeout = "5s"'): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["10.77.1.50/24"]
track_checks = ["it"]
[check.it]
type = "script"
command = [${command.map((argument) => JSON.stringify(argument)).join(", ")}]
fall = 1
${more}
`;

/** As root with groups, which a script must not keep. */
const ROOT = ["setpriv", "--groups", "0,4,24", "--"];

async function started(
  command: readonly string[],
  more?: string,
  agentLines = "",
  under: readonly string[] = ROOT,
): Promise<Agent> {
  const agent = await Agent.create(site.box(0).namespace, { agent: agentLines, text: text(command, more) });
  site.atClose(() => agent.close());
  await agent.start(under);
  return agent;
}

/** The numbers of an account: `uid gid`. */
function account(name: string): string | null {
  const fields = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([first]) => first === name);
  return fields === undefined ? null : `${fields[2]} ${fields[3]}`;
}
const DEFAULT = account("haagent-script") ?? account("nobody") ?? "";
const WHO = 'echo "$(id -u) $(id -g)|$(id -G)" > $D/who.new; mv $D/who.new $D/who';

async function whoRan(): Promise<{ ids: string; groups: string }> {
  await until("the script has run", 5000, () => scripts.lines("who").length > 0);
  const [ids = "", groups = ""] = scripts.lines("who")[0]?.split("|") ?? [];
  return { ids, groups };
}

describe("a check's script", () => {
  test("runs as the script user, in its group and no other", async () => {
    await started([await scripts.write("who.sh", WHO)]);
    expect(await whoRan()).toEqual({ ids: DEFAULT, groups: DEFAULT.split(" ")[1] ?? "" });
  });

  test("runs as the user that is named, and as root only if that is root", async () => {
    const command = await scripts.write("who.sh", WHO);
    const agent = await started([command], undefined, 'script_user = "daemon"');
    const daemon = account("daemon") ?? "";
    expect(await whoRan()).toEqual({ ids: daemon, groups: daemon.split(" ")[1] ?? "" });
    await agent.reload({ agent: 'script_user = "root"', text: text([command]) });
    await until("root has run it", 5000, () => scripts.lines("who")[0]?.startsWith("0 0|") === true);
  });

  test("has no capability, no descriptor and no environment of ours", async () => {
    const body = `{ env | sort; echo --; grep ^Cap /proc/self/status; echo --; for f in /proc/$$/fd/*; do readlink $f; done; pwd; } > $D/seen.new
mv $D/seen.new $D/seen`;
    await started([await scripts.write("seen.sh", body)]);
    await until("the script has run", 5000, () => scripts.lines("seen").length > 0);
    const [environment = "", capabilities = "", descriptors = ""] = (await scripts.text("seen")).split(
      "--\n",
    );
    // PWD is the shell's own.
    const names = environment.split("\n").flatMap((line) => (line.includes("=") ? [line.split("=")[0]] : []));
    expect(names.filter((name) => !["PWD", "_", "OLDPWD", "SHLVL"].includes(name ?? ""))).toEqual(["PATH"]);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
      expect(capabilities).toMatch(new RegExp(`${set}:\\s+0{16}\\n`));
    const opened = descriptors.trim().split("\n");
    expect(opened.at(-1)).toBe("/");
    // Standard streams, the script itself, and what it writes to.
    const rest = opened
      .slice(0, -1)
      .filter((target) => target !== "/dev/null" && !/\/seen\.(sh|new)$/.test(target));
    expect(rest).toEqual([]);
  });

  test("may have as many descriptors as programs expect, and not more than the agent", async () => {
    const body = "echo $(ulimit -Sn) $(ulimit -Hn) > $D/limit.new; mv $D/limit.new $D/limit";
    const command = [await scripts.write("limit.sh", body)];
    const agent = await started(command, undefined, "", ["prlimit", "--nofile=256:5000"]);
    await until("the script has run", 5000, () => scripts.lines("limit").length > 0);
    expect(scripts.lines("limit")).toEqual(["1024 5000"]);
    // The agent itself, for its probes, between two of them.
    await until("the agent has all", 5000, () =>
      /^Max open files +5000 +5000 /m.test(readFileSync(`/proc/${agent.pid}/limits`, "utf8")),
    );
    expect(Bun.spawnSync(["prlimit", `--pid=${agent.pid}`, "--nofile=512:512"]).exitCode).toBe(0);
    await until("scripts have no more", 5000, () => scripts.lines("limit")[0] === "512 512");
  });

  test("gets its arguments as they are written, and no shell reads them", async () => {
    const body = 'for a in "$@"; do echo "[$a]"; done > $D/args.new; mv $D/args.new $D/args';
    const odd = ["a b", "$HOME", "`id`", "; touch /tmp/x", "", 'ein "Wort"', "ü"];
    await started([await scripts.write("args.sh", body), ...odd]);
    await until("the script has run", 5000, () => scripts.lines("args").length > 0);
    expect(scripts.lines("args")).toEqual(odd.map((argument) => `[${argument}]`));
  });

  test("that takes too long has failed, and is killed with its children and theirs", async () => {
    const body = `sh -c 'sleep 600 & echo $! >> '$D'/pids; sleep 601' & echo $! >> $D/pids
echo $$ >> $D/pids
sleep 602`;
    const agent = await started(
      [await scripts.write("long.sh", body)],
      'timeout = "500ms"\ninterval = "20s"',
    );
    await agent.is("lan", "fault", "it is down");
    expect((await agent.says("track.changed", "up=false")).fields["detail"]).toBe("timeout after 0.5s");
    const pids = scripts.lines("pids").map(Number);
    expect(pids).toHaveLength(3);
    await until("all of them are dead", 2000, () => !pids.some(lives));
  });

  test("that ends while a child of it goes on is done, and the child is left alone", async () => {
    const body = "sleep 600 & echo $! >> $D/pids";
    const agent = await started([await scripts.write("daemon.sh", body)], 'timeout = "1s"\ninterval = "20s"');
    await until("the check is good", 3000, async () => (await agent.router("lan")).tracks[0]?.up === true);
    await sleep(1300);
    const [pid = 0] = scripts.lines("pids").map(Number);
    expect(lives(pid)).toBe(true);
  });

  test("that runs when the agent stops is killed", async () => {
    const agent = await started(
      [await scripts.write("long.sh", "echo $$ >> $D/pids; exec sleep 600")],
      'timeout = "1h"',
    );
    await until("it runs", 3000, () => scripts.lines("pids").length === 1);
    expect(await agent.stop()).toBe(0);
    const [pid = 0] = scripts.lines("pids").map(Number);
    await until("it is dead", 2000, () => !lives(pid));
  });

  test("that a reload takes out is killed, and a new one starts neutral", async () => {
    const long = await scripts.write("long.sh", "echo $$ >> $D/pids; exec sleep 600");
    const bad = await scripts.write("bad.sh", "sleep 0.3; exit 1");
    const agent = await started([long], 'timeout = "1h"');
    await until("it runs", 3000, () => scripts.lines("pids").length === 1);
    await agent.reload(text([bad], 'timeout = "5s"'));
    const [pid = 0] = scripts.lines("pids").map(Number);
    await until("it is dead", 2000, () => !lives(pid));
    await agent.is("lan", "fault", "it is down");
  });

  test("says a number by its exit status, where that is wanted", async () => {
    const path = await scripts.write("load", "exit 22");
    const agent = await started([path], 'interval = "100ms"\ndynamic = true\nweight = 0');
    await agent.is("lan", "master");
    await until("it counts", 5000, async () => (await agent.router("lan")).effective_priority === 120);
  });

  test("that dies of a signal has failed, and its name is said", async () => {
    const agent = await started([await scripts.write("dies.sh", "kill -SEGV $$")]);
    await agent.is("lan", "fault");
    expect((await agent.says("track.changed", "up=false")).fields["detail"]).toBe("signal SIGSEGV");
  });
});

describe("a check that cannot be run", () => {
  const cases: readonly [string, (agent: string) => Promise<readonly string[]>, string][] = [
    ["is not there", async () => ["/nowhere/check.sh"], "ENOENT: no such file or directory"],
    ["is not executable", async () => [await scripts.write("plain", "exit 0", 0o644)], "EACCES"],
    ["is a directory", async () => [scripts.directory], "EACCES"],
    [
      "is no program",
      async () => {
        await scripts.put("data", "\u0000\u0001");
        const path = scripts.path("data");
        await Bun.spawn(["chmod", "755", path]).exited;
        return [path];
      },
      "ENOEXEC: no program; a script begins with #! and its interpreter",
    ],
    [
      "has an interpreter that is not there",
      async () => {
        await Bun.write(scripts.path("odd"), "#!/no/such/interpreter\n");
        await Bun.spawn(["chmod", "755", scripts.path("odd")]).exited;
        return [scripts.path("odd")];
      },
      "ENOENT: the interpreter in its first line is not there",
    ],
  ];
  for (const [what, make, errno] of cases) {
    test(`because its script ${what} has failed, and the agent goes on`, async () => {
      const agent = await started(await make(""));
      await agent.is("lan", "fault", "it is down");
      expect((await agent.says("track.changed", "up=false")).fields["detail"]).toContain(errno);
      await sleep(300);
      expect((await agent.command("status")).code).toBe(3);
      expect(await agent.stop()).toBe(0);
    });
  }

  test("because its user does not exist has failed, and says so", async () => {
    const agent = await started(
      [await scripts.write("fine", "exit 0")],
      undefined,
      'script_user = "nobody-at-all"',
    );
    await agent.is("lan", "fault", "it is down");
    expect((await agent.says("track.changed", "up=false")).fields["detail"]).toContain("nobody-at-all");
  });
});
