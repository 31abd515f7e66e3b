/**
 * A client in a process of its own: `bun caller.ts`. A line of JSON on stdin is an order, a line on stdout with its id the answer: who
 * answered, or what went wrong. A dozen connections at a time would prove no more.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

interface Order {
  readonly id: number;
  readonly what: "get" | "open" | "say" | "close" | "datagram" | "flow";
  readonly host: string;
  readonly port: number;
  readonly text: string;
  readonly timeout: number;
}

const open = new Map<number, Socket>();

/** One answer of a server, in the time allowed. */
function exchange(socket: Socket, text: string, timeout: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const end = (result: string): void => {
      clearTimeout(timer);
      socket.off("data", data).off("error", error).off("close", close);
      resolve(result);
    };
    const data = (bytes: Buffer): void => {
      heard += bytes.toString();
      // HTTP is read to its end.
      if (!text.startsWith("GET ")) end(heard);
    };
    const error = (cause: Error): void =>
      end(`error ${"code" in cause ? String(cause.code) : cause.message}`);
    const close = (): void => end(heard === "" ? "closed" : heard);
    const timer = setTimeout(() => end("timeout"), timeout);
    socket.on("data", data).on("error", error).on("close", close);
    socket.write(text);
  });
}

async function call(order: Order): Promise<string> {
  const { host, port, timeout } = order;
  if (order.what === "say") {
    const socket = open.get(order.port);
    return socket === undefined ? "not open" : await exchange(socket, order.text, timeout);
  }
  if (order.what === "close") {
    open.get(order.port)?.end();
    return open.delete(order.port) ? "closed" : "not open";
  }
  if (order.what === "datagram") return await datagram(order);
  if (order.what === "flow") return await flow(order);
  const socket = connect({ host, port });
  const connected = await new Promise<string>((resolve) => {
    const late = setTimeout(() => resolve("timeout"), timeout);
    socket.once("connect", () => resolve(""));
    socket.once("error", (cause) => resolve(`error ${"code" in cause ? String(cause.code) : cause.message}`));
    socket.once("connect", () => clearTimeout(late));
  });
  socket.on("error", () => undefined);
  if (connected !== "") {
    socket.destroy();
    return connected;
  }
  if (order.what === "open") {
    open.set(order.id, socket);
    return await exchange(socket, order.text, timeout);
  }
  const answer = await exchange(socket, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", timeout);
  socket.destroy();
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  return status === undefined ? answer : status === "200" ? body : `status ${status}`;
}

async function datagram({ host, port, text, timeout }: Order): Promise<string> {
  return await new Promise((resolve) => {
    void Bun.udpSocket({
      socket: {
        data: (socket, bytes) => {
          socket.close();
          resolve(bytes.toString());
        },
      },
    }).then((socket) => {
      socket.send(text, port, host);
      setTimeout(() => resolve("timeout"), timeout);
    });
  });
}

/** What the socket of the flow hears. */
let heard: (text: string) => void = () => undefined;
const one = await Bun.udpSocket({
  // A host may say that nobody listens: that is no answer.
  socket: { data: (_, bytes) => heard(bytes.toString()), error: () => undefined },
});

/** A datagram from the same port as all others of this kind. */
function flow({ host, port, text, timeout }: Order): Promise<string> {
  return new Promise((resolve) => {
    heard = resolve;
    one.send(text, port, host);
    setTimeout(() => resolve("timeout"), timeout);
  });
}

console.log("ready");
for await (const line of console) {
  const order: Order = JSON.parse(line);
  void call(order).then((answer) => console.log(JSON.stringify({ id: order.id, answer })));
}
