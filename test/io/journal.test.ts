/** The log: its lines, its targets, and what happens when they do not keep up. */
import { describe, expect, test } from "bun:test";
import { readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { AF_UNIX, SOCK_DGRAM } from "../../native/layout.ts";
import { bindSocket, closeDescriptor, openSocket, receive, unixAddress } from "../../native/socket.ts";
import { Journal, logValue } from "../../src/io/journal.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

/** A datagram socket that stands for the local syslog. */
function syslogAt(path: string): { next(): string | null; close(): void } {
  const fd = openSocket(AF_UNIX, SOCK_DGRAM, 0);
  expect(bindSocket(fd, unixAddress(path))).toBe(0);
  const buffer = new Uint8Array(8192);
  return {
    next: () => {
      const length = receive(fd, buffer);
      return length < 0 ? null : new TextDecoder().decode(buffer.subarray(0, length));
    },
    close: () => void closeDescriptor(fd),
  };
}

describe("a value in a log line", () => {
  test.each([
    ["VI_1", "VI_1"],
    ["10.0.0.1/24", "10.0.0.1/24"],
    ["no master heard", '"no master heard"'],
    ["", '""'],
    ["a=b", '"a=b"'],
    ['say "x"', '"say \\"x\\""'],
    ["C:\\x", '"C:\\\\x"'],
    ["two\nlines", '"two\\nlines"'],
    ["\u001b[2J", '"\\x1b[2J"'],
  ])("%p is written %p", (value, written) => {
    expect(logValue(value)).toBe(written);
  });
});

describe("a log file", () => {
  test("gets a line an event, in order, from its level on", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "log");
    const journal = new Journal();
    journal.configure("info", path, "daemon");
    journal.write("debug", "not.said", {});
    journal.write("info", "vrrp.state", { name: "VI_1", reason: "no master heard", priority: 100 });
    journal.write("error", "agent.bug", { fatal: true });
    await journal.flushed(PATIENCE);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.length).toBe(2);
    expect(lines[0]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info vrrp\.state name=VI_1 reason="no master heard" priority=100$/,
    );
    expect(lines[1]).toEndWith(" error agent.bug fatal=true");
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  test("is opened anew by new settings, so that it can be rotated", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "log");
    const journal = new Journal();
    journal.configure("info", path, "daemon");
    journal.write("info", "first", {});
    await journal.flushed(PATIENCE);
    renameSync(path, `${path}.1`);
    journal.configure("info", path, "daemon");
    journal.write("info", "second", {});
    await journal.flushed(PATIENCE);
    expect(readFileSync(path, "utf8")).toContain("second");
    expect(readFileSync(`${path}.1`, "utf8")).not.toContain("second");
  });

  test("on a full disk loses lines and says how many", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "log");
    const journal = new Journal();
    journal.configure("info", "/dev/full", "daemon");
    for (let line = 0; line < 10; line++) journal.write("info", "lost", { line });
    await journal.flushed(PATIENCE);
    journal.configure("info", path, "daemon");
    journal.write("info", "kept", {});
    await journal.flushed(PATIENCE);
    const text = readFileSync(path, "utf8");
    expect(text).toContain("info kept");
    expect(text).toMatch(/warning agent\.warning what=log dropped=10\n/);
    expect(text).not.toContain("info lost");
  });

  test("that is written to faster than it can take keeps a bounded queue", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "log");
    const journal = new Journal();
    journal.configure("info", path, "daemon");
    for (let line = 0; line < 10_000; line++) journal.write("info", "burst", { line });
    await journal.flushed(PATIENCE);
    const text = readFileSync(path, "utf8");
    expect(text).toContain("dropped=8000");
    expect(text).toContain("burst line=1999");
    expect(text).not.toContain("burst line=2000\n");
  });
});

describe("the local syslog", () => {
  test("gets a datagram an event, with facility and severity, and again after its restart", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "devlog");
    const journal = new Journal(path);
    let syslog = syslogAt(path);
    journal.configure("info", "syslog", "local3");
    journal.write("warning", "track.changed", { name: "nginx" });
    // local3 is 19, warning 4: 19 * 8 + 4.
    expect(syslog.next()).toMatch(
      /^<156>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d haagent\[\d+\]: warning track\.changed name=nginx$/,
    );
    syslog.close();
    rmSync(path);
    syslog = syslogAt(path);
    journal.write("info", "again", {});
    expect(syslog.next()).toEndWith("info again");
    expect(syslog.next()).toBeNull();
    syslog.close();
  });

  test("that does not keep up holds nobody up", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "devlog");
    const journal = new Journal(path);
    const syslog = syslogAt(path);
    journal.configure("info", "syslog", "daemon");
    const spill = join(directory.path, "spill");
    const start = performance.now();
    for (let line = 0; line < 200; line++) journal.write("info", "burst", { line });
    expect(performance.now() - start).toBeLessThan(1000);
    journal.configure("info", spill, "daemon");
    await journal.flushed(PATIENCE);
    const told: string[] = [];
    await until("what the socket held", PATIENCE, () => {
      const next = syslog.next();
      if (next !== null) told.push(next);
      return next === null;
    });
    syslog.close();
    // What the syslog did not take is not lost.
    expect(told.length).toBeGreaterThan(0);
    expect(told.length + readFileSync(spill, "utf8").trimEnd().split("\n").length).toBe(200);
  });
});
