/** Real daemons of Debian for checks, in a box; each with a configuration of its own in a directory of the test. */
import { readdirSync, readFileSync } from "node:fs";
import { chmod, chown, mkdir } from "node:fs/promises";
import { childrenOf, run, until } from "../lab/process.ts";
import type { Child } from "../lab/process.ts";
import type { Scripts } from "./scripts.ts";
import type { Box, Site } from "./site.ts";

/** A daemon with all its processes. */
export class Daemon {
  readonly name: string;
  readonly #child: Child;

  constructor(name: string, child: Child) {
    this.name = name;
    this.#child = child;
  }

  get #all(): number[] {
    const below = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(below)];
    return below(this.#child.pid);
  }

  #signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    for (const pid of this.#all) {
      try {
        process.kill(pid, signal);
      } catch {
        // Ended meanwhile.
      }
    }
  }

  /** It hangs: its connections come about, and nobody answers. */
  hang(): void {
    this.#signal("SIGSTOP");
  }

  goOn(): void {
    this.#signal("SIGCONT");
  }

  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#child.exited;
  }
}

/** Files, PEM. */
export interface Pair {
  readonly key: string;
  readonly certificate: string;
}

/** The uid and gid of a user of this host. */
function idsOf(user: string): readonly [number, number] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`no user ${user}`);
  return [Number(uid), Number(gid)];
}

/** Starts daemons in a box, all on its address of LAN 1 and their usual ports, and waits until they listen. */
export class Daemons {
  readonly #site: Site;
  readonly #box: Box;
  readonly #scripts: Scripts;

  constructor(site: Site, box: Box, scripts: Scripts) {
    this.#site = site;
    this.#box = box;
    this.#scripts = scripts;
  }

  get #address(): string {
    return this.#box.address4;
  }

  /** Its own directory, for all users. */
  async #directory(name: string): Promise<string> {
    const path = this.#scripts.path(name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    return path;
  }

  async #start(name: string, port: number, argv: readonly string[]): Promise<Daemon> {
    const child = this.#box.namespace.spawn(argv);
    const daemon = new Daemon(name, child);
    this.#site.atClose(() => daemon.kill());
    const listens = async (): Promise<boolean> => {
      const found = await this.#box.namespace.run(["ss", "-Hltn", `sport = :${port}`]);
      if (!child.running) throw new Error(`${name} has ended`);
      return found.trim() !== "";
    };
    await until(`${name} listens`, 30_000, listens);
    return daemon;
  }

  async nginx(): Promise<Daemon> {
    const path = await this.#directory("nginx");
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (each) => `${each}_temp_path ${path}/${each};`,
    );
    await Bun.write(
      `${path}/nginx.conf`,
      `user root; daemon off; pid ${path}/pid; error_log ${path}/error.log; worker_processes 1;
       events { worker_connections 64; }
       http { access_log off; ${temporary.join(" ")}
         server { listen ${this.#address}:80; location / { return 200 "nginx here\\n"; } } }\n`,
    );
    return await this.#start("nginx", 80, ["nginx", "-c", `${path}/nginx.conf`, "-p", path]);
  }

  /** A key and its certificate, for shop.example.org and ten days. */
  async pair(): Promise<Pair> {
    const path = await this.#directory("pair");
    const [key, certificate] = [`${path}/key.pem`, `${path}/certificate.pem`];
    const name = "shop.example.org";
    await run([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-keyout", key],
      ...["-out", certificate, "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ]);
    return { key, certificate };
  }

  async lighttpd({ key, certificate }: Pair): Promise<Daemon> {
    const path = await this.#directory("lighttpd");
    await Bun.write(`${path}/index.html`, "lighttpd here\n");
    await Bun.write(
      `${path}/lighttpd.conf`,
      `server.modules = ("mod_openssl")
       server.document-root = "${path}"
       index-file.names = ("index.html")
       server.bind = "${this.#address}"
       server.port = 443
       ssl.engine = "enable"
       ssl.pemfile = "${certificate}"
       ssl.privkey = "${key}"\n`,
    );
    return await this.#start("lighttpd", 443, ["lighttpd", "-D", "-f", `${path}/lighttpd.conf`]);
  }

  async opensmtpd(): Promise<Daemon> {
    const path = await this.#directory("smtpd");
    await Bun.write(
      `${path}/smtpd.conf`,
      `listen on ${this.#address} port 25 hostname mail.example.org
       action "local" maildir "${path}/mail"
       match from any for local action "local"\n`,
    );
    // Its queue and its socket are in places that are not ours to write.
    const script = await this.#scripts.write(
      "smtpd.sh",
      `mount -t tmpfs -o mode=755 tmpfs /var/spool && mount -t tmpfs tmpfs /run && exec smtpd -d -F -f ${path}/smtpd.conf`,
    );
    return await this.#start("opensmtpd", 25, ["unshare", "--mount", script]);
  }

  /** TLS for the mail server: on port 587 by STARTTLS, on 465 from the beginning. */
  async stunnel({ key, certificate }: Pair): Promise<Daemon> {
    const path = await this.#directory("stunnel");
    const ways = ["accept = :587\nprotocol = smtp", "accept = :465"].map(
      (way, at) =>
        `[mail${at}]\n${way.replace(":", `${this.#address}:`)}\nconnect = ${this.#address}:25\ncert = ${certificate}\nkey = ${key}\n`,
    );
    await Bun.write(`${path}/stunnel.conf`, `foreground = yes\npid =\n${ways.join("")}`);
    return await this.#start("stunnel", 587, ["stunnel4", `${path}/stunnel.conf`]);
  }

  async dnsmasq(): Promise<Daemon> {
    const path = await this.#directory("dnsmasq");
    await Bun.write(
      `${path}/dnsmasq.conf`,
      `no-daemon\nno-resolv\nno-hosts\nuser=root\nbind-interfaces\nlisten-address=${this.#address}
address=/www.example.org/192.0.2.1\nmx-host=example.org,mail.example.org,10\nlocal=/example.org/
txt-record=long.example.org,${Array.from("abcd", (letter) => letter.repeat(240)).join(",")},tail
pid-file=${path}/pid\n`,
    );
    return await this.#start("dnsmasq", 53, ["dnsmasq", "-C", `${path}/dnsmasq.conf`]);
  }

  /** On 6380 over TLS. */
  async redis(password: string, { key, certificate }: Pair): Promise<Daemon> {
    const path = await this.#directory("redis");
    return await this.#start("redis", 6379, [
      ...["redis-server", "--port", "6379", "--bind", this.#address, "--requirepass", password],
      ...["--save", "", "--dir", path, "--tls-port", "6380", "--tls-auth-clients", "no"],
      ...["--tls-cert-file", certificate, "--tls-key-file", key],
    ]);
  }

  /** With a user "probe", one "secure", who must come over TLS, and one "signer", who must sign. */
  async mariadb(password: string, { key, certificate }: Pair): Promise<Daemon> {
    const path = await this.#directory("mariadb");
    const data = `${path}/data`;
    await run([
      ...["mariadb-install-db", "--no-defaults", `--datadir=${data}`, "--user=root", "--skip-test-db"],
      "--auth-root-authentication-method=normal",
    ]);
    await Bun.write(
      `${path}/users.sql`,
      [
        ["probe", "mysql_native_password", "NONE"],
        ["secure", "mysql_native_password", "SSL"],
        ["signer", "ed25519", "NONE"],
      ]
        .map(
          ([name, plugin, what]) =>
            `CREATE USER '${name}'@'%' IDENTIFIED VIA ${plugin} USING PASSWORD('${password}') REQUIRE ${what};\n`,
        )
        .join(""),
    );
    return await this.#start("mariadb", 3306, [
      ...["mariadbd", "--no-defaults", "--user=root", `--datadir=${data}`, `--socket=${path}/socket`],
      ...[`--bind-address=${this.#address}`, `--pid-file=${path}/pid`, `--init-file=${path}/users.sql`],
      ...[`--ssl-cert=${certificate}`, `--ssl-key=${key}`, "--plugin-load-add=auth_ed25519"],
    ]);
  }

  /** With a user "probe", by SCRAM; its database "template1" over TLS alone. */
  async postgresql(password: string, { key, certificate }: Pair): Promise<Daemon> {
    const path = await this.#directory("postgresql");
    const [version] = readdirSync("/usr/lib/postgresql").toSorted().reverse();
    const program = (name: string): string => `/usr/lib/postgresql/${version}/bin/${name}`;
    const [uid, gid] = idsOf("postgres");
    const as = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
    await Bun.write(`${path}/password`, password);
    await chown(path, uid, gid);
    await run([
      ...[...as, program("initdb"), "-D", `${path}/data`, "-U", "probe", "-A", "scram-sha-256"],
      ...[`--pwfile=${path}/password`, "--no-sync", "--locale=C"],
    ]);
    const access = await Bun.file(`${path}/data/pg_hba.conf`).text();
    await Bun.write(
      `${path}/data/pg_hba.conf`,
      `${access}hostnossl template1 all 10.77.0.0/16 reject\nhost all all 10.77.0.0/16 scram-sha-256\n`,
    );
    // It reads a key that is its own, and nobody else's.
    await run(["install", "-m", "600", "-o", String(uid), "-g", String(gid), key, `${path}/data/server.key`]);
    return await this.#start("postgresql", 5432, [
      ...[...as, program("postgres"), "-D", `${path}/data`, "-c", `listen_addresses=${this.#address}`],
      ...["-c", `unix_socket_directories=${path}`, "-c", "fsync=off", "-c", "ssl=on"],
      ...["-c", `ssl_cert_file=${certificate}`],
    ]);
  }
}
