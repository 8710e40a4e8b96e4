/*
 * The fault shim: a library for LD_PRELOAD that makes disks and clocks fail
 * under a program, steered at run time by a file that both it and the test
 * have mapped or opened (test/support/fault-shim.ts knows the same layout).
 *
 * A write to a file that was opened with O_DSYNC or O_SYNC counts as a sync of
 * what it wrote.
 *
 * Always true: a fault touches only files below the directory that the control
 * file names; what is not switched on costs one look at a word; CLOCK_MONOTONIC
 * is never touched; io_uring, which would pass us by, is refused to all.
 * What the C library does within itself (stdio) passes us by too: Node, SQLite
 * and their like don't use it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define SLOTS 16
#define PATH_BYTES 512

/* A stop of one sync: the test sees `asked`, copies what it wants, writes `go`. */
enum { FREE = 0, FILLING = 1, ASKED = 2, GO = 3 };

struct slot {
  _Atomic int64_t state;
  int64_t pid;
  int64_t fd;
  int64_t at;    /* of a synced write: where, and how many bytes; -1: all of the file is being synced */
  int64_t count;
  char path[PATH_BYTES];
};

struct control {
  _Atomic int64_t attached;        /*   0: processes that have mapped it, ever */
  _Atomic int64_t full_after;      /*   8: writes that still succeed; -1: all do */
  _Atomic int64_t full_errno;      /*  16 */
  _Atomic int64_t full_short;      /*  24: the first write that fails writes a half of itself */
  _Atomic int64_t refused;         /*  32: writes that failed */
  _Atomic int64_t sync_delay_us;   /*  40 */
  _Atomic int64_t sync_stop;       /*  48: each sync waits in a slot for the test */
  _Atomic int64_t sync_errno;      /*  56: each sync fails so; 0: none */
  _Atomic int64_t syncs;           /*  64: that have returned */
  _Atomic int64_t kill_after_sync; /*  72: the sync that is the last; 0: none */
  _Atomic int64_t write_rate;      /*  80: bytes per second; 0: as they come */
  _Atomic int64_t next_write_ns;   /*  88: ours: when the disk is free again */
  _Atomic int64_t clock_shift_ns;  /*  96 */
  _Atomic int64_t clock_frozen_ns; /* 104: what the clock shows, before the shift; 0: it runs */
  _Atomic int64_t kill_after_read; /* 112: the read with `needle` in it that is the last; 0: none */
  _Atomic int64_t needle_bytes;    /* 120 */
  char needle[120];                /* 128 */
  _Atomic int64_t sync_watch;      /* 248: synced writes are looked at too; the test sets it at once */
  char under[PATH_BYTES];          /* 256: the directory, without a slash at its end */
  char unused[256];                /* 768 */
  struct slot slots[SLOTS];        /* 1024 */
};

static struct control *control;

#define REAL(type, name, ...)                                  \
  static type (*real)(__VA_ARGS__);                            \
  if (real == NULL) *(void **)(&real) = dlsym(RTLD_NEXT, name)

static long raw(long number, long a, long b, long c, long d, long e, long f) {
  REAL(long, "syscall", long, ...);
  return real(number, a, b, c, d, e, f);
}

static int64_t monotonic_ns(void) {
  struct timespec now;
  raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_ns(int64_t ns) {
  struct timespec left = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

/* FAULT_SHIM_INTO: `program` alone, the `host` too (whatever runs the same executable), or `all` that it starts. */
static int belongs(void) {
  const char *into = getenv("FAULT_SHIM_INTO");
  if (into == NULL || strcmp(into, "program") == 0) {
    unsetenv("LD_PRELOAD");
    return 1;
  }
  if (strcmp(into, "all") == 0) return 1;
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length < 0 ? 0 : length] = '\0';
  const char *program = getenv("FAULT_SHIM_EXE");
  if (program != NULL && strcmp(self, program) == 0) return 1;
  unsetenv("LD_PRELOAD");
  return 0;
}

__attribute__((constructor)) static void attach(void) {
  const char *file = getenv("FAULT_SHIM_CONTROL");
  if (file == NULL || !belongs()) return;
  int fd = (int)raw(SYS_openat, AT_FDCWD, (long)file, O_RDWR | O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  raw(SYS_close, fd, 0, 0, 0, 0, 0);
  if (mapped == MAP_FAILED) return;
  control = mapped;
  atomic_fetch_add(&control->attached, 1);
}

/* ---- which files ---- */

static int below(const char *path) {
  size_t length = strnlen(control->under, PATH_BYTES);
  return length > 0 && strncmp(path, control->under, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Absolute paths only: our programs use no others for their data. */
static int path_is_ours(const char *path) {
  return control != NULL && path != NULL && below(path);
}

static int path_of(int fd, char path[PATH_BYTES]) {
  char link[40] = "/proc/self/fd/";
  char digits[12];
  int at = sizeof digits - 1;
  digits[at] = '\0';
  if (fd < 0) return 0;
  do {
    digits[--at] = (char)('0' + fd % 10);
    fd /= 10;
  } while (fd > 0);
  strcat(link, digits + at);
  ssize_t length = readlink(link, path, PATH_BYTES - 1);
  if (length <= 0) return 0;
  path[length] = '\0';
  return 1;
}

static int fd_is_ours(int fd) {
  char path[PATH_BYTES];
  int kept = errno;
  int ours = control != NULL && path_of(fd, path) && below(path);
  errno = kept;
  return ours;
}

/* ---- a full disk, a slow disk ---- */

/* @returns how much of a write of `bytes` may be done; -1, with errno: nothing */
static int64_t room_for(int64_t bytes) {
  int64_t left = atomic_load(&control->full_after);
  while (left > 0 && !atomic_compare_exchange_weak(&control->full_after, &left, left - 1)) {
  }
  if (left != 0) return bytes;
  if (bytes > 1 && atomic_exchange(&control->full_short, 0) == 1) return bytes / 2;
  atomic_fetch_add(&control->refused, 1);
  errno = (int)atomic_load(&control->full_errno);
  return -1;
}

static void take_time(int64_t bytes) {
  int64_t rate = atomic_load(&control->write_rate);
  if (rate <= 0) return;
  int64_t takes = (int64_t)((double)bytes * 1e9 / (double)rate);
  int64_t next = atomic_load(&control->next_write_ns);
  int64_t done;
  do {
    int64_t now = monotonic_ns();
    done = (next > now ? next : now) + takes;
  } while (!atomic_compare_exchange_weak(&control->next_write_ns, &next, done));
  /* In steps, so that a lifted limit is felt at once. */
  for (int64_t now; (now = monotonic_ns()) < done && atomic_load(&control->write_rate) > 0;)
    sleep_ns(done - now < 20000000 ? done - now : 20000000);
  if (atomic_load(&control->write_rate) <= 0) atomic_store(&control->next_write_ns, 0);
}

static int covers_sync(int fd);
static int synced_write(int fd, int64_t count, int64_t at);

/* What every call that needs room asks first. */
static int64_t allowed(int ours, int64_t bytes) {
  if (!ours) return bytes;
  int64_t room = room_for(bytes);
  if (room > 0) take_time(room);
  return room;
}

static int writes_matter(void) {
  return control != NULL && (atomic_load(&control->full_after) >= 0 || atomic_load(&control->write_rate) > 0);
}

static int64_t allowed_fd(int fd, int64_t bytes) {
  return writes_matter() ? allowed(fd_is_ours(fd), bytes) : bytes;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  int64_t room = allowed_fd(fd, (int64_t)count);
  if (room < 0) return -1;
  ssize_t wrote = real(fd, bytes, (size_t)room);
  return covers_sync(fd) ? synced_write(fd, wrote, lseek(fd, 0, SEEK_CUR) - wrote) : wrote;
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  int64_t room = allowed_fd(fd, (int64_t)count);
  if (room < 0) return -1;
  ssize_t wrote = real(fd, bytes, (size_t)room, at);
  return covers_sync(fd) ? synced_write(fd, wrote, at) : wrote;
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}

static int64_t bytes_in(const struct iovec *parts, int count) {
  int64_t bytes = 0;
  for (int index = 0; index < count; index++) bytes += (int64_t)parts[index].iov_len;
  return bytes;
}

/* A write that is cut short writes what fits of its first part. */
EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  int64_t bytes = bytes_in(parts, count);
  int64_t room = allowed_fd(fd, bytes);
  if (room < 0) return -1;
  if (room == bytes) return real(fd, parts, count);
  struct iovec first = {parts[0].iov_base, (size_t)room < parts[0].iov_len ? (size_t)room : parts[0].iov_len};
  return real(fd, &first, 1);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
  int64_t bytes = bytes_in(parts, count);
  int64_t room = allowed_fd(fd, bytes);
  if (room < 0) return -1;
  if (room == bytes) return real(fd, parts, count, at);
  struct iovec first = {parts[0].iov_base, (size_t)room < parts[0].iov_len ? (size_t)room : parts[0].iov_len};
  return real(fd, &first, 1, at);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

EXPORT ssize_t sendfile64(int to, int from, off64_t *at, size_t count) {
  REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
  int64_t room = allowed_fd(to, (int64_t)count);
  return room < 0 ? -1 : real(to, from, at, (size_t)room);
}

EXPORT ssize_t sendfile(int to, int from, off_t *at, size_t count) {
  return sendfile64(to, from, at, count);
}

EXPORT ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *to_at, size_t count, unsigned flags) {
  REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
  int64_t room = allowed_fd(to, (int64_t)count);
  return room < 0 ? -1 : real(from, at, to, to_at, (size_t)room, flags);
}

/* A file that grows by its length alone needs no room; on a full disk it may still be refused. */
EXPORT int ftruncate64(int fd, off64_t length) {
  REAL(int, "ftruncate64", int, off64_t);
  struct stat now;
  if (writes_matter() && fd_is_ours(fd) && fstat(fd, &now) == 0 && length > now.st_size && room_for(1) < 0) return -1;
  return real(fd, length);
}

EXPORT int ftruncate(int fd, off_t length) {
  return ftruncate64(fd, length);
}

EXPORT int posix_fallocate64(int fd, off64_t at, off64_t length) {
  REAL(int, "posix_fallocate64", int, off64_t, off64_t);
  if (writes_matter() && fd_is_ours(fd) && room_for(1) < 0) return errno;
  return real(fd, at, length);
}

EXPORT int posix_fallocate(int fd, off_t at, off_t length) {
  return posix_fallocate64(fd, at, length);
}

/* ---- new names need room too ---- */

static int name_allowed(const char *path) {
  if (!writes_matter() || !path_is_ours(path)) return 1;
  return raw(SYS_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0) == 0 || room_for(1) >= 0;
}

static int create_allowed(const char *path, int flags) {
  return (flags & O_CREAT) == 0 || name_allowed(path);
}

#define MODE_OF(flags)                                     \
  mode_t mode = 0;                                         \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list more;                                          \
    va_start(more, flags);                                 \
    mode = va_arg(more, mode_t);                           \
    va_end(more);                                          \
  }

EXPORT int open64(const char *path, int flags, ...) {
  REAL(int, "open64", const char *, int, ...);
  MODE_OF(flags)
  return create_allowed(path, flags) ? real(path, flags, mode) : -1;
}

EXPORT int open(const char *path, int flags, ...) {
  REAL(int, "open", const char *, int, ...);
  MODE_OF(flags)
  return create_allowed(path, flags) ? real(path, flags, mode) : -1;
}

EXPORT int openat(int directory, const char *path, int flags, ...) {
  REAL(int, "openat", int, const char *, int, ...);
  MODE_OF(flags)
  return create_allowed(path, flags) ? real(directory, path, flags, mode) : -1;
}

EXPORT int openat64(int directory, const char *path, int flags, ...) {
  REAL(int, "openat64", int, const char *, int, ...);
  MODE_OF(flags)
  return create_allowed(path, flags) ? real(directory, path, flags, mode) : -1;
}

EXPORT int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  return name_allowed(path) ? real(path, mode) : -1;
}

EXPORT int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  return name_allowed(to) ? real(from, to) : -1;
}

EXPORT int symlink(const char *target, const char *path) {
  REAL(int, "symlink", const char *, const char *);
  return name_allowed(path) ? real(target, path) : -1;
}

/* ---- syncs ---- */

static void stop_for_the_test(const char *path, int fd, int64_t at, int64_t count) {
  for (;;) {
    for (int index = 0; index < SLOTS; index++) {
      struct slot *slot = &control->slots[index];
      int64_t expected = FREE;
      if (!atomic_compare_exchange_strong(&slot->state, &expected, FILLING)) continue;
      memcpy(slot->path, path, strlen(path) + 1);
      slot->pid = getpid();
      slot->fd = fd;
      slot->at = at;
      slot->count = count;
      atomic_store(&slot->state, ASKED);
      while (atomic_load(&slot->state) == ASKED && atomic_load(&control->sync_stop) != 0) sleep_ns(100000);
      atomic_store(&slot->state, FREE);
      return;
    }
    sleep_ns(100000);
  }
}

/* @returns whether it is to be done: not, with errno, when syncs fail */
static int before_sync(void) {
  int64_t delay = atomic_load(&control->sync_delay_us);
  if (delay > 0) sleep_ns(delay * 1000);
  errno = (int)atomic_load(&control->sync_errno);
  return errno == 0;
}

static void after_sync(void) {
  atomic_fetch_add(&control->syncs, 1);
  int64_t left = atomic_load(&control->kill_after_sync);
  while (left > 0 && !atomic_compare_exchange_weak(&control->kill_after_sync, &left, left - 1)) {
  }
  if (left == 1) kill(getpid(), SIGKILL);
}

/* The test's copy is taken before the sync: what is written later is not covered by it. */
static int synced(int fd, int (*real)(int)) {
  char path[PATH_BYTES];
  if (control == NULL || !path_of(fd, path) || !below(path)) return real(fd);
  if (atomic_load(&control->sync_stop) != 0) stop_for_the_test(path, fd, -1, -1);
  if (!before_sync()) return -1;
  int result = real(fd);
  after_sync();
  return result;
}

static int covers_sync(int fd) {
  if (control == NULL || atomic_load(&control->sync_watch) == 0) return 0;
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DSYNC) != 0 && fd_is_ours(fd);
}

/* After the write: what it wrote is what the test is to keep. */
static int synced_write(int fd, int64_t count, int64_t at) {
  char path[PATH_BYTES];
  if (count <= 0) return (int)count;
  if (atomic_load(&control->sync_stop) != 0 && path_of(fd, path)) stop_for_the_test(path, fd, at, count);
  if (!before_sync()) return -1;
  after_sync();
  return (int)count;
}

EXPORT int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return synced(fd, real);
}

EXPORT int fsync(int fd) {
  REAL(int, "fsync", int);
  return synced(fd, real);
}

/* ---- the end of a program at what it has just read (a database's answer to COMMIT) ---- */

EXPORT ssize_t read(int fd, void *bytes, size_t count) {
  REAL(ssize_t, "read", int, void *, size_t);
  ssize_t got = real(fd, bytes, count);
  if (control == NULL || got <= 0 || atomic_load(&control->kill_after_read) <= 0) return got;
  size_t length = (size_t)atomic_load(&control->needle_bytes);
  if (memmem(bytes, (size_t)got, control->needle, length) == NULL) return got;
  if (atomic_fetch_sub(&control->kill_after_read, 1) == 1) kill(getpid(), SIGKILL);
  return got;
}

/* ---- the wall clock ---- */

static int64_t wall_ns(int64_t real_ns) {
  if (control == NULL) return real_ns;
  int64_t frozen = atomic_load(&control->clock_frozen_ns);
  return (frozen != 0 ? frozen : real_ns) + atomic_load(&control->clock_shift_ns);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t wall = wall_ns((int64_t)now->tv_sec * 1000000000 + now->tv_nsec);
  now->tv_sec = wall / 1000000000;
  now->tv_nsec = wall % 1000000000;
  return 0;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec wall;
  int result = clock_gettime(CLOCK_REALTIME, &wall);
  now->tv_sec = wall.tv_sec;
  now->tv_usec = wall.tv_nsec / 1000;
  return result;
}

EXPORT time_t time(time_t *now) {
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  if (now != NULL) *now = wall.tv_sec;
  return wall.tv_sec;
}

/* ---- what libuv calls by number ---- */

EXPORT long syscall(long number, ...) {
  va_list more;
  va_start(more, number);
  long a = va_arg(more, long), b = va_arg(more, long), c = va_arg(more, long);
  long d = va_arg(more, long), e = va_arg(more, long), f = va_arg(more, long);
  va_end(more);
  if (control != NULL && number == SYS_io_uring_setup) {
    errno = ENOSYS;
    return -1;
  }
  if (number == SYS_copy_file_range) {
    int64_t room = allowed_fd((int)c, e);
    if (room < 0) return -1;
    e = room;
  }
  return raw(number, a, b, c, d, e, f);
}
