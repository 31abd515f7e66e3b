/** What an agent says of itself on its control socket, as `haagent status --json` prints it: asked for often, and no program has to start. */
import { ask } from "../../src/io/ask.ts";
import { controlPath } from "../../src/io/control.ts";

/** The status of the agent with this runtime_dir; throws where none answers. */
export async function statusOf(runtimeDir: string): Promise<unknown> {
  const reply = await ask(controlPath(runtimeDir), { command: "status", name: null });
  if (!reply.ok) throw new Error(`status: ${reply.error.text}`);
  return reply.value.body;
}
