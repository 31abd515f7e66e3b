/** The lines of the control socket, both ways. */
import { describe, expect, test } from "bun:test";
import type { Request } from "../../src/agent/boundary.ts";
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  REQUEST_BYTES_MAX,
} from "../../src/wire/control.ts";

describe("a control request", () => {
  const samples: Record<Request["command"], Request> = {
    status: { command: "status", name: "VI_1" },
    standby: { command: "standby", name: null },
    takeover: { command: "takeover", name: "VI_1", force: true },
    why: { command: "why", name: "VI_1" },
    server: { command: "server", order: "drain", service: "web", server: "10.0.0.1:80" },
    "fence-confirm": { command: "fence-confirm", name: "ha2" },
    reload: { command: "reload" },
    stop: { command: "stop" },
  };
  for (const [command, request] of Object.entries(samples)) {
    test(`${command} is one line that comes back as it was`, () => {
      const line = encodeRequest(request);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(decodeRequest(line)).toEqual({ ok: true, value: request });
    });
  }

  test("for groups of resources comes back with them", () => {
    const request: Request = { command: "takeover", name: null, groups: "local", force: false };
    expect(decodeRequest(encodeRequest(request))).toEqual({ ok: true, value: request });
    const given: Request = { command: "standby", name: null, groups: "all" };
    expect(decodeRequest(encodeRequest(given))).toEqual({ ok: true, value: given });
  });

  test("for the status of everything may leave the name out", () => {
    expect(decodeRequest('{"command":"status"}')).toEqual({
      ok: true,
      value: { command: "status", name: null },
    });
  });

  test("of the longest name fits the line", () => {
    const line = encodeRequest({ command: "status", name: "\u0001".repeat(400) });
    expect(line.length).toBeLessThanOrEqual(REQUEST_BYTES_MAX);
    expect(decodeRequest(line).ok).toBe(true);
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ["nothing", "", "not a JSON object"],
    ["half a line", '{"command":"sta', "not a JSON object"],
    ["a list", "[]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["a command of another version", '{"command":"fence"}', "different versions"],
    ["a command that is no word", '{"command":{"status":1}}', "different versions"],
    ["a key that is not known", '{"command":"stop","force":true}', 'unknown key "force"'],
    ["a key of another command", '{"command":"reload","name":"VI_1"}', 'unknown key "name"'],
    ["an inherited key", '{"command":"stop","__proto__":{"a":1}}', 'unknown key "__proto__"'],
    ["a name that is no string", '{"command":"status","name":1}', "name is not a string"],
    ["a why without a name", '{"command":"why"}', "name is missing"],
    ["a force that is no yes or no", '{"command":"takeover","force":1}', "force is not true or false"],
    [
      "of groups that there are not",
      '{"command":"standby","groups":"some"}',
      "groups is not all, local or foreign",
    ],
    ["a name that is too long", `{"command":"status","name":"${"x".repeat(401)}"}`, "name is too long"],
    ["more than the line may hold", `{"command":"stop"${" ".repeat(REQUEST_BYTES_MAX)}}`, "longer than 4096"],
    ["brackets without end", "[".repeat(REQUEST_BYTES_MAX), "not a JSON object"],
  ];
  for (const [what, line, reason] of wrong) {
    test(`is refused when it is ${what}`, () => {
      const decoded = decodeRequest(line);
      expect(decoded.ok ? decoded.value : decoded.error).toContain(reason);
    });
  }
});

describe("a control reply", () => {
  test("carries an exit code and any JSON", () => {
    const reply = { exit: 3, body: { health: "fault", text: "a\nb" } };
    const line = encodeReply(reply);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(decodeReply(line)).toEqual({ ok: true, value: reply });
  });

  test("of nothing carries null", () => {
    expect(decodeReply(encodeReply({ exit: 0, body: undefined }))).toEqual({
      ok: true,
      value: { exit: 0, body: null },
    });
  });

  for (const line of [
    "",
    "{}",
    '{"exit":0}',
    '{"exit":"0","body":1}',
    '{"exit":256,"body":1}',
    '{"exit":-1,"body":1}',
  ])
    test(`is refused as ${JSON.stringify(line)}`, () => {
      expect(decodeReply(line).ok).toBe(false);
    });
});
