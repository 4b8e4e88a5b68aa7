/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* Offsets of the Microsoft PE and COFF Specification. */
#define DOS_LFANEW 0x3Cu
#define COFF_MACHINE 4u
#define COFF_OPTIONAL_SIZE 20u
#define OPTIONAL_MAGIC 24u
#define OPTIONAL_SUBSYSTEM (24u + 68u)
#define HEADERS_NEEDED (24u + 70u)
#define SUBSYSTEM_NATIVE 1u

static const struct machine {
    uint16_t machine;
    uint16_t magic;
    const char *arch;
} s_machines[] = {{0x014C, 0x010B, "x86"}, {0x8664, 0x020B, "x64"}};

static uint16_t u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static bool judge_headers(const char *path, const uint8_t *pe, const char *wanted, const char **arch) {
    for (size_t i = 0; i < sizeof s_machines / sizeof s_machines[0]; i++) {
        const struct machine *m = &s_machines[i];
        if (u16(pe + COFF_MACHINE) != m->machine) {
            continue;
        }
        if (wanted != NULL && strcmp(wanted, m->arch) != 0) {
            return fail("%s: is for %s, not for %s", path, m->arch, wanted);
        }
        if (u16(pe + OPTIONAL_MAGIC) != m->magic || u16(pe + OPTIONAL_SUBSYSTEM) != SUBSYSTEM_NATIVE) {
            return fail("%s: is a Windows program, but not a driver (its subsystem is not native)", path);
        }
        *arch = m->arch;
        return true;
    }
    return fail("%s: is for a machine (0x%04x) that is neither x86 nor x64", path, u16(pe + COFF_MACHINE));
}

static bool read_headers(int fd, const char *path, const char *wanted, const char **arch) {
    uint8_t dos[64], pe[HEADERS_NEEDED];

    if (pread(fd, dos, sizeof dos, 0) != (ssize_t)sizeof dos || dos[0] != 'M' || dos[1] != 'Z') {
        return fail("%s: is not a Windows driver image", path);
    }
    off_t at = (off_t)(u16(dos + DOS_LFANEW) | (uint32_t)u16(dos + DOS_LFANEW + 2) << 16);
    if (pread(fd, pe, sizeof pe, at) != (ssize_t)sizeof pe || memcmp(pe, "PE\0\0", 4) != 0) {
        return fail("%s: is not a Windows driver image (no PE header)", path);
    }
    return judge_headers(path, pe, wanted, arch);
}

bool image_arch(const char *path, const char *wanted, const char **arch) {
    struct stat status;

    if (strlen(path) >= SYS_PATH_BYTES) {
        return fail("%.60s...: the path is longer than %u characters", path, SYS_PATH_BYTES - 1);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail("%s: %s", path, strerror(errno));
    }
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? read_headers(fd, path, wanted, arch)
                                                                   : fail("%s: is not a file", path);
    close(fd);
    return good;
}

bool program_directory(char *path, unsigned bytes) {
    ssize_t length = readlink("/proc/self/exe", path, bytes - 1);

    if (length <= 0 || length >= (ssize_t)bytes - 1) {
        return fail("cannot find the directory of this program");
    }
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    return true;
}
