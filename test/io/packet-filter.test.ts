/** The packet filter's table in a real kernel: made, changed, lost, and what is left of it after a kill. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

const HOLDER = new URL("filter-holder.ts", import.meta.url).pathname;
const RELEASE = new URL("released.ts", import.meta.url).pathname;

let space: Namespace;
let directory: ReturnType<typeof temporaryDirectory>;
let names = 0;

beforeAll(async () => {
  space = await Namespace.create();
  directory = temporaryDirectory();
});

afterAll(async () => {
  await space.close();
  directory[Symbol.dispose]();
});

class Holder {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;
  readonly path: string;
  table = "";

  private constructor(path: string, kind: "owned" | "left") {
    this.path = path;
    this.#child = Bun.spawn(space.enter([process.execPath, HOLDER, path, kind]), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = lines(this.#child.stdout);
  }

  static async start(kind: "owned" | "left", path = join(directory.path, `run${names++}`)): Promise<Holder> {
    const holder = new Holder(path, kind);
    holder.table = (await holder.#lines.next()).value;
    return holder;
  }

  async refuses(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    await this.#child.stdin.flush();
    return (await this.#lines.next()).value;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const all = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = all.pop() ?? "";
    yield* all;
  }
}

const ruleset = (): Promise<string> => space.run(["nft", "list", "ruleset"]);
const release = async (path: string): Promise<unknown> =>
  JSON.parse(await space.run([process.execPath, RELEASE, path]));

describe("the packet filter", () => {
  test("is a table of six rules and three sets, as nft reads it", async () => {
    const holder = await Holder.start("owned");
    expect(await holder.refuses("192.0.2.1 192.0.2.2 2001:db8::1")).toBe("done");
    const text = (await ruleset()).replaceAll(/#.*/g, "").replaceAll(/\s+/g, " ").trim();
    expect(text).toBe(
      `table inet ${holder.table} { flags owner ` +
        "set addresses4 { type ipv4_addr elements = { 192.0.2.1, 192.0.2.2 } } " +
        "set addresses6 { type ipv6_addr elements = { 2001:db8::1 } } " +
        'set devices { type iface_index elements = { "lo" } } ' +
        "chain input { type filter hook input priority 200; policy accept; " +
        "ip daddr @addresses4 drop icmpv6 type 135-136 accept ip6 daddr @addresses6 drop } " +
        "chain output { type filter hook output priority 200; policy accept; " +
        "oif @devices meta l4proto igmp drop oif @devices icmpv6 type 130-132 drop " +
        "oif @devices icmpv6 type mld2-listener-report drop } }",
    );
    expect(await holder.refuses("192.0.2.2 192.0.2.3")).toBe("done");
    expect(await ruleset()).toContain("elements = { 192.0.2.2, 192.0.2.3 }");
    expect(await holder.refuses("none")).toBe("done");
    expect(await ruleset()).toBe("");
    await holder.kill();
  });

  test("that is owned is gone with its process, and nobody else can have one of that name", async () => {
    const holder = await Holder.start("owned");
    expect(await holder.refuses("192.0.2.1")).toBe("done");
    const second = await Holder.start("owned", holder.path);
    expect(await second.refuses("192.0.2.9")).toBe("not permitted, or another process owns the table");
    await second.kill();
    await holder.kill();
    await until("no table", PATIENCE, async () => (await ruleset()) === "");
  });

  test("of an older kernel outlives its process until the next one, or a release", async () => {
    const holder = await Holder.start("left");
    expect(await holder.refuses("192.0.2.1")).toBe("done");
    expect(existsSync(join(holder.path, "nftables"))).toBe(true);
    await holder.kill();
    expect(await ruleset()).toContain("192.0.2.1");
    const next = await Holder.start("left", holder.path);
    expect(await next.refuses("192.0.2.2")).toBe("done");
    expect(await ruleset()).toContain("elements = { 192.0.2.2 }");
    await next.kill();
    expect(await release(holder.path)).toMatchObject({
      ok: true,
      value: { others: [`table inet ${holder.table}`] },
    });
    expect(await ruleset()).toBe("");
    expect(existsSync(join(holder.path, "nftables"))).toBe(false);
    expect(await release(holder.path)).toMatchObject({ ok: true, value: { others: [] } });
  });

  test("is made anew when somebody has flushed it", async () => {
    const holder = await Holder.start("left");
    expect(await holder.refuses("192.0.2.1")).toBe("done");
    await space.run(["nft", "flush", "ruleset"]);
    expect(await holder.refuses("192.0.2.1 192.0.2.2")).toBe("done");
    expect(await ruleset()).toContain("elements = { 192.0.2.1, 192.0.2.2 }");
    await holder.refuses("none");
    await holder.kill();
  });
});
