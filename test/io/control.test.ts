/** The control socket from the client's side. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event, Reply } from "../../src/agent/boundary.ts";
import { ask } from "../../src/io/ask.ts";
import { Control, controlPath } from "../../src/io/control.ts";
import { makeDirectory } from "../../src/io/lock.ts";
import { encodeRequest, REQUEST_BYTES_MAX } from "../../src/wire/control.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

/** A control socket whose every request is answered by `answer`. */
function listening(
  directory: string,
  answer: (event: Extract<Event, { kind: "request" }>) => Reply | null,
  group: string | null = null,
): Control {
  const opened = Control.open(directory, group, (event) => {
    if (event.kind !== "request") return;
    const reply = answer(event);
    if (reply !== null) control.reply(event.connection, reply);
  });
  if (!opened.ok) throw new Error(opened.error);
  const control = opened.value;
  return control;
}

/** Sends raw bytes and gives all that comes back until the agent hangs up. */
async function raw(path: string, bytes: string | null): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  await Bun.connect({
    unix: path,
    socket: {
      open: (socket) => void (bytes !== null && socket.write(bytes)),
      data: (_, chunk) => void (text += chunk.toString()),
      close: () => resolve(text),
      error: () => resolve(text),
    },
  });
  return promise;
}

/** Sends raw bytes, says that nothing follows, and gives all that comes back. */
async function half(path: string, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  await Bun.connect({
    unix: path,
    allowHalfOpen: true,
    socket: {
      open: (socket) => {
        socket.write(bytes);
        socket.shutdown();
      },
      data: (_, chunk) => void (text += chunk.toString()),
      end: (socket) => void socket.end(),
      close: () => resolve(text),
      error: () => resolve(text),
    },
  });
  return promise;
}

describe("the control socket", () => {
  test("is for its owner alone, from the first moment on", () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const own = listening(directory.path, () => null);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    own.close();
    expect(existsSync(path)).toBe(false);
    expect(Control.open(directory.path, "no-such-group", () => undefined)).toEqual({
      ok: false,
      error: 'control_group: no group "no-such-group"',
    });
  });

  test("of a group serves its members and nobody else", async () => {
    using directory = temporaryDirectory();
    const runtimeDir = join(directory.path, "run");
    makeDirectory(runtimeDir);
    chmodSync(directory.path, 0o755);
    const path = controlPath(runtimeDir);
    const control = listening(runtimeDir, () => ({ exit: 0, body: "served" }), "daemon");
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(statSync(runtimeDir).mode & 0o777).toBe(0o750);
    // To connect takes the right to write to the socket, and to walk to it.
    const as = async (group: string): Promise<number> =>
      Bun.spawn(["setpriv", "--reuid=nobody", `--regid=${group}`, "--clear-groups", "test", "-w", path])
        .exited;
    expect(await as("daemon")).toBe(0);
    expect(await as("nogroup")).toBe(1);
    control.close();
  });

  test("takes the place of one that a dead agent left", async () => {
    using directory = temporaryDirectory();
    writeFileSync(controlPath(directory.path), "");
    const control = listening(directory.path, () => ({ exit: 0, body: "here" }));
    expect(await ask(controlPath(directory.path), { command: "stop" })).toEqual({
      ok: true,
      value: { exit: 0, body: "here" },
    });
    control.close();
  });

  test("refuses a path that a socket cannot have", () => {
    const long = `/tmp/${"x".repeat(120)}`;
    const opened = Control.open(long, null, () => undefined);
    expect(opened.ok ? "" : opened.error).toContain("longer than 107 characters");
  });

  test("answers each request with its own reply, however long", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const long = "x".repeat(3_000_000);
    const control = listening(directory.path, ({ request }) =>
      request.command === "status"
        ? { exit: 3, body: `${request.name} ${long}` }
        : { exit: 0, body: request.command },
    );
    const names = Array.from({ length: 10 }, (_, at) => `R${at}`);
    const replies = await Promise.all(names.map((name) => ask(path, { command: "status", name })));
    for (const [at, reply] of replies.entries()) {
      expect(reply.ok && reply.value.exit).toBe(3);
      expect(reply.ok && reply.value.body === `R${at} ${long}`).toBe(true);
    }
    expect(await ask(path, { command: "reload" })).toEqual({ ok: true, value: { exit: 0, body: "reload" } });
    control.close();
  });

  test("answers a request that comes in pieces", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const control = listening(directory.path, () => ({ exit: 0, body: "whole" }));
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      unix: path,
      socket: { data: (_, chunk) => resolve(chunk.toString()) },
    });
    for (const character of encodeRequest({ command: "stop" })) {
      socket.write(character);
      await Bun.sleep(1);
    }
    expect(await promise).toBe('{"exit":0,"body":"whole"}\n');
    socket.terminate();
    control.close();
  });

  test("refuses what is no request, and what is too long, and hangs up", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    let asked = 0;
    const control = listening(directory.path, () => {
      asked++;
      return null;
    });
    expect(await raw(path, "hello\n")).toBe('{"exit":1,"body":{"error":"not a JSON object"}}\n');
    expect(await raw(path, "x".repeat(REQUEST_BYTES_MAX + 1))).toContain('"error":"longer than 4096 bytes"');
    expect(asked).toBe(0);
    control.close();
  });

  test("answers a client that says by hanging up halfway that its line is whole", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const control = listening(directory.path, ({ request }) => ({ exit: 0, body: request.command }));
    const line = encodeRequest({ command: "stop" });
    expect(await half(path, line.trimEnd())).toBe('{"exit":0,"body":"stop"}\n');
    expect(await half(path, line)).toBe('{"exit":0,"body":"stop"}\n');
    expect(await half(path, "hello")).toBe('{"exit":1,"body":{"error":"not a JSON object"}}\n');
    expect(await half(path, "")).toBe('{"exit":1,"body":{"error":"not a JSON object"}}\n');
    control.close();
  });

  test("answers one that hangs up halfway long before there is an answer", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    let connection = 0;
    const control = listening(directory.path, (event) => {
      connection = event.connection;
      return null;
    });
    const answer = half(path, encodeRequest({ command: "stop" }));
    await until("asked", PATIENCE, () => connection > 0);
    await Bun.sleep(50);
    control.reply(connection, { exit: 0, body: "late" });
    expect(await answer).toBe('{"exit":0,"body":"late"}\n');
    control.close();
  });

  test("hangs up on more clients than it serves, and serves again when they leave", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const control = listening(directory.path, () => ({ exit: 0, body: "served" }));
    const idle = await Promise.all(
      Array.from({ length: 32 }, () => Bun.connect({ unix: path, socket: { data: () => undefined } })),
    );
    expect(await raw(path, encodeRequest({ command: "stop" }))).toBe("");
    idle[0]?.terminate();
    await until("served again", PATIENCE, async () => {
      const reply = await ask(path, { command: "stop" });
      return reply.ok && reply.value.body === "served";
    });
    for (const socket of idle) socket.terminate();
    control.close();
  });

  test.concurrent(
    "does not hang up on a client that has asked, however long the answer takes",
    async () => {
      using directory = temporaryDirectory();
      const path = controlPath(directory.path);
      const opened = Control.open(directory.path, null, (event) => {
        if (event.kind !== "request") return;
        setTimeout(
          () => opened.ok && opened.value.reply(event.connection, { exit: 0, body: "late" }),
          10_000,
        );
      });
      expect(await ask(path, { command: "standby", name: null })).toMatchObject({
        ok: true,
        value: { body: "late" },
      });
      if (opened.ok) opened.value.close();
    },
    30_000,
  );

  test.concurrent(
    "hangs up on a client that says nothing",
    async () => {
      using directory = temporaryDirectory();
      const control = listening(directory.path, () => null);
      const start = performance.now();
      await raw(controlPath(directory.path), null);
      expect(performance.now() - start).toBeLessThan(25_000);
      control.close();
    },
    30_000,
  );
});

describe("asking where no agent is", () => {
  test("says so", async () => {
    using directory = temporaryDirectory();
    const path = controlPath(directory.path);
    const absent = await ask(path, { command: "stop" });
    expect(absent).toMatchObject({ ok: false, error: { kind: "no-agent" } });
    const control = listening(directory.path, () => null);
    control.close();
    writeFileSync(path, "");
    expect(await ask(path, { command: "stop" })).toMatchObject({ ok: false, error: { kind: "no-agent" } });
  });
});
