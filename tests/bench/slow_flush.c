/* Preloaded into Postgres: every flush to the disk takes SLOW_FLUSH microseconds longer, as on a network's disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowly(const char *name, int fd) {
    const char *said = getenv("SLOW_FLUSH");
    struct timespec delay = {0, said ? atol(said) * 1000 : 0};
    if (delay.tv_nsec) nanosleep(&delay, 0);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
