/**
 * What runs in a guest before and beside everything else, as text for busybox: a program of the machine's own costs up to 100 ms
 * to start before its pages are there, busybox next to nothing.
 */

/** The port that commands come by, /dev/virtio-ports/NAME. */
export const PORT = "commands";
/** Tags of the two directories that the guest mounts from its host. */
export const ROOT_TAG = "hostroot";
export const JOBS_TAG = "jobs";
/** Words of the kernel's command line. */
export const HOST_KEY = "guest.host";
export const MODULES_KEY = "guest.modules";
/** Where a test keeps what it writes. Of the guest: /tmp is the host's, for reading. */
export const GUEST_TMP = "/run/tmp";

/**
 * /init of the initial file system: the root becomes the host's, read-only by 9p, under a tmpfs that takes what is written; /run, /dev
 * and /proc are the guest's own, and the kernel's modules lie where modprobe(8) looks.
 */
export const INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
for m in /modules/*; do $B insmod $m || echo "init: insmod $m failed"; done
for word in $($B cat /proc/cmdline); do case $word in
  ${HOST_KEY}=*) $B hostname "\${word#*=}";;
  ${MODULES_KEY}=*) modules=\${word#*=};;
esac; done
fail() { echo "init: $1"; $B poweroff -f; }
P=trans=virtio,version=9p2000.L
$B mkdir -p /lower /upper /new
$B mount -t 9p -o ro,$P,msize=512000,cache=loose ${ROOT_TAG} /lower || fail "no file system of the host"
$B mount -t tmpfs -o mode=755,size=75% tmpfs /upper
$B mkdir -p /upper/upper /upper/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work overlay /new || fail "no overlay"
for d in proc sys dev; do $B mount --move /$d /new/$d; done
$B mkdir -p /new/dev/pts /new/dev/shm /new/dev/virtio-ports
$B ln -s /proc/self/fd /new/dev/fd
for fd in 0:stdin 1:stdout 2:stderr; do $B ln -s /proc/self/fd/\${fd%:*} /new/dev/\${fd#*:}; done
$B mount -t devpts -o mode=620,ptmxmode=666 devpts /new/dev/pts
$B mount -t tmpfs tmpfs /new/dev/shm
$B mount -t tmpfs -o mode=755 tmpfs /new/run
$B mkdir -p /new/run/lock /new/run/netns /new/run/jobs /new/run/guest /new${GUEST_TMP}
$B mount -t 9p -o rw,$P,cache=none ${JOBS_TAG} /new/run/jobs || fail "no directory for jobs"
$B mkdir -p /new/lib/modules/$($B uname -r)
$B mount --bind /new$modules /new/lib/modules/$($B uname -r) || fail "no modules"
$B mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
$B ip link set lo up
for port in /new/sys/class/virtio-ports/*/name; do
  read -r name <$port; p=\${port%/name}; $B ln -sf /dev/\${p##*/} /new/dev/virtio-ports/$name
done
$B cp /bin/busybox /agent /new/run/guest/
$B ln -s busybox /new/run/guest/init
# Process 1 is busybox's init: it collects what daemons leave behind.
echo "::once:/run/guest/busybox sh /run/guest/agent" >/new/etc/inittab
exec $B switch_root /new /run/guest/init
`;

/**
 * The agent: reads the name of a job from its port, runs /run/jobs/NAME.sh in a session of its own with its output in NAME.out and
 * NAME.err, and tells what happens: `ready`, `pid NAME PID`, `exit NAME CODE`.
 */
export const AGENT = `B=/run/guest/busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb TMPDIR=${GUEST_TMP}
ulimit -n 65536
exec 3<>/dev/virtio-ports/${PORT}
echo ready >&3
while read -r job <&3; do
  (
    cd /run/jobs
    $B setsid $B sh $job.sh >$job.out 2>$job.err 3>&- </dev/null &
    echo "pid $job $!" >&3
    wait $!
    echo "exit $job $?" >&3
  ) &
done
`;
