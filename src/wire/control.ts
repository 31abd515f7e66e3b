/**
 * The control socket's language: the client writes one line of JSON, the agent answers with one and closes.
 * Both ends are haagent, but the socket is open to a group: a request is bounded and checked like a packet.
 */
import type { Reply, Request } from "../agent/boundary.ts";
import { unreachable } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";

/** Longest request line with its newline, in bytes; the reader of the socket hangs up beyond it. */
export const REQUEST_BYTES_MAX = 4096;
/** Longest reply line: 255 routers with 255 addresses each fit several times. */
export const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** Longest name of a router or group that is looked up; the configuration allows no longer one. */
const NAME_LENGTH_MAX = 400;
const WHICH = ["all", "local", "foreign"] as const;
type Which = (typeof WHICH)[number];
/** Exit codes are one byte (exit(3)). */
const EXIT_MAX = 255;

function parseObject(line: string): Result<Readonly<Record<string, unknown>>, string> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return ok({ ...value });
  } catch {
    // Said below: what exactly is wrong with the JSON helps nobody, as no person writes it.
  }
  return fail("not a JSON object");
}

/** The keys of `object` that are not in `known`, as an error; null when there is none. */
function unknownKey(object: Readonly<Record<string, unknown>>, known: readonly string[]): string | null {
  const key = Object.keys(object).find((each) => !known.includes(each));
  return key === undefined ? null : `unknown key ${JSON.stringify(key.slice(0, NAME_LENGTH_MAX))}`;
}

/** The name of a router, null where none is given. */
function nameIn(object: Readonly<Record<string, unknown>>): Result<string | null, string> {
  const name = object["name"] ?? null;
  if (name !== null && typeof name !== "string") return fail("name is not a string");
  return name !== null && name.length > NAME_LENGTH_MAX ? fail("name is too long") : ok(name);
}

/** Which groups of resources are meant; nothing where the key is not there. */
function groupsIn(object: Readonly<Record<string, unknown>>): Result<{ readonly groups?: Which }, string> {
  const { groups } = object;
  if (groups === undefined) return ok({});
  const which = WHICH.find((each) => each === groups);
  return which === undefined ? fail("groups is not all, local or foreign") : ok({ groups: which });
}

function decodeServer(object: Readonly<Record<string, unknown>>): Result<Request, string> {
  const unknown = unknownKey(object, ["command", "order", "service", "server"]);
  const { order, service, server } = object;
  if (unknown !== null) return fail(unknown);
  if (order !== "drain" && order !== "disable" && order !== "enable") {
    return fail("order is not drain, disable or enable");
  }
  if (typeof service !== "string" || typeof server !== "string")
    return fail("service or server is no string");
  if (Math.max(service.length, server.length) > NAME_LENGTH_MAX) return fail("name is too long");
  return ok({ command: "server", order, service, server });
}

/** A request line, with or without its newline. The error is a sentence for the client. */
export function decodeRequest(line: string): Result<Request, string> {
  if (line.length > REQUEST_BYTES_MAX) return fail(`longer than ${REQUEST_BYTES_MAX} bytes`);
  const parsed = parseObject(line);
  if (!parsed.ok) return parsed;
  const object = parsed.value;
  const command = object["command"];
  switch (command) {
    case "status": {
      const unknown = unknownKey(object, ["command", "name"]);
      const name = nameIn(object);
      if (unknown !== null) return fail(unknown);
      return name.ok ? ok({ command, name: name.value }) : name;
    }
    case "standby": {
      const unknown = unknownKey(object, ["command", "name", "groups"]);
      const name = nameIn(object);
      const groups = groupsIn(object);
      if (unknown !== null) return fail(unknown);
      if (!groups.ok) return groups;
      return name.ok ? ok({ command, name: name.value, ...groups.value }) : name;
    }
    case "why": {
      const unknown = unknownKey(object, ["command", "name"]);
      const name = nameIn(object);
      if (unknown !== null) return fail(unknown);
      if (!name.ok) return name;
      return name.value === null ? fail("name is missing") : ok({ command, name: name.value });
    }
    case "server":
      return decodeServer(object);
    case "fence-confirm": {
      const unknown = unknownKey(object, ["command", "name"]);
      const name = nameIn(object);
      if (unknown !== null) return fail(unknown);
      if (!name.ok) return name;
      return name.value === null ? fail("name is missing") : ok({ command, name: name.value });
    }
    case "takeover": {
      const unknown = unknownKey(object, ["command", "name", "groups", "force"]);
      const name = nameIn(object);
      const groups = groupsIn(object);
      const force = object["force"] ?? false;
      if (unknown !== null) return fail(unknown);
      if (!groups.ok) return groups;
      if (typeof force !== "boolean") return fail("force is not true or false");
      return name.ok ? ok({ command, name: name.value, ...groups.value, force }) : name;
    }
    case "reload":
    case "stop": {
      const unknown = unknownKey(object, ["command"]);
      return unknown === null ? ok({ command }) : fail(unknown);
    }
    default:
      return fail("unknown command: client and agent are of different versions");
  }
}

/** A request as its line, newline included. */
export function encodeRequest(request: Request): string {
  switch (request.command) {
    case "status":
    case "why":
    case "fence-confirm":
      return `${JSON.stringify({ command: request.command, name: request.name })}\n`;
    case "standby":
    case "takeover":
      return `${JSON.stringify(request)}\n`;
    case "server": {
      const { command, order, service, server } = request;
      return `${JSON.stringify({ command, order, service, server })}\n`;
    }
    case "reload":
    case "stop":
      return `${JSON.stringify({ command: request.command })}\n`;
    default:
      return unreachable(request);
  }
}

/** A reply as its line, newline included. A body without JSON form (undefined) becomes null. */
export const encodeReply = (reply: Reply): string =>
  `${JSON.stringify({ exit: reply.exit, body: reply.body ?? null })}\n`;

/** A reply line, with or without its newline. */
export function decodeReply(line: string): Result<Reply, string> {
  if (line.length > REPLY_BYTES_MAX) return fail(`longer than ${REPLY_BYTES_MAX} bytes`);
  const parsed = parseObject(line);
  if (!parsed.ok) return parsed;
  const { exit, body } = parsed.value;
  if (typeof exit !== "number" || !Number.isInteger(exit) || exit < 0 || exit > EXIT_MAX) {
    return fail("no exit code in the reply");
  }
  return body === undefined ? fail("no body in the reply") : ok({ exit, body });
}
