/** Resources that are built in, through the compiled binary: file systems, DRBD, mails, delays. */
import { describe, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { ran, until } from "../lab/process.ts";
import { PATIENCE_MS, wires } from "./cluster-scene.ts";
import { isDead, Solo } from "./resource-solo.ts";

const LONG_MS = 240_000;
const VIP = "10.77.0.50";

const answers = async (lab: Lab, address: string): Promise<boolean> =>
  (await ran(lab.client.namespace.enter(["ping", "-c1", "-W1", address]))).code === 0;

describe("a file system", () => {
  test.concurrent(
    "is mounted, and unmounted although processes stand in it, hold files of it and run from it",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      const [data, bound] = [solo.at("data"), solo.at("bound")];
      solo.prepare(`mkdir -p ${data} ${bound} ${data}.from; echo here > ${data}.from/mark`);
      await solo.groups([
        `a Filesystem::tmpfs::${data}::tmpfs::size=8m,mode=0711 Filesystem::${data}.from::${bound}::none::bind`,
      ]);
      await solo.start();
      await solo.says(["resource.ran", `${bound}::none::bind`, "task=start"]);
      const mounts = (await solo.inside("findmnt", "-rno", "TARGET,FSTYPE,OPTIONS", data)).stdout;
      expect(mounts).toMatch(/ tmpfs rw.*size=8192k.*mode=711/);
      expect((await solo.inside("cat", `${bound}/mark`)).stdout).toBe("here\n");
      const { pid } = await solo.status();
      const enter = ["nsenter", `--target=${pid}`, "--mount", "--"];
      await ran([...enter, "cp", "/bin/sleep", `${data}/daemon`]);
      const children = [
        solo.station.namespace.spawn([...enter, "env", `--chdir=${data}`, "sleep", "300"]),
        solo.station.namespace.spawn([...enter, `${data}/daemon`, "300"]),
        solo.station.namespace.spawn([
          ...enter,
          "env",
          "--ignore-signal=TERM",
          "tail",
          "-f",
          `${bound}/mark`,
        ]),
        solo.station.namespace.spawn([...enter, "env", "--chdir=/", "sleep", "300"]),
      ];
      await Bun.sleep(300);
      await solo.stop();
      const [one, two, three, four] = children;
      expect([await one?.exited, await two?.exited, await three?.exited]).toEqual([143, 143, 137]);
      expect(isDead(String(four?.pid))).toBe(false);
      const failed = solo.log.filter((line) => line.includes("resource.failed"));
      expect(failed).toEqual([]);
      expect((await ran(["nsenter", `--target=${four?.pid}`, "--mount", "--", "findmnt", data])).code).toBe(
        1,
      );
      four?.signal("SIGKILL");
    },
    LONG_MS,
  );

  test.concurrent(
    "that cannot be mounted says why, and what others mounted is left alone",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      const [data, taken] = [solo.at("data"), solo.at("taken")];
      solo.prepare(`mkdir -p ${data} ${taken}; mount -t tmpfs others ${taken}`);
      await solo.groups([
        `a Filesystem::/dev/no-such-disk::${data}::ext4`,
        `a Filesystem::UUID=12-34::${data}`,
        `a Filesystem::tmpfs::${data}/none::tmpfs`,
        `a Filesystem::tmpfs::${data}::no-such-type`,
        `a Filesystem::mine::${taken}::tmpfs`,
      ]);
      await solo.start();
      const why = async (...words: string[]): Promise<unknown> => solo.says(["resource.failed", ...words]);
      await why("there is no device /dev/no-such-disk");
      await why("there is no device UUID=12-34 (/dev/disk/by-uuid/12-34)");
      await why(`there is no directory ${data}/none`);
      await why("no-such-type", "mount: exit 32: mount: ");
      await why(`${taken} has others mounted, and not mine`);
      expect((await solo.inside("findmnt", "-no", "SOURCE", taken)).stdout).toBe("others\n");
    },
    LONG_MS,
  );
});

describe("a DRBD resource", () => {
  test.concurrent(
    "is made primary and secondary by drbdadm, which is asked again while the other node is in the way",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      // In the words of drbd-utils 9.22.
      const drbdadm = solo.script(
        "sbin/drbdadm",
        'echo "$*" >> $D/calls\ncase $1 in role) cat $D/role; exit ;; esac\n' +
          'if [ $1 = primary ] && [ $(grep -c primary $D/calls) -lt 3 ]; then echo "State change failed: (-1) Multiple primaries not allowed by config" >&2; exit 11; fi\n' +
          "case $1 in primary) echo Primary/Secondary > $D/role ;; secondary) echo Secondary/Primary > $D/role ;; esac",
      );
      solo.prepare(
        `echo Secondary/Primary > $D/role; mount -t tmpfs t /usr/local/sbin; cp ${drbdadm} /usr/local/sbin/`,
      );
      await solo.groups(["a drbddisk::r0"]);
      await solo.start();
      await solo.says(["resource.state", "group=drbddisk::r0", "state=started"]);
      await solo.stop();
      const calls = solo.lines("calls");
      expect(calls.filter((call) => !call.startsWith("role"))).toEqual([
        ...Array<string>(3).fill("primary r0"),
        "secondary r0",
      ]);
      expect(solo.lines("role")).toEqual(["Secondary/Primary"]);
    },
    LONG_MS,
  );

  test.concurrent(
    "without drbdadm fails with a word, and is not stuck by it",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      // Where this machine has one, the node has all of its directory but that.
      solo.prepare(
        "if [ -e /usr/sbin/drbdadm ]; then mkdir $D/whole $D/rest; mount --bind /usr/sbin $D/whole; " +
          "for f in $D/whole/*; do [ ${f##*/} = drbdadm ] || ln -s $f $D/rest/; done; mount --bind $D/rest /usr/sbin; fi",
      );
      await solo.groups(["a drbddisk::r0"]);
      await solo.start();
      await solo.says(["resource.failed", "there is no drbdadm: install drbd-utils"]);
      await solo.says(["resource.state", "state=failed"]);
    },
    LONG_MS,
  );
});

describe("what does no more than tell", () => {
  test.concurrent(
    "is mailed by sendmail, and holds nobody up",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      // It hangs once it has its mail.
      const body =
        'echo "$* as $(id -un)" >> $D/out/mails; cat >> $D/out/mails; echo . >> $D/out/mails; sleep 5';
      const sendmail = solo.script("out/sendmail", body);
      solo.prepare(
        `chmod 777 $D/out; chmod o+x $D; mount -t tmpfs t /usr/local/sbin; cp ${sendmail} /usr/local/sbin/`,
      );
      await solo.groups([`a MailTo::root,ops@example.org::Web ${VIP}`]);
      await solo.start();
      await until("it answers", PATIENCE_MS, () => answers(lab, VIP));
      await solo.stop();
      await until(
        "two mails",
        PATIENCE_MS,
        () => solo.lines("out/mails").filter((line) => line === ".").length === 2,
      );
      const mails = solo.lines("out/mails");
      expect(mails.filter((line) => line.startsWith("-i"))).toEqual(
        Array<string>(2).fill("-i -- root ops@example.org as nobody"),
      );
      // The first one hangs when the second one is sent, which may be done sooner.
      expect(mails.filter((line) => line.startsWith("Subject")).toSorted()).toEqual([
        "Subject: Web: given up by a",
        "Subject: Web: taken over by a",
      ]);
      expect(mails).toContain(`  ${VIP}`);
    },
    LONG_MS,
  );

  test.concurrent(
    "that could not be sent is a line in the log; a delay takes its time",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      const sendmail = solo.script("sbin/sendmail", "echo no spool >&2; exit 75");
      solo.prepare(`mount -t tmpfs t /usr/local/sbin; cp ${sendmail} /usr/local/sbin/`);
      await solo.groups([`a MailTo::root Delay::1.5::0.3 ${VIP}`]);
      await solo.start();
      await solo.says(["resource.failed", "resource=MailTo::root", "sendmail: exit 75: no spool"]);
      await until("it answers", PATIENCE_MS, () => answers(lab, VIP));
      const next = await solo.says(["resource=Delay::1.5::0.3", "task=start"]);
      const waited = solo.log[next - 1] ?? "";
      expect(Number(/took_ms=(\d+)/.exec(waited)?.[1])).toBeGreaterThanOrEqual(1500);
      await solo.stop();
      expect(solo.log.filter((line) => /resource=Delay::1.5::0.3 task=stop/.test(line))).toHaveLength(1);
    },
    LONG_MS,
  );
});
