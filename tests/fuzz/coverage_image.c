/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Linked into the image that is fuzzed, and what its compiler calls there (clang's SanitizerCoverage): basic blocks
 * are counted, and comparisons that come closer to equality than before are told, by one byte for each place and
 * number of equal bits.
 *
 *     .SCOV   | blocks (struct link_coverage of bench/include/link.h) | a counter for each block | comparisons |
 *     .SCOVP  address and kind of each of these blocks, in the same order (tools/fuzz_lines.py)
 *
 * The bench maps .SCOV so that the fuzzer sees it.
 */
typedef unsigned char U8;
typedef unsigned short U16;
typedef unsigned int U32;
typedef unsigned long long U64;

#define PLAIN __attribute__((no_sanitize("coverage", "undefined")))
#define IN(name) __attribute__((section(name), used))
#define COMPARE_BYTES 8192u
#define BITS 64u
#define MULTIPLIER 2654435769u /* 2^32 / golden ratio: spreads places that lie side by side */

IN(".SCOV$A") static volatile U64 Coverage[8];
IN(".SCOV$CA") char __start___sancov_cntrs[8];
IN(".SCOV$CZ") char __stop___sancov_cntrs[8];
IN(".SCOV$D") static U8 Compares[COMPARE_BYTES];
IN(".SCOVP$A") void *const __start___sancov_pcs[2];
IN(".SCOVP$Z") void *const __stop___sancov_pcs[2];

void __sanitizer_cov_8bit_counters_init(char *Start, char *Stop);
void __sanitizer_cov_pcs_init(void *Start, void *Stop);
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_cmp1(U8 A, U8 B);
void __sanitizer_cov_trace_cmp2(U16 A, U16 B);
void __sanitizer_cov_trace_cmp4(U32 A, U32 B);
void __sanitizer_cov_trace_cmp8(U64 A, U64 B);
void __sanitizer_cov_trace_const_cmp1(U8 A, U8 B);
void __sanitizer_cov_trace_const_cmp2(U16 A, U16 B);
void __sanitizer_cov_trace_const_cmp4(U32 A, U32 B);
void __sanitizer_cov_trace_const_cmp8(U64 A, U64 B);
void __sanitizer_cov_trace_switch(U64 Value, U64 *Cases);

PLAIN void __sanitizer_cov_8bit_counters_init(char *Start, char *Stop)
{
    (void)Start;
    (void)Stop;
}

PLAIN void __sanitizer_cov_pcs_init(void *Start, void *Stop)
{
    (void)Start;
    (void)Stop;
}

PLAIN void __sanitizer_cov_trace_pc(void)
{
    Coverage[0]++;
}

/* Where: the place in the driver that compares. */
PLAIN static void Compare(const void *Where, U64 A, U64 B)
{
    U32 place = (U32)((const char *)Where - (const char *)Compares) * MULTIPLIER >> 16;
    U64 differ = A ^ B;
    U32 bits = 0;

    for (; differ != 0; differ &= differ - 1) {
        bits++;
    }
    Compares[(place * BITS + bits) % COMPARE_BYTES] = 1;
}

#define COMPARES(name, type)                                                                                           \
    PLAIN void name(type A, type B)                                                                                    \
    {                                                                                                                  \
        Compare(__builtin_return_address(0), A, B);                                                                    \
    }

COMPARES(__sanitizer_cov_trace_cmp1, U8)
COMPARES(__sanitizer_cov_trace_cmp2, U16)
COMPARES(__sanitizer_cov_trace_cmp4, U32)
COMPARES(__sanitizer_cov_trace_cmp8, U64)
COMPARES(__sanitizer_cov_trace_const_cmp1, U8)
COMPARES(__sanitizer_cov_trace_const_cmp2, U16)
COMPARES(__sanitizer_cov_trace_const_cmp4, U32)
COMPARES(__sanitizer_cov_trace_const_cmp8, U64)

PLAIN void __sanitizer_cov_trace_switch(U64 Value, U64 *Cases)
{
    U64 i;

    for (i = 0; i < Cases[0]; i++) {
        Compare(__builtin_return_address(0), Value, Cases[2 + i]);
    }
}
