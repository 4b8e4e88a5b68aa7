/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The journal: every cut of it, whose it is, and what happens when it cannot be written. */
#define _GNU_SOURCE
#include "journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH 0x1234u

static const char *const s_lines[] = {"first 1", "second 2.5", "third 30"};
#define LINES (sizeof s_lines / sizeof s_lines[0])

static char s_path[] = "/tmp/journal-XXXXXX";

static int make_file(void **state) {
    int fd = mkstemp(s_path);
    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state) {
    (void)state;
    return unlink(s_path);
}

/* Takes the lines in order. */
static bool take(void *opaque, const char *line) {
    unsigned *taken = opaque;
    assert_true(*taken < LINES);
    assert_string_equal(line, s_lines[*taken]);
    ++*taken;
    return true;
}

static enum exit_status open_it(struct journal *journal, const char *command, uint64_t hash, bool fresh,
                                unsigned *taken) {
    const struct journal_name name = {command, hash, s_path, fresh};
    *taken = 0;
    return journal_open(journal, &name, take, taken);
}

static size_t content(char *text, size_t bytes) {
    int fd = open(s_path, O_RDONLY);
    ssize_t count = read(fd, text, bytes);
    close(fd);
    assert_in_range(count, 0, bytes);
    return (size_t)count;
}

static void write_all(char *text, size_t bytes, size_t *count) {
    struct journal journal = {.fd = 0};
    unsigned taken;
    assert_int_equal(open_it(&journal, "walk", HASH, true, &taken), EXIT_GOOD);
    for (size_t i = 0; i < LINES; i++) {
        assert_true(journal_add(&journal, s_lines[i]));
    }
    journal_close(&journal);
    *count = content(text, bytes);
}

static void cut_anywhere_it_is_gone_on_from(void **state) {
    char text[256], again[256];
    size_t count;
    (void)state;
    write_all(text, sizeof text, &count);
    for (size_t cut = 0; cut <= count; cut++) {
        struct journal journal = {.fd = 0};
        unsigned taken;
        assert_int_equal(truncate(s_path, 0), 0);
        FILE *file = fopen(s_path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, cut, file), cut);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(open_it(&journal, "walk", HASH, false, &taken), EXIT_GOOD);
        unsigned whole = 0;
        for (size_t i = 0; i < cut; i++) {
            whole += text[i] == '\n';
        }
        assert_int_equal(taken, whole != 0 ? whole - 1 : 0);
        while (taken < LINES) {
            assert_true(journal_add(&journal, s_lines[taken++]));
        }
        journal_close(&journal);
        assert_int_equal(content(again, sizeof again), count);
        assert_memory_equal(again, text, count);
    }
}

static void another_s_is_refused_and_untouched(void **state) {
    char text[256], again[256];
    struct journal journal = {.fd = 0};
    unsigned taken;
    size_t count;
    (void)state;
    write_all(text, sizeof text, &count);
    assert_int_equal(open_it(&journal, "walk", HASH + 1, false, &taken), EXIT_BAD_INPUT);
    journal_close(&journal);
    assert_int_equal(open_it(&journal, "talk", HASH, false, &taken), EXIT_BAD_INPUT);
    journal_close(&journal);
    assert_int_equal(content(again, sizeof again), count);
    assert_memory_equal(again, text, count);
    assert_int_equal(open_it(&journal, "talk", HASH, true, &taken), EXIT_GOOD);
    journal_close(&journal);
    assert_true(content(again, sizeof again) < count);
}

static void a_line_without_its_mark_is_dropped(void **state) {
    struct journal journal = {.fd = 0};
    unsigned taken;
    (void)state;
    assert_int_equal(open_it(&journal, "walk", HASH, true, &taken), EXIT_GOOD);
    assert_true(journal_add(&journal, s_lines[0]));
    assert_int_equal(write(journal.fd, "cut, and written behind\n", 24), 24);
    assert_true(journal_add(&journal, s_lines[1]));
    journal_close(&journal);
    assert_int_equal(open_it(&journal, "walk", HASH, false, &taken), EXIT_GOOD);
    assert_int_equal(taken, 2);
    journal_close(&journal);
}

static void a_full_device_is_the_bench_s_failure(void **state) {
    const struct journal_name name = {"walk", HASH, "/dev/full", false};
    struct journal journal = {.fd = 0};
    unsigned taken = 0;
    (void)state;
    assert_int_equal(journal_open(&journal, &name, take, &taken), EXIT_BENCH);
    assert_false(journal_add(&journal, s_lines[0]));
    journal_close(&journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere_it_is_gone_on_from),
        cmocka_unit_test(another_s_is_refused_and_untouched),
        cmocka_unit_test(a_line_without_its_mark_is_dropped),
        cmocka_unit_test(a_full_device_is_the_bench_s_failure),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
