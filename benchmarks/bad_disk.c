/* For benchmarks/bad_luck.py, by LD_PRELOAD: calls on files whose path has BAD_PATH in it fail as on a bad disk.

   BAD_CALL is write or close, BAD_ERRNO the error, BAD_AFTER how many bytes are written before. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long written;

static int concerned(int handle) {
    char link[64], path[4096];
    int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = error;
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, getenv("BAD_PATH")) != NULL;
}

static int fails(const char *call) {
    if (strcmp(call, getenv("BAD_CALL")) || written < atol(getenv("BAD_AFTER"))) return 0;
    errno = atoi(getenv("BAD_ERRNO"));
    return 1;
}

ssize_t write(int handle, const void *data, size_t size) {
    ssize_t (*really)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (!concerned(handle)) return really(handle, data, size);
    if (fails("write")) return -1;
    ssize_t length = really(handle, data, size);
    if (length > 0) written += length;
    return length;
}

int close(int handle) {
    int (*really)(int) = dlsym(RTLD_NEXT, "close");
    int failed = concerned(handle) && fails("close"), error = errno, result = really(handle);
    if (!failed) return result;
    errno = error;
    return -1;
}
