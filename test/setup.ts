/**
 * First step of `npm start`, `npm test` and `npm run bench`: looks at the machine, installs what is missing (saying so), moves into network
 * and mount namespaces of its own, so that nothing outside is touched and nothing is left, and goes on there.
 * With everything in place it needs no network and says nothing.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import manifest from "../package.json";
import { BENCH_TOOLS, DEMO_TOOLS, missing, testTools } from "./packages.ts";
import { fetchTrees } from "./trees.ts";

const ROOT = `${import.meta.dir}/..`;
/** Set in the environment of the second start, inside the namespaces. */
const INSIDE = "HAAGENT_SETUP_INSIDE";

const PARENT_POLL_MS = 500;

const say = (text: string): void => console.log(`setup: ${text}`);

function stop(text: string): never {
  console.error(`setup: ${text}`);
  process.exit(1);
}

/** Runs a program with our standard streams; false when it fails or is missing. */
function runs(argv: readonly string[], environment: Record<string, string> = {}): boolean {
  try {
    const env = { ...process.env, ...environment };
    return Bun.spawnSync([...argv], { cwd: ROOT, env, stdio: ["inherit", "inherit", "inherit"] }).success;
  } catch {
    return false;
  }
}

/** As {@link runs}, silent. */
function quietly(argv: readonly string[]): boolean {
  try {
    return Bun.spawnSync([...argv], { cwd: ROOT, stdio: ["ignore", "ignore", "ignore"] }).success;
  } catch {
    return false;
  }
}

/** True when node_modules holds exactly the versions of package.json. */
function packagesCurrent(): boolean {
  return Object.entries(manifest.devDependencies).every(([name, version]) => {
    try {
      const text = readFileSync(`${ROOT}/node_modules/${name}/package.json`, "utf8");
      return text.includes(`"version": "${version}"`);
    } catch {
      return false;
    }
  });
}

function installPackages(): void {
  if (packagesCurrent()) return;
  say("package.json has changed since the last run: npm ci");
  if (!runs(["npm", "ci", "--no-audit", "--no-fund"])) stop("npm ci failed");
}

/** Installs the Debian packages of missing tools when root. An ordinary user goes on without: the tests that need one fail by name. */
function installTools(tools: ReturnType<typeof missing>): void {
  if (tools.length === 0) return;
  for (const tool of tools) say(`${tool.program} is missing (${tool.reason})`);
  const names = [...new Set(tools.map((tool) => tool.debian))];
  if (process.getuid?.() !== 0) {
    const text = `not root: install it once with  sudo apt-get install ${names.join(" ")}`;
    if (tools.some((tool) => DEMO_TOOLS.includes(tool))) stop(text);
    say(text);
    return;
  }
  say(`apt-get install ${names.join(" ")}`);
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...names];
  const done = withoutServices(
    () => runs(["apt-get", "update", "-q"], environment) && runs(install, environment),
  );
  if (!done) stop("apt-get failed: on another distribution install these by hand");
}

/** invoke-rc.d(8) asks this program, where there is one, whether a service may be started. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";

/** Does something while no package starts its daemons: they are wanted in the labs, not on this machine. */
function withoutServices<Result>(act: () => Result): Result {
  if (existsSync(SERVICE_POLICY)) return act();
  writeFileSync(SERVICE_POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return act();
  } finally {
    rmSync(SERVICE_POLICY, { force: true });
  }
}

/** The flags of unshare(1) that work here, best first; null when none does. */
function namespaces(root: boolean): readonly string[] | null {
  // An ordinary user becomes root of a user namespace, with other users beside it where /etc/subuid gives some, and gets a mount
  // namespace for what root may write.
  const ways = root ? [["-n"]] : [["-Urnm", "--map-auto"], ["-Urnm"]];
  return ways.find((flags) => quietly(["unshare", ...flags, "ip", "link", "set", "lo", "up"])) ?? null;
}

/** Starts this file again inside new namespaces; does not return. */
async function enter(root: boolean, testing: boolean): Promise<never> {
  const flags = namespaces(root);
  if (flags === null) {
    stop(
      root
        ? "this container gives no network namespace (unshare -n): in Docker use --privileged"
        : "this kernel gives ordinary users no network namespace (unshare -Urn): run it as root, or allow it " +
            "(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)",
    );
  }
  if (!root && testing && !flags.includes("--map-auto")) {
    say("no further user ids for you in /etc/subuid and /etc/subgid: tests with a second user will fail");
  }
  const again = [process.execPath, import.meta.path, ...process.argv.slice(2)];
  const inner = Bun.spawn(["unshare", ...flags, "setpriv", "--pdeathsig", "TERM", "--", ...again], {
    cwd: ROOT,
    env: { ...process.env, [INSIDE]: root ? "root" : "user" },
    stdio: ["inherit", "inherit", "inherit"],
  });
  // The inner process cleans up and decides how this ends; from a terminal it gets ^C twice, which does no harm.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => inner.kill(signal));
  }
  // npm does not pass on a signal that only it gets: when it is gone, so are we.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) inner.kill("SIGTERM");
  }, PARENT_POLL_MS);
  process.exit(await inner.exited);
}

/** Inside: what programs of root expect. */
function furnish(): void {
  if (!quietly(["ip", "link", "set", "lo", "up"])) stop("cannot set the loopback interface up");
  // /run belongs to the real root.
  const own = process.env[INSIDE] === "user";
  if (own && !quietly(["mount", "-t", "tmpfs", "tmpfs", "/run"])) stop("cannot mount a tmpfs on /run");
}

const chosen = process.argv[2];
if (chosen !== "start" && chosen !== "test" && chosen !== "bench") {
  stop("usage: setup.ts start|test|bench [ARGUMENT...]");
}
process.env["PATH"] = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
if (process.env[INSIDE] === undefined) {
  const root = process.getuid?.() === 0;
  const tools = { start: DEMO_TOOLS, test: testTools(root), bench: BENCH_TOOLS };
  installPackages();
  installTools(missing(tools[chosen]));
  // What has to come over a network, which there is none of inside.
  if (chosen !== "start") {
    if (!runs([process.execPath, `${ROOT}/build.ts`, "--fetch"]))
      say("no cross builds: their tests will fail");
    fetchTrees(say);
  }
  // The test runner builds by itself.
  if (chosen !== "test" && !runs([process.execPath, `${ROOT}/build.ts`])) stop("the build failed");
  await enter(root, chosen === "test");
}
furnish();
process.argv.splice(2, 1);
await import({ start: "./demo/main.ts", test: "./run.ts", bench: "./bench/main.ts" }[chosen]);
