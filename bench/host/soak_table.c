/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "soak_table.h"

#include <stdio.h>

#include "report.h"

/* What the laps of one cell come to, or those of all. */
struct sum {
    const struct soak_lap *first; /* NULL: none */
    uint64_t laps, well, scenarios, virtual_ns, violations, failures, leaks, grown;
    uint64_t pool_least, pool_most, guest_growth, guest_most, host_growth, host_most;
};

static uint64_t at_most(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void add(struct sum *sum, const struct soak_lap *lap) {
    uint64_t growth = lap->guest_last_kib > lap->guest_first_kib ? lap->guest_last_kib - lap->guest_first_kib : 0;

    sum->first = sum->first != NULL ? sum->first : lap;
    sum->laps++;
    sum->well += soak_lap_went_well(lap);
    sum->scenarios += lap->scenarios;
    sum->virtual_ns += lap->virtual_ns;
    sum->violations += lap->status == EXIT_VIOLATION;
    sum->failures += lap->status != EXIT_GOOD && lap->status != EXIT_VIOLATION;
    sum->leaks += lap->leaks;
    sum->grown += !soak_lap_is_flat(lap);
    sum->pool_most = at_most(sum->pool_most, lap->pool_bytes);
    if (lap->status == EXIT_GOOD && (sum->pool_least == 0 || lap->pool_bytes < sum->pool_least)) {
        sum->pool_least = lap->pool_bytes;
    }
    sum->guest_growth = at_most(sum->guest_growth, growth);
    sum->guest_most = at_most(sum->guest_most, lap->guest_last_kib);
    sum->host_growth = at_most(sum->host_growth, lap->host_growth_kib);
    sum->host_most = at_most(sum->host_most, lap->host_kib);
}

static void print_row(const char *arch, const char *variant, const char *device, const struct sum *s) {
    printf("%-4s %-8s %-18s %5llu %8.2f %7llu %5llu %5llu %5llu  %6llu-%-6llu %5llu +%-5llu %5llu +%llu\n", arch,
           variant, device, (unsigned long long)s->laps, (double)s->virtual_ns / 3600e9,
           (unsigned long long)s->scenarios, (unsigned long long)s->violations, (unsigned long long)s->failures,
           (unsigned long long)s->leaks, (unsigned long long)s->pool_least, (unsigned long long)s->pool_most,
           (unsigned long long)s->guest_most, (unsigned long long)s->guest_growth, (unsigned long long)s->host_most,
           (unsigned long long)s->host_growth);
}

static void print_table(const struct sum *cells, const struct sum *all) {
    printf("%-32s %5s %8s %7s %5s %5s %5s  %-13s %-12s %s\n", "", "", "virtual", "scen-", "viola", "fail", "",
           "pool of", "guest, most", "host, most");
    printf("%-4s %-8s %-18s %5s %8s %7s %5s %5s %5s  %-13s %-12s %s\n", "arch", "image", "device", "laps", "hours",
           "arios", "tions", "ures", "leaks", "streams, B", "KiB growth", "KiB growth");
    for (unsigned i = 0; i < SOAK_CELLS; i++) {
        if (cells[i].first != NULL) {
            print_row(cells[i].first->arch, cells[i].first->variant, cells[i].first->personality, &cells[i]);
        }
    }
    print_row("all", "", "", all);
    printf("\n%llu of %llu laps ran to their end, broke no rule, failed nowhere, left nothing behind and kept the "
           "guest's size;\nin %llu memory of guest or host grew\n",
           (unsigned long long)all->well, (unsigned long long)all->laps, (unsigned long long)all->grown);
}

static void print_json_sum(const struct sum *s) {
    printf("\"laps\": %llu, \"went_well\": %llu, \"virtual_seconds\": %.3f, \"scenarios\": %llu, "
           "\"violations\": %llu, \"failures\": %llu, \"leaks\": %llu, \"grown\": %llu, "
           "\"pool_least_bytes\": %llu, \"pool_most_bytes\": %llu, "
           "\"guest_most_kib\": %llu, \"guest_growth_kib\": %llu, \"host_most_kib\": %llu, \"host_growth_kib\": %llu",
           (unsigned long long)s->laps, (unsigned long long)s->well, (double)s->virtual_ns / 1e9,
           (unsigned long long)s->scenarios, (unsigned long long)s->violations, (unsigned long long)s->failures,
           (unsigned long long)s->leaks, (unsigned long long)s->grown, (unsigned long long)s->pool_least,
           (unsigned long long)s->pool_most, (unsigned long long)s->guest_most, (unsigned long long)s->guest_growth,
           (unsigned long long)s->host_most, (unsigned long long)s->host_growth);
}

static void print_json(const struct sum *cells, const struct sum *all) {
    printf("{\"cells\": [");
    for (unsigned i = 0, printed = 0; i < SOAK_CELLS; i++) {
        if (cells[i].first == NULL) {
            continue;
        }
        printf("%s{", printed++ != 0 ? ", " : "");
        report_json_string("arch", cells[i].first->arch);
        report_json_string("image", cells[i].first->variant);
        report_json_string("device", cells[i].first->personality);
        print_json_sum(&cells[i]);
        printf("}");
    }
    printf("], ");
    print_json_sum(all);
}

static void print_replay(const struct soak_lap *lap, const struct options *o, bool first) {
    char line[SOAK_REPLAY_BYTES];

    soak_lap_replay(lap, o, line);
    printf(o->json ? "%s\"%s\"" : "%sreplay: %s\n", o->json && !first ? ", " : "", line);
}

/* Of each lap that went wrong, and once of what a host process held. */
static void print_replays(const struct soak_lap *laps, size_t count, const struct options *o) {
    const struct soak_lap *grown = NULL;
    bool first = true;

    printf(o->json ? ", \"replays\": [" : "");
    for (size_t i = 0; i < count; i++) {
        if (!soak_lap_went_well(&laps[i])) {
            print_replay(&laps[i], o, first);
            first = false;
        } else if (!soak_lap_is_good(&laps[i])) {
            grown = &laps[i];
        }
    }
    if (grown != NULL) {
        print_replay(grown, o, first);
    }
    printf(o->json ? "]}\n" : "");
}

enum exit_status soak_table_print(const struct soak_lap *laps, size_t count, const struct options *options) {
    struct sum cells[SOAK_CELLS] = {0}, all = {0};
    enum exit_status status = EXIT_GOOD;

    for (size_t i = 0; i < count; i++) {
        enum exit_status one = laps[i].status;
        add(&cells[laps[i].cell], &laps[i]);
        add(&all, &laps[i]);
        one = one == EXIT_GOOD && !soak_lap_is_good(&laps[i]) ? EXIT_NOT_GOOD : one;
        status = one > status ? one : status;
    }
    (options->json ? print_json : print_table)(cells, &all);
    print_replays(laps, count, options);
    fflush(stdout);
    return status;
}
