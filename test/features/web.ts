/**
 * Servers for probes, in a process of its own: `bun web.ts`. Each port answers in its own way; `ready` on stdout when all listen.
 */

type Answer = (socket: import("bun").Socket, request: string) => void;

const say =
  (...parts: readonly string[]): Answer =>
  (socket) => {
    socket.write(parts.join(""));
    socket.end();
  };

const page = "<h1>Test Page</h1>";
const ANSWERS: Readonly<Record<number, Answer>> = {
  // The page, framed in the three ways.
  8001: say(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`),
  8002: say(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n<h1>Test\r\n",
    "a\r\n Page</h1>\r\n0\r\n\r\n",
  ),
  8003: say(`HTTP/1.0 200 OK\r\n\r\n${page}`),
  8004: say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
  // Never a word.
  8005: () => {},
  8006: say("SSH-2.0-OpenSSH_9.2p1\r\n"),
  8007: (socket) => socket.terminate(),
  // A head without end, a byte every 50 ms.
  8008: (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nX: ");
    const timer = setInterval(() => {
      if (socket.write("x") < 0) clearInterval(timer);
    }, 50);
  },
  8009: (socket, request) => {
    const host = /^Host: (.*)\r$/m.exec(request)?.[1] ?? "";
    const [line = ""] = request.split("\r\n");
    say(`HTTP/1.1 200 OK\r\n\r\n${line}|${host}`)(socket, request);
  },
  // The page at once, and a connection that is never closed.
  8010: (socket) => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`),
  // A body without end, as fast as it goes.
  8011: (socket) => void socket.write(`HTTP/1.1 200 OK\r\n\r\n${"y".repeat(1 << 20)}`),
  // PostgreSQL's yes to TLS, and in the same breath what must not be said in clear: that we are in.
  8012: (socket) => void socket.write("SR\0\0\0\x08\0\0\0\0"),
  // For who knows the password.
  8014: (socket, request) =>
    say(`HTTP/1.1 ${/^Authorization: Basic eA==\r$/m.test(request) ? 200 : 401} x\r\n\r\n`)(socket, request),
  // After a while, each time.
  8015: (socket, request) =>
    void setTimeout(() => say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(socket, request), 150),
  // Mail, and a reset for who takes leave.
  8013: (socket, request) =>
    request.startsWith("QUIT") ? socket.terminate() : void socket.write("250 fine\r\n"),
};
/** Datagrams: one port answers, another is silent. */
const DATAGRAMS: Readonly<Record<number, boolean>> = { 8020: true, 8021: false };
const GREETINGS: Readonly<Record<number, string>> = { 8013: "220 mail\r\n" };

for (const [port, answer] of Object.entries(ANSWERS)) {
  for (const hostname of ["0.0.0.0", "::1"]) {
    Bun.listen({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => void socket.write(GREETINGS[Number(port)] ?? ""),
        data: (socket, bytes) => answer(socket, bytes.toString()),
        error() {},
      },
    });
  }
}
for (const [port, answers] of Object.entries(DATAGRAMS)) {
  await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      data(socket, bytes, from, address) {
        if (answers) socket.send(`pong ${bytes.toString()}`, from, address);
      },
    },
  });
}
console.log("ready");
