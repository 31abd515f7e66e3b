/** The control socket in runtime_dir: one request line and one reply line a connection, both bounded. */
import type { Socket, UnixSocketListener } from "bun";
import { chmodSync, chownSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Event, Reply } from "../agent/boundary.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { decodeRequest, encodeReply, REQUEST_BYTES_MAX } from "../wire/control.ts";
import { groupId } from "./account.ts";

/** Clients at once; more are hung up on. */
const CONNECTIONS_MAX = 32;
/** A client that says or takes nothing for so many seconds is hung up on. */
const IDLE_SECONDS = 5;
/** The longest path of a unix socket (unix(7)). */
const PATH_MAX = 107;
/** The input is wrong: contract's exit codes. */
const EXIT_INPUT = 1;

interface Client {
  readonly id: number;
  request: Uint8Array;
  asked: boolean;
  /** What of the reply the kernel has not taken yet. */
  rest: Uint8Array;
}

/** Where the control socket of a runtime_dir is. */
export const controlPath = (directory: string): string => join(directory, "control.sock");

/** The server's side. */
export class Control {
  readonly #path: string;
  readonly #post: (event: Event) => void;
  readonly #clients = new Map<number, Socket<Client>>();
  #listener: UnixSocketListener<Client> | null = null;
  #lastId = 0;

  private constructor(path: string, post: (event: Event) => void) {
    this.#path = path;
    this.#post = post;
  }

  /**
   * Listens. To be called with the runtime_dir's lock held: a socket that is there belongs to an agent that is no more, and goes.
   * With a group, its members may ask too, so the directory becomes the group's. The error is a sentence.
   */
  static open(
    directory: string,
    group: string | null,
    post: (event: Event) => void,
  ): Result<Control, string> {
    const path = controlPath(directory);
    if (path.length > PATH_MAX) return fail(`${path}: longer than ${PATH_MAX} characters`);
    const gid = group === null ? null : groupId(group);
    if (group !== null && gid === null) return fail(`control_group: no group "${group}"`);
    const control = new Control(path, post);
    // The mode is right from the first moment on, not only after a chmod.
    const mask = process.umask(0o177);
    try {
      rmSync(path, { force: true });
      control.#listener = control.#listen();
      if (gid !== null) {
        chownSync(directory, -1, gid);
        chownSync(path, -1, gid);
        chmodSync(path, 0o660);
      }
    } catch (error) {
      control.close();
      return fail(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      process.umask(mask);
    }
    return ok(control);
  }

  #listen(): UnixSocketListener<Client> {
    return Bun.listen<Client>({
      unix: this.#path,
      // Who has said all it wants to say may still wait for the answer.
      allowHalfOpen: true,
      socket: {
        open: (socket) => {
          const client = {
            id: ++this.#lastId,
            request: new Uint8Array(0),
            asked: false,
            rest: new Uint8Array(0),
          };
          socket.data = client;
          if (this.#clients.size >= CONNECTIONS_MAX) {
            socket.terminate();
            return;
          }
          this.#clients.set(client.id, socket);
          socket.timeout(IDLE_SECONDS);
        },
        data: (socket, bytes) => this.#received(socket, bytes),
        end: (socket) => this.#asked(socket.data),
        drain: (socket) => this.#send(socket),
        timeout: (socket) => socket.terminate(),
        close: (socket) => {
          this.#clients.delete(socket.data.id);
        },
        error: (socket) => socket.terminate(),
      },
    });
  }

  #received(socket: Socket<Client>, bytes: Uint8Array): void {
    const client = socket.data;
    // One request a connection: what follows it is not read.
    if (client.asked) return;
    const end = bytes.indexOf(0x0a);
    const taken = end < 0 ? bytes : bytes.subarray(0, end);
    if (client.request.length + taken.length > REQUEST_BYTES_MAX) {
      client.asked = true;
      this.#refuse(client.id, `longer than ${REQUEST_BYTES_MAX} bytes`);
      return;
    }
    client.request = Buffer.concat([client.request, taken]);
    if (end >= 0) this.#asked(client);
  }

  /** A line is whole, by its newline or as nothing more will come. */
  #asked(client: Client): void {
    if (client.asked) return;
    client.asked = true;
    const request = decodeRequest(new TextDecoder().decode(client.request));
    if (!request.ok) {
      this.#refuse(client.id, request.error);
      return;
    }
    // Now it is the agent that owes something; of an order, after another node has agreed or has not.
    this.#clients.get(client.id)?.timeout(0);
    const wallClock = Date.now();
    this.#post({ kind: "request", connection: client.id, request: request.value, wallClock });
  }

  #refuse(connection: number, error: string): void {
    this.reply(connection, { exit: EXIT_INPUT, body: { error } });
  }

  /** Answers a request and hangs up once the client has it all. A client that has gone is not missed. */
  reply(connection: number, reply: Reply): void {
    const socket = this.#clients.get(connection);
    if (socket === undefined) return;
    socket.data.rest = new TextEncoder().encode(encodeReply(reply));
    socket.timeout(IDLE_SECONDS);
    this.#send(socket);
  }

  #send(socket: Socket<Client>): void {
    const client = socket.data;
    if (client.rest.length === 0) return;
    const written = socket.write(client.rest);
    if (written < 0) {
      socket.terminate();
      return;
    }
    client.rest = client.rest.subarray(written);
    if (client.rest.length === 0) socket.end();
  }

  /** Stops listening and removes the socket; replies under way are given to the kernel first where it takes them. */
  close(): void {
    this.#listener?.stop(false);
    this.#listener = null;
    rmSync(this.#path, { force: true });
  }
}
