/**
 * A kernel with IPVS for keepalived 2.2.7 where there is none: a library for LD_PRELOAD answers with "done" what its checkers ask of libnl.
 * Nothing of their own work is left out but the writes to the kernel's table.
 */
import { run } from "../lab/process.ts";

/** The types of callbacks are those of enum nl_cb_type in netlink/handlers.h. */
const SOURCE = `
typedef int (*handler)(void *message, void *with);

enum { NL_CB_FINISH = 1, NL_CB_ACK = 4, TYPES };

static struct {
  handler call;
  void *with;
} handlers[TYPES];

int genl_ctrl_resolve(void *socket, const char *name) { return 1; }

int nl_socket_modify_cb(void *socket, int type, int kind, handler call, void *with) {
  if (type == NL_CB_FINISH || type == NL_CB_ACK) {
    handlers[type].call = call;
    handlers[type].with = with;
  }
  return 0;
}

int nl_send_auto(void *socket, void *message) { return 0; }

int nl_recvmsgs_default(void *socket) {
  for (int type = 0; type < TYPES; type++)
    if (handlers[type].call) handlers[type].call(0, handlers[type].with);
  return 0;
}
`;

/** Builds the library in a directory; gives its path. */
export async function fakedIpvs(directory: string): Promise<string> {
  const library = `${directory}/faked-ipvs.so`;
  await Bun.write(`${directory}/faked-ipvs.c`, SOURCE);
  await run(["gcc", "-shared", "-fPIC", "-o", library, `${directory}/faked-ipvs.c`]);
  return library;
}
