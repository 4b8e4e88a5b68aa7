/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the table of a sweep says of rows whose points were cut. */
#include "sweep_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const s_columns[] = {"schedules"};
static const struct sweep_layout s_layout = {.title = "race", .key = "race", .columns = s_columns, .column_count = 1,
                                             .wrong = "wrong_end", .amount_column = 1, .cut = "there are more"};

/* The table of two rows, of which the second is cut or not. */
static const char *printed(bool cut, bool json) {
    static char text[2000];
    struct sweep_table table = {.layout = &s_layout};
    FILE *file = tmpfile();
    int out = dup(STDOUT_FILENO);

    sweep_table_row(&table, "short")->points = 24;
    struct sweep_row *row = sweep_table_row(&table, "long");
    row->points = 3900;
    row->cut = cut;
    assert_non_null(file);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    sweep_table_print(&table, "everything", NULL, 0, json);
    dup2(out, STDOUT_FILENO);
    close(out);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void a_cut_row_is_marked(void **state) {
    (void)state;
    const char *text = printed(true, false);
    assert_non_null(strstr(text, " 24 "));
    assert_non_null(strstr(text, " 3900+ "));
    assert_non_null(strstr(text, " 3924+ "));
    assert_non_null(strstr(text, "  +: there are more\n"));
    assert_null(strchr(printed(false, false), '+'));
}

static void a_cut_row_is_marked_in_json(void **state) {
    (void)state;
    const char *text = printed(true, true);
    assert_non_null(strstr(text, "\"points\": 24, \"cut\": false"));
    assert_non_null(strstr(text, "\"points\": 3900, \"cut\": true"));
    assert_non_null(strstr(text, "\"points\": 3924, \"cut\": true"));
    assert_null(strstr(printed(false, true), "true"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cut_row_is_marked),
                                       cmocka_unit_test(a_cut_row_is_marked_in_json)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
