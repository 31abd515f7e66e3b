/** The client's end of the control socket: one request, one reply. */
import type { Reply, Request } from "../agent/boundary.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { decodeReply, encodeRequest, REPLY_BYTES_MAX } from "../wire/control.ts";

/** Why there is no reply. */
type AskError =
  /** Nobody listens there. */
  | { readonly kind: "no-agent"; readonly text: string }
  /** The system refused, or the agent does not answer. */
  | { readonly kind: "refused"; readonly text: string };

/** An agent answers within one turn of its loop; one that is stopped (SIGSTOP) or starved does not. */
const REPLY_TIMEOUT_MS = 10_000;
/** The answer to an order that the other node of a cluster has to agree with. */
const AGREED_TIMEOUT_MS = 20_000;
/** Releasing takes well under a second. */
const GONE_TIMEOUT_MS = 5_000;
const GONE_POLL_MS = 10;

function connectError(path: string, error: unknown): AskError {
  const code =
    typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
  if (code === "ENOENT" || code === "ECONNREFUSED") {
    return { kind: "no-agent", text: `no agent is running (${path}: ${code})` };
  }
  return { kind: "refused", text: `${path}: ${code}` };
}

/** Asks the agent that listens at `path`. */
export async function ask(path: string, request: Request): Promise<Result<Reply, AskError>> {
  const answer = Promise.withResolvers<Result<Reply, AskError>>();
  const refused = (text: string): void => answer.resolve(fail({ kind: "refused", text: `${path}: ${text}` }));
  const parts: Uint8Array[] = [];
  let length = 0;
  const finish = (): void => {
    const reply = decodeReply(Buffer.concat(parts).toString());
    if (reply.ok) answer.resolve(ok(reply.value));
    else refused(length === 0 ? "the agent hung up" : reply.error);
  };
  const waits = request.command === "standby" || request.command === "takeover";
  const limit = waits ? AGREED_TIMEOUT_MS : REPLY_TIMEOUT_MS;
  const timer = setTimeout(() => refused("the agent does not answer"), limit);
  try {
    const socket = await Bun.connect({
      unix: path,
      socket: {
        open: (opened) => void opened.write(encodeRequest(request)),
        data: (_, bytes) => {
          parts.push(Uint8Array.from(bytes));
          length += bytes.length;
          if (bytes.at(-1) === 0x0a) finish();
          else if (length > REPLY_BYTES_MAX) refused("the reply is too long");
        },
        close: finish,
        error: (_, error) => refused(error.message),
      },
    });
    const result = await answer.promise;
    socket.terminate();
    return result;
  } catch (error) {
    return fail(connectError(path, error));
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until nobody listens at `path` any more; false when somebody still does some seconds after `within` milliseconds. */
export async function gone(path: string, within: number): Promise<boolean> {
  for (let waited = 0; waited < within + GONE_TIMEOUT_MS; waited += GONE_POLL_MS) {
    try {
      const socket = await Bun.connect({ unix: path, socket: { data: () => undefined } });
      socket.terminate();
    } catch {
      return true;
    }
    await Bun.sleep(GONE_POLL_MS);
  }
  return false;
}
