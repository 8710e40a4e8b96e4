// The spawn addon: starts a process more cheaply than Node's child_process,
// reads its two pipes and tells of its end. Linux only; the runner falls back
// to child_process where it is not built.
//
// Always true:
// - The child is made by clone(CLONE_VM | CLONE_VFORK): its cost does not grow
//   with the host's memory. Until its exec it runs in our memory while our
//   thread stands still, so it uses raw system calls only (glibc's setuid
//   would signal our other threads).
// - It is in its cgroups, in a session and process group of its own, with
//   default signals and no file but 0, 1, 2, before it runs a line of foreign code.
// - Bytes go to JavaScript through one shared buffer, valid during the call only.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <linux/sched.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

enum { CHILD_STACK_BYTES = 64 * 1024, READS_A_TURN = 8, WIDE_PIPE_BYTES = 1024 * 1024 };

struct run {
  uint32_t id;
  pid_t pid;
  int pidfd;
  int fds[2]; // read ends of stdout and stderr; -1 once closed
  bool paused;
  bool exited;
  bool widened[2];
  int handles; // uv handles not yet closed; the last one frees the run
  uv_poll_t polls[2];
  uv_poll_t exit_poll;
  struct run *next;
};

static struct {
  napi_env env;
  napi_ref on_output, on_exit, buffer_ref;
  napi_async_context context;
  char *buffer;
  size_t size;
  uv_loop_t *loop;
  int null_fd;
  struct run *runs;
  char *stack;
} host = {.null_fd = -1};

struct child {
  char *const *argv;
  char *const *env;
  const char *cwd;
  const char *unified; // cgroup.procs of a v2 cgroup that the child must enter itself, or NULL
  const char *const *cgroups; // more such files (v1), NULL-terminated
  int out, err;
  bool change_user;
  uid_t uid;
  gid_t gid;
  const gid_t *groups;
  size_t group_count;
  sigset_t mask;
  const char *step; // what failed, set by the child in our memory
  int error;
};

static int child_failed(struct child *c, const char *step) {
  c->error = errno;
  c->step = step;
  _exit(127);
}

static void enter(struct child *c, const char *procs) {
  int fd = open(procs, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) child_failed(c, "cgroup");
  close(fd);
}

// Runs in the child. No malloc, no lock, no libc that keeps state.
static int child_main(void *arg) {
  struct child *c = arg;
  struct sigaction sa;
  memset(&sa, 0, sizeof sa);
  sa.sa_handler = SIG_DFL;
  for (int s = 1; s < NSIG; s++) sigaction(s, &sa, NULL);
  if (setsid() < 0) child_failed(c, "setsid");
  if (c->unified != NULL) enter(c, c->unified);
  for (const char *const *f = c->cgroups; *f != NULL; f++) enter(c, *f);
  if (c->change_user) {
    if (syscall(SYS_setgroups, c->group_count, c->groups) < 0) child_failed(c, "setgroups");
    if (syscall(SYS_setresgid, c->gid, c->gid, c->gid) < 0) child_failed(c, "setgid");
    if (syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0) child_failed(c, "setuid");
  }
  if (chdir(c->cwd) < 0) child_failed(c, "chdir");
  umask(022);
  if (dup2(host.null_fd, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->err, 2) < 0) child_failed(c, "dup2");
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  sigprocmask(SIG_SETMASK, &c->mask, NULL);
  execve(c->argv[0], c->argv, c->env);
  return child_failed(c, "exec");
}

// clone3 starts the child within its cgroup, which spares the system-wide lock
// that moving it there costs. glibc has no function for it, hence the assembler:
// the child begins on a stack of its own and calls child_main.
static pid_t clone_into(struct child *c, int *pidfd, int cgroup) {
#if defined(__x86_64__) || defined(__aarch64__)
  struct clone_args args = {
      .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
      .pidfd = (uint64_t)(uintptr_t)pidfd,
      .exit_signal = SIGCHLD,
      .stack = (uint64_t)(uintptr_t)host.stack,
      .stack_size = CHILD_STACK_BYTES,
      .cgroup = (uint64_t)cgroup,
  };
#endif
#if defined(__x86_64__)
  long result;
  __asm__ volatile(
      "syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %[arg], %%rdi\n\tcall *%[fn]\n\thlt\n1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(&args), "S"(sizeof args), [arg] "r"(c), [fn] "r"(child_main)
      : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long result __asm__("x0") = (long)&args;
  register long size __asm__("x1") = sizeof args;
  register long number __asm__("x8") = SYS_clone3;
  register struct child *arg __asm__("x20") = c;
  register int (*fn)(void *) __asm__("x21") = child_main;
  __asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x29, xzr\n\tmov x0, x20\n\tblr x21\n\tbrk #1\n1:"
                   : "+r"(result)
                   : "r"(size), "r"(number), "r"(arg), "r"(fn)
                   : "x30", "memory");
#else
  long result = -ENOSYS;
#endif
  if (result < 0) errno = (int)-result;
  return result < 0 ? -1 : (pid_t)result;
}

static pid_t start_child(struct child *c, const char *unified, int *pidfd) {
  sigset_t all, before;
  pid_t pid = -1;
  char procs[4096];
  sigfillset(&all);
  sigemptyset(&c->mask);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (*unified != 0) {
    int cgroup = open(unified, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup >= 0) pid = clone_into(c, pidfd, cgroup);
    if (cgroup >= 0) close(cgroup);
    snprintf(procs, sizeof procs, "%s/cgroup.procs", unified);
    c->unified = procs; // for a kernel that can't
  }
  if (pid < 0) pid = clone(child_main, host.stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, c, pidfd);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid < 0) {
    c->error = error;
    c->step = "clone";
  } else if (c->error != 0) {
    waitpid(pid, NULL, 0);
    close(*pidfd);
  }
  return pid;
}

static void call(napi_ref fn, size_t argc, napi_value *argv, napi_value *result) {
  napi_value f, global;
  napi_get_reference_value(host.env, fn, &f);
  napi_get_global(host.env, &global);
  if (napi_make_callback(host.env, host.context, global, f, argc, argv, result) == napi_pending_exception) {
    napi_value thrown;
    napi_get_and_clear_last_exception(host.env, &thrown);
    napi_fatal_exception(host.env, thrown);
  }
}

// Hands `length` bytes of the shared buffer on; 0 says that the stream ended.
static bool give(struct run *run, int stream, size_t length) {
  napi_handle_scope scope;
  napi_open_handle_scope(host.env, &scope);
  napi_value argv[3], result = NULL;
  napi_create_uint32(host.env, run->id, &argv[0]);
  napi_create_uint32(host.env, (uint32_t)stream + 1, &argv[1]);
  napi_create_uint32(host.env, (uint32_t)length, &argv[2]);
  call(host.on_output, 3, argv, &result);
  bool more = true;
  if (result != NULL) napi_get_value_bool(host.env, result, &more);
  napi_close_handle_scope(host.env, scope);
  return more;
}

static void on_closed(uv_handle_t *handle) {
  struct run *run = handle->data;
  if (--run->handles > 0) return;
  for (struct run **at = &host.runs; *at != NULL; at = &(*at)->next) {
    if (*at == run) {
      *at = run->next;
      break;
    }
  }
  free(run);
}

static void close_stream(struct run *run, int stream) {
  if (run->fds[stream] < 0) return;
  uv_poll_stop(&run->polls[stream]);
  uv_close((uv_handle_t *)&run->polls[stream], on_closed);
  close(run->fds[stream]);
  run->fds[stream] = -1;
}

// Reads once: how many bytes came, 0 when there is nothing more (for now, or ever).
static size_t read_once(struct run *run, int stream) {
  ssize_t n;
  do n = read(run->fds[stream], host.buffer, host.size);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) {
    close_stream(run, stream);
    give(run, stream, 0);
    return 0;
  }
  // One who fills the pipe gets a wider one: fewer wake-ups on either side.
  if ((size_t)n == host.size && !run->widened[stream]) {
    run->widened[stream] = true;
    fcntl(run->fds[stream], F_SETPIPE_SZ, WIDE_PIPE_BYTES);
  }
  if (!give(run, stream, (size_t)n)) run->paused = true;
  return (size_t)n;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void watch(struct run *run) {
  for (int s = 0; s < 2; s++) {
    if (run->fds[s] < 0) continue;
    if (run->paused) uv_poll_stop(&run->polls[s]);
    else uv_poll_start(&run->polls[s], UV_READABLE | UV_DISCONNECT, on_readable);
  }
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  struct run *run = poll->data;
  int stream = poll == &run->polls[0] ? 0 : 1;
  for (int i = 0; i < READS_A_TURN && run->fds[stream] >= 0 && !run->paused; i++) {
    if (read_once(run, stream) < host.size) break;
  }
  if (run->paused) watch(run);
}

// Reads what stands in the pipes now, and once more, which shows the end where
// there is one; never on and on, for an orphan may write for ever.
static void drain(struct run *run) {
  for (int s = 0; s < 2; s++) {
    int available = 0;
    if (run->fds[s] < 0) continue;
    ioctl(run->fds[s], FIONREAD, &available);
    for (long left = available; run->fds[s] >= 0 && left >= 0;) {
      size_t n = read_once(run, s);
      if (n == 0) break;
      left -= (long)n;
    }
  }
}

static void on_exit_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  struct run *run = poll->data;
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) return;
  uv_poll_stop(poll);
  uv_close((uv_handle_t *)poll, on_closed);
  close(run->pidfd);
  run->exited = true;
  drain(run);
  napi_handle_scope scope;
  napi_open_handle_scope(host.env, &scope);
  napi_value argv[3];
  napi_create_uint32(host.env, run->id, &argv[0]);
  napi_create_int32(host.env, info.si_code == CLD_EXITED ? info.si_status : -1, &argv[1]);
  napi_create_int32(host.env, info.si_code == CLD_EXITED ? 0 : info.si_status, &argv[2]);
  call(host.on_exit, 3, argv, NULL);
  napi_close_handle_scope(host.env, scope);
}

// ---- from JavaScript -------------------------------------------------------

static napi_value failed(napi_env env, const char *step, int error) {
  napi_value code, message, thrown, value;
  napi_create_string_utf8(env, uv_err_name(uv_translate_sys_error(error)), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, strerror(error), NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &thrown);
  napi_create_string_utf8(env, step, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, thrown, "step", value);
  napi_throw(env, thrown);
  return NULL;
}

static char *text_of(napi_env env, napi_value value, size_t *length) {
  napi_get_value_string_utf8(env, value, NULL, 0, length);
  char *text = malloc(*length + 1);
  if (text != NULL) napi_get_value_string_utf8(env, value, text, *length + 1, length);
  return text;
}

// "a\0b\0" as a NULL-terminated list that points into `text`.
static char **list_of(char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += text[i] == 0;
  char **list = malloc((count + 1) * sizeof *list);
  char *at = text;
  for (size_t i = 0; i < count; i++) {
    list[i] = at;
    at += strlen(at) + 1;
  }
  list[count] = NULL;
  return list;
}

// configure(buffer, onOutput(id, stream, length) => boolean, onExit(id, code, signal))
static napi_value configure(napi_env env, napi_callback_info info) {
  napi_value argv[3], name;
  size_t argc = 3;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  host.env = env;
  napi_get_typedarray_info(env, argv[0], NULL, &host.size, (void **)&host.buffer, NULL, NULL);
  napi_create_reference(env, argv[0], 1, &host.buffer_ref);
  napi_create_reference(env, argv[1], 1, &host.on_output);
  napi_create_reference(env, argv[2], 1, &host.on_exit);
  napi_create_string_utf8(env, "longshore:spawn", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &host.context);
  napi_get_uv_event_loop(env, &host.loop);
  host.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  host.stack = malloc(CHILD_STACK_BYTES);
  return NULL;
}

static void open_run(struct run *run, int out, int err, int pidfd) {
  run->fds[0] = out;
  run->fds[1] = err;
  run->pidfd = pidfd;
  run->handles = 3;
  for (int s = 0; s < 2; s++) {
    uv_poll_init(host.loop, &run->polls[s], run->fds[s]);
    run->polls[s].data = run;
  }
  uv_poll_init(host.loop, &run->exit_poll, pidfd);
  run->exit_poll.data = run;
  uv_poll_start(&run->exit_poll, UV_READABLE, on_exit_ready);
  watch(run);
  run->next = host.runs;
  host.runs = run;
}

// start(id, argv, env, cwd, unified, cgroups, uid, groups) => pid. The lists
// (argv, env, cgroups) are strings, each item ended by NUL; `unified` is the
// folder of a v2 cgroup or empty; uid < 0 keeps the user; groups[0] is the gid.
static napi_value start(napi_env env, napi_callback_info info) {
  napi_value args[8], result;
  size_t argc = 8, lengths[5], group_count = 0;
  uint32_t id;
  int64_t uid;
  uint32_t *groups = NULL;
  char *texts[5];
  struct child c = {0};
  int out[2] = {-1, -1}, err[2] = {-1, -1}, pidfd = -1;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  napi_get_value_uint32(env, args[0], &id);
  for (int i = 0; i < 5; i++) texts[i] = text_of(env, args[i + 1], &lengths[i]);
  napi_get_value_int64(env, args[6], &uid);
  napi_get_typedarray_info(env, args[7], NULL, &group_count, (void **)&groups, NULL, NULL);
  char **argv = list_of(texts[0], lengths[0]), **envp = list_of(texts[1], lengths[1]), **cgroups = list_of(texts[4], lengths[4]);
  pid_t pid = -1;
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
    c.error = errno;
    c.step = "pipe";
  } else {
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    c.argv = argv;
    c.env = envp;
    c.cwd = texts[2];
    c.cgroups = (const char *const *)cgroups;
    c.out = out[1];
    c.err = err[1];
    c.change_user = uid >= 0;
    c.uid = (uid_t)uid;
    c.gid = group_count > 0 ? (gid_t)groups[0] : 0;
    c.groups = (const gid_t *)groups;
    c.group_count = group_count;
    pid = start_child(&c, texts[3], &pidfd);
  }
  if (out[1] >= 0) close(out[1]);
  if (err[1] >= 0) close(err[1]);
  free(argv);
  free(envp);
  free(cgroups);
  for (int i = 0; i < 5; i++) free(texts[i]);
  if (c.error != 0) {
    if (out[0] >= 0) close(out[0]);
    if (err[0] >= 0) close(err[0]);
    return failed(env, c.step, c.error);
  }
  struct run *run = calloc(1, sizeof *run);
  run->id = id;
  run->pid = pid;
  open_run(run, out[0], err[0], pidfd);
  napi_create_int32(env, pid, &result);
  return result;
}

static struct run *find(napi_env env, napi_callback_info info) {
  napi_value arg;
  size_t argc = 1;
  uint32_t id;
  napi_get_cb_info(env, info, &argc, &arg, NULL, NULL);
  napi_get_value_uint32(env, arg, &id);
  struct run *run = host.runs;
  while (run != NULL && run->id != id) run = run->next;
  return run;
}

// resume(id): go on reading.
static napi_value resume(napi_env env, napi_callback_info info) {
  struct run *run = find(env, info);
  if (run == NULL || !run->paused) return NULL;
  run->paused = false;
  watch(run);
  return NULL;
}

// close(id): read what is there, then let go of the pipes, whoever holds the other ends.
static napi_value close_pipes(napi_env env, napi_callback_info info) {
  struct run *run = find(env, info);
  if (run == NULL) return NULL;
  drain(run);
  close_stream(run, 0);
  close_stream(run, 1);
  return NULL;
}

// subreaper(): orphans below us become our children, so that none escapes.
static napi_value subreaper(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_get_boolean(env, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, &result);
  return result;
}

// reap(pid) => whether it was a dead child of ours.
static napi_value reap(napi_env env, napi_callback_info info) {
  napi_value arg, result;
  size_t argc = 1;
  int32_t pid = 0;
  napi_get_cb_info(env, info, &argc, &arg, NULL, NULL);
  napi_get_value_int32(env, arg, &pid);
  napi_get_boolean(env, pid > 1 && waitpid(pid, NULL, WNOHANG) == pid, &result);
  return result;
}

// The program's own code and constants come from its file: what is unmapped
// here is read again from the page cache when it is needed. Segments that can
// be written are left alone, so nothing is lost.
static int unmap_code(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size;
  (void)unused;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    uintptr_t from = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
    uintptr_t to = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
    if (to > from) madvise((void *)from, to - from, MADV_DONTNEED);
  }
  return 1; // the first object is the program itself
}

// rest(): gives back what only the start, or a busy time, needed.
static napi_value rest(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  dl_iterate_phdr(unmap_code, NULL);
  return NULL;
}

// closeOnExec(fd): for files that a library opened without it.
static napi_value close_on_exec(napi_env env, napi_callback_info info) {
  napi_value arg;
  size_t argc = 1;
  int32_t fd = -1;
  napi_get_cb_info(env, info, &argc, &arg, NULL, NULL);
  napi_get_value_int32(env, arg, &fd);
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return failed(env, "fcntl", errno);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor members[] = {
      {"configure", 0, configure, 0, 0, 0, napi_default, 0}, {"start", 0, start, 0, 0, 0, napi_default, 0},
      {"resume", 0, resume, 0, 0, 0, napi_default, 0},       {"close", 0, close_pipes, 0, 0, 0, napi_default, 0},
      {"subreaper", 0, subreaper, 0, 0, 0, napi_default, 0}, {"reap", 0, reap, 0, 0, 0, napi_default, 0},
      {"rest", 0, rest, 0, 0, 0, napi_default, 0},           {"closeOnExec", 0, close_on_exec, 0, 0, 0, napi_default, 0},
  };
  napi_define_properties(env, exports, sizeof members / sizeof *members, members);
  return exports;
}
