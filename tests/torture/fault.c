/* Makes the n-th system call that concerns a folder fail, in all processes of a run together.

Built by the tests and loaded by LD_PRELOAD. What to do is in the environment:
FAULT_UNDER: the folder; FAULT_STATE: a file of 8 bytes, the number of calls so far;
FAULT_AT: which call fails, 0 for none; FAULT_KIND: an errno, 0 for a short write or read, or a
negative number for a signal that ends the process before the call;
FAULT_LOG: a file that gets the name of each call, and its path. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic long *count;
static long at;
static int kind, logged = -1;
static const char *under;

/* Reads the environment: at the start, and again in a process that was forked. */
__attribute__((constructor)) void fault_arm(void) {
  const char *state = getenv("FAULT_STATE"), *log = getenv("FAULT_LOG");
  under = getenv("FAULT_UNDER");
  if (!state || !under) return;
  at = atol(getenv("FAULT_AT"));
  kind = atoi(getenv("FAULT_KIND"));
  int fd = syscall(SYS_openat, AT_FDCWD, state, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  count = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (log) logged = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
}

static int hit(const char *name, const char *path) {
  if (!count || strncmp(path, under, strlen(under))) return 0;
  long now = ++*count;
  if (logged >= 0) {
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%s %s\n", name, path);
    syscall(SYS_write, logged, line, size);
  }
  if (now == at && kind < 0) kill(getpid(), -kind);
  return now == at;
}

static int hit_fd(const char *name, int fd) {
  char link[64], path[PATH_MAX];
  if (!count) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = syscall(SYS_readlink, link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return hit(name, path);
}

static int hit_at(const char *name, int folder, const char *path) {
  char link[64], whole[2 * PATH_MAX];
  if (!count) return 0;
  if (folder == AT_FDCWD || path[0] == '/') return hit(name, path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t size = syscall(SYS_readlink, link, whole, PATH_MAX);
  if (size < 0) return 0;
  snprintf(whole + size, sizeof whole - size, "/%s", path);
  return hit(name, whole);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(called, condition) if (condition) { errno = kind ? kind : EIO; return -1; }

#define BY_PATH(type, name, parameters, path, arguments) \
  type name parameters { FAIL(name, hit(#name, path)) return REAL(name) arguments; }
#define BY_FOLDER(name, called, parameters, folder, path, arguments) \
  int name parameters { FAIL(name, hit_at(called, folder, path)) return REAL(name) arguments; }
#define BY_FD(type, name, parameters, fd, arguments) \
  type name parameters { FAIL(name, hit_fd(#name, fd)) return REAL(name) arguments; }
/* what may be short: half of it is done */
#define SHORT(name, parameters, fd, arguments, half) \
  ssize_t name parameters { \
    if (hit_fd(#name, fd)) { if (kind) { errno = kind; return -1; } half; } \
    return REAL(name) arguments; }

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
    FAIL(name, hit(flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? "create" : "open", path)) \
    return REAL(name)(path, flags, mode); }

#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
    const char *called = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? "create" : "open"; \
    FAIL(name, hit_at(called, folder, path)) return REAL(name)(folder, path, flags, mode); }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
BY_PATH(int, link, (const char *a, const char *b), a, (a, b))
BY_FOLDER(linkat, "link", (int d, const char *a, int e, const char *b, int f), d, a, (d, a, e, b, f))
BY_FOLDER(renameat, "rename", (int d, const char *a, int e, const char *b), d, a, (d, a, e, b))
BY_FOLDER(unlinkat, "unlink", (int d, const char *a, int f), d, a, (d, a, f))
BY_FOLDER(mkdirat, "mkdir", (int d, const char *a, mode_t m), d, a, (d, a, m))
BY_FOLDER(fstatat, "stat", (int d, const char *a, struct stat *b, int f), d, a, (d, a, b, f))
BY_FOLDER(fstatat64, "stat", (int d, const char *a, struct stat64 *b, int f), d, a, (d, a, b, f))
BY_PATH(int, rename, (const char *a, const char *b), a, (a, b))
BY_PATH(int, unlink, (const char *a), a, (a))
BY_PATH(int, rmdir, (const char *a), a, (a))
BY_PATH(int, mkdir, (const char *a, mode_t m), a, (a, m))
BY_PATH(int, stat, (const char *a, struct stat *b), a, (a, b))
BY_PATH(int, lstat, (const char *a, struct stat *b), a, (a, b))
BY_PATH(int, stat64, (const char *a, struct stat64 *b), a, (a, b))
BY_PATH(int, lstat64, (const char *a, struct stat64 *b), a, (a, b))
BY_FD(int, fstat, (int fd, struct stat *b), fd, (fd, b))
BY_FD(int, fstat64, (int fd, struct stat64 *b), fd, (fd, b))
BY_FD(int, fsync, (int fd), fd, (fd))
BY_FD(int, fdatasync, (int fd), fd, (fd))
BY_FD(int, ftruncate, (int fd, off_t n), fd, (fd, n))
BY_FD(int, ftruncate64, (int fd, off64_t n), fd, (fd, n))
BY_FD(int, fchmod, (int fd, mode_t m), fd, (fd, m))
BY_FD(int, fchown, (int fd, uid_t u, gid_t g), fd, (fd, u, g))
BY_FD(int, flock, (int fd, int how), fd, (fd, how))
BY_FD(off_t, lseek, (int fd, off_t o, int w), fd, (fd, o, w))
BY_FD(off64_t, lseek64, (int fd, off64_t o, int w), fd, (fd, o, w))
SHORT(write, (int fd, const void *b, size_t n), fd, (fd, b, n), n = n > 1 ? n / 2 : n)
SHORT(pwrite, (int fd, const void *b, size_t n, off_t o), fd, (fd, b, n, o), n = n > 1 ? n / 2 : n)
SHORT(pwrite64, (int fd, const void *b, size_t n, off64_t o), fd, (fd, b, n, o), n = n > 1 ? n / 2 : n)
SHORT(read, (int fd, void *b, size_t n), fd, (fd, b, n), n = n > 1 ? n / 2 : n)
SHORT(pread, (int fd, void *b, size_t n, off_t o), fd, (fd, b, n, o), n = n > 1 ? n / 2 : n)
SHORT(pread64, (int fd, void *b, size_t n, off64_t o), fd, (fd, b, n, o), n = n > 1 ? n / 2 : n)
SHORT(writev, (int fd, const struct iovec *v, int n), fd, (fd, v, n), n = n > 1 ? n / 2 : n)
SHORT(copy_file_range, (int a, off64_t *o, int b, off64_t *p, size_t n, unsigned f), b, (a, o, b, p, n, f), n = n > 1 ? n / 2 : n)
