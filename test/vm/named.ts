/** nginx behind TLS in some boxes: who does not say by TLS which name it wants gets no connection (SNI, RFC 6066 3). */
import type { Box } from "../features/site.ts";
import type { Child } from "../lab/process.ts";
import { run, until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { START_MS } from "./actors.ts";

export class Named {
  readonly host = "www.example.org";
  readonly #directory = makeScratch();
  #servers: readonly Child[] = [];

  static async create(boxes: readonly Box[]): Promise<Named> {
    const named = new Named();
    await named.#start(boxes);
    return named;
  }

  async #start(boxes: readonly Box[]): Promise<void> {
    const [key, certificate] = [`${this.#directory}/key`, `${this.#directory}/certificate`];
    await run([
      ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", key, "-out", certificate, "-days", "30", "-subj", `/CN=${this.host}`],
    ]);
    const servers = boxes.map(async ({ name, namespace }) => {
      const directory = `${this.#directory}/${name}`;
      await Bun.write(
        `${directory}/nginx.conf`,
        `daemon off; master_process off; user root; pid ${directory}/pid; error_log ${directory}/error.log;
         events { worker_connections 64; }
         http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
           fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
           server { listen 443 ssl default_server; ssl_reject_handshake on; }
           server { listen 443 ssl; server_name ${this.host}; ssl_certificate ${certificate};
             ssl_certificate_key ${key}; location / { return 200 "${name}\\n"; } } }\n`,
      );
      const server = namespace.spawn(["nginx", "-c", `${directory}/nginx.conf`, "-p", directory]);
      await until(
        () => `nginx listens: ${server.lines.join(" / ")}`,
        START_MS,
        async () => (await namespace.run(["ss", "-Hltn", "sport = :443"])) !== "",
      );
      return server;
    });
    this.#servers = await Promise.all(servers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.end("SIGKILL")));
    removeScratch(this.#directory);
  }
}
