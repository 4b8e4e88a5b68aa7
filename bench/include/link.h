/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The link between the two processes of the bench.
 *
 *   host (64-bit): command line, sound files, device, report          bench/host/
 *   guest (32- or 64-bit, as the .sys): NT kernel, PortCls, driver,
 *                                       audio engine, virtual clock   bench/nt/ bench/portcls/ bench/client/
 *
 * They share two memory files: this page (`struct link`), which carries one
 * request at a time from guest to host, and guest-physical memory. The guest
 * runs; when it needs the host it fills `op` and its arguments, sets `turn` to
 * LINK_HOST and waits until `turn` is LINK_GUEST again. Whoever waits spins a
 * little, then lets others run, then sleeps on `turn` as a futex; it says so in
 * `sleepers`, so that the other side wakes only who sleeps. The layout is the
 * same for both widths: only fixed-width fields, each naturally aligned, 8-byte
 * fields at multiples of 8.
 *
 * The guest is started as
 *     guest32|guest64 LINK_FD RAM_FD INPUT_FD OUTPUT_FD
 * where INPUT_FD holds the S16_LE samples that the render client plays, and
 * OUTPUT_FD receives the S16_LE mono samples that the capture client recorded
 * (-1: none). The .sys is opened by the guest, by the path in `options`.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "../signal/pattern.h"

#define LINK_MAGIC 0x4B4E494Cu
#define LINK_PAGE_BYTES 65536u
#define LINK_SEAT_BYTES 1024u
#define LINK_SOAK_SCENARIOS 63u /* of a lap of the soak: its deck, and the long duplex */

/* The end of the page: the section .SCOV of an image that counts its own basic blocks (bench/nt/blocks.c). The guest
 * maps it there, so that the host has the counts whatever becomes of the guest. It begins with struct link_coverage. */
#define LINK_COVERAGE_OFFSET 16384u
#define LINK_COVERAGE_BYTES (LINK_PAGE_BYTES - LINK_COVERAGE_OFFSET)

#define LINK_NOWHERE UINT64_MAX

enum link_turn { LINK_GUEST = 0, LINK_HOST = 1 };

enum link_op {
    LINK_OP_NONE = 0,
    LINK_OP_CONFIG_READ,  /* a: offset, size -> value */
    LINK_OP_CONFIG_WRITE, /* a: offset, size, value */
    LINK_OP_BAR_READ,     /* bar, a: offset, size -> value; also for I/O BARs */
    LINK_OP_BAR_WRITE,    /* bar, a: offset, size, value -> value: what a doorbell lends twice, or LINK_NOWHERE */
    LINK_OP_POWER,        /* a: 1 the device gets power (D0), 0 it loses it (D3, and what it knew) */
    LINK_OP_STRIKE,       /* a: enum link_strike */
    LINK_OP_CLAIMS,       /* a: physical address, size -> value: bits of enum link_claim */
    LINK_OP_ADVANCE,      /* a: to this time in ns, by steps of 1 ms at most -> a: where it stopped, because INTA#
                             rose or a message came: there, or earlier */
    LINK_OP_DECODE,       /* text[0..15]: code bytes, a: address -> insn */
    LINK_OP_SYMBOL,       /* a: RVA in the .sys -> text: "Function at file.c:12", or "0x1234" when no PDB says */
    LINK_OP_MARK,         /* a: enum link_mark */
    LINK_OP_VIOLATION,    /* text: "RULE\nmessage\nfunction"; the guest exits with LINK_EXIT_VIOLATION after it */
    LINK_OP_NOTE,         /* text: one line for the user, e.g. an event-log entry; shown with --verbose */
    LINK_OP_TRACE,        /* text: one line of the trace; kept with --trace FILE */
    LINK_OP_SHOW,         /* text: one line of `show` output or of its JSON, in order; a: 0 text, 1 JSON */
    LINK_OP_EXIT          /* a: enum link_exit; `result` is final; the guest then ends */
};

/* What the device, not the driver, says of guest memory; 0 of a device that cannot be asked. */
enum link_claim {
    LINK_CLAIM_REACHED = 1, /* a live ring leads there, or a chain that it has not given back */
    LINK_CLAIM_KEPT = 2,    /* asked back in vain */
    LINK_CLAIM_OUTLASTED = 4 /* likewise, until a reset */
};

enum link_mark {
    LINK_MARK_RENDER_RUN = 1, /* the render client is about to enter RUN */
    LINK_MARK_RENDER_IDLE,    /* the render client has left RUN for good */
    LINK_MARK_CAPTURE_RUN,    /* the microphone signal begins now */
    LINK_MARK_CAPTURE_IDLE,
    LINK_MARK_SPEED,  /* between two of these the speed of the bench is taken */
    LINK_MARK_WATCH,  /* between two of these the streams are watched: the first, both run and have settled */
    LINK_MARK_PERIOD  /* a period of the measurement ends (the first of these: begins) */
};

/* What the device is made to do at once. */
enum link_strike {
    LINK_STRIKE_NEEDS_RESET, /* ask for a reset */
    LINK_STRIKE_INTERRUPT,   /* interrupt, although nothing has changed */
    LINK_STRIKE_SILENCE,     /* answer no control request any more */
    LINK_STRIKE_KEEP         /* keep one transfer for ever, of those that the next RELEASE would give back */
};

enum link_exit {
    LINK_EXIT_OK = 0,
    LINK_EXIT_FAILED = 1,    /* the scenario's expectation did not hold: text says which */
    LINK_EXIT_VIOLATION = 2, /* a rule was broken */
    LINK_EXIT_BAD_IMAGE = 3, /* the .sys cannot be loaded: text says why, in one line */
    LINK_EXIT_START = 4,     /* the driver refused to start: text says with which status */
    LINK_EXIT_INTERNAL = 5   /* a fault of the bench itself */
};

/* How an instruction touches a trapped address or privileged state; made by Capstone in the host. */
enum link_insn_kind {
    LINK_INSN_UNKNOWN = 0,
    LINK_INSN_LOAD,      /* reg <- memory; `extend` says how a narrow value fills the register */
    LINK_INSN_STORE,     /* memory <- reg or immediate */
    LINK_INSN_RMW,       /* and/or/xor/add/sub/inc/dec/xchg memory: refused on registers unless plain */
    LINK_INSN_COMPARE,   /* test/cmp memory with reg or immediate: one read, sets flags */
    LINK_INSN_STRING,    /* movs/stos/lods, perhaps with rep */
    LINK_INSN_PORT_IN,   /* in al/ax/eax, dx or imm8 */
    LINK_INSN_PORT_OUT,
    LINK_INSN_READ_CR8,  /* reg <- cr8 */
    LINK_INSN_WRITE_CR8, /* cr8 <- reg */
    LINK_INSN_CLI,
    LINK_INSN_STI,
    LINK_INSN_HLT,
    LINK_INSN_PRIVILEGED, /* any other privileged instruction: text = mnemonic */
    LINK_INSN_INT3,
    LINK_INSN_JUMP_IF, /* on `condition` */
    LINK_INSN_JUMP,    /* to reg, to what `base`, `index`, `scale` and imm address, or else to imm */
    LINK_INSN_CALL,    /* likewise */
    LINK_INSN_RETURN,  /* and drops imm bytes more */
    LINK_INSN_FLOW     /* any other instruction behind which another than the next may run */
};

#define LINK_REG_NONE 0xFFu
#define LINK_REG_HIGH_BYTE 0x80u /* ah ch dh bh: register number of the parent, ored with this */

struct link_insn {
    uint8_t kind;     /* enum link_insn_kind */
    uint8_t length;   /* bytes */
    uint8_t size;     /* bytes moved: 1 2 4 8 16 */
    uint8_t reg;      /* 0..15 in hardware encoding (0 ax 1 cx 2 dx 3 bx 4 sp 5 bp 6 si 7 di 8..15), or LINK_REG_NONE */
    uint8_t reg_size; /* width of that register, bytes */
    uint8_t extend;   /* LOAD: 0 none, 1 zero, 2 sign; COMPARE: 1 the register comes first (reg - memory) */
    uint8_t rep;      /* STRING: 0 none, 1 rep */
    uint8_t dx_port;  /* PORT: 1 port in dx, 0 port in imm */
    uint8_t memory;    /* JUMP, CALL: 1 the target lies in memory */
    uint8_t base;      /* there, as `reg`; what counts from the program counter is in imm already */
    uint8_t index;
    uint8_t scale;
    uint8_t condition; /* JUMP_IF: 0..15, the low half of the opcode */
    uint8_t reserved[3];
    uint64_t imm;     /* STORE/COMPARE/PORT without reg: the immediate, sign-extended; JUMP: target or displacement */
    char text[32];    /* mnemonic and operands, cut to fit */
};

/* What the host asks of the guest; written before the guest starts, read-only then. */
struct link_options {
    char sys_path[1024];
    char scenario[64];      /* "play" "record" "duplex" "show" "load" or a name of the scenario table */
    uint64_t seed;
    uint64_t input_frames;  /* frames in INPUT_FD (stereo) */
    uint64_t record_frames; /* frames the capture client is to record */
    uint64_t run_ns;        /* "drift": how long the streams run */
    uint64_t ram_bytes;     /* size of RAM_FD */
    uint32_t event_mode;    /* 1 event-driven, 0 timer-driven */
    uint32_t notifications; /* 1 or 2 */
    uint32_t buffer_frames; /* cyclic buffer the clients ask for */
    uint32_t jitter_us;     /* 0..: upper bound of the delay put on every timer expiry and client wake-up */
    uint32_t force_null_backend;  /* registry switches as the driver will read them; 0xFFFFFFFF: value absent */
    uint32_t allow_polling_only;
    uint32_t no_interrupt;  /* 1: the device gets no interrupt resource */
    uint32_t trace;         /* 1: send LINK_OP_TRACE lines */
    uint32_t json;          /* show: 1 JSON lines too */
    uint32_t bar_type[6];   /* filled by the host from configuration space: 0 none, 1 memory, 2 I/O */
    uint32_t reserved;
    uint64_t bar_size[6];
    uint64_t bar_base[6];   /* bus addresses that the host programmed, as firmware would */
    char device[512];         /* --device, for a device in the guest process */
    uint32_t device_in_guest; /* 1: it is there (bench/seat/seat.h), and the host is not asked for it */
    uint32_t reserved2;
};

/* What the guest counted; final at LINK_OP_EXIT. Counts of register accesses are the host's. */
struct link_stream_result {
    uint64_t frames;     /* frames that the client moved */
    uint64_t periods;    /* notifications received (event mode) or client wake-ups that moved data (timer mode) */
    uint64_t late_wakeups; /* wake-ups that found more than the whole buffer to do */
    uint64_t run_ns;     /* virtual time of the first SetState(RUN) */
    uint64_t idle_ns;    /* virtual time at which it left RUN for good */
    uint64_t lead_frames; /* the most by which WriteOffset was seen before PlayOffset */
    uint64_t position_ns; /* when the client last read the position */
    uint64_t position_offset; /* what it read: frame of the cyclic buffer */
    uint64_t buffer_frames;   /* of which it has so many */
};

struct link_result {
    struct link_stream_result render;
    struct link_stream_result capture;
    uint64_t interrupts;
    uint64_t dpcs;
    uint64_t violations;
    uint64_t leaks;
    uint64_t virtual_ns;
    uint64_t instructions; /* of the driver; 0: not counted */
    uint64_t copied_bytes; /* by the driver, through imports; while instructions are counted, by string moves too */
    uint64_t pool_idle_bytes;   /* nonpaged pool of the driver once it has started */
    uint64_t pool_stream_bytes; /* that its open streams add */
    struct pattern_count heard; /* "drift": what the capture client got */
};

/* The first bytes of a section .SCOV; the compiler's counters follow, one byte each. */
struct link_coverage {
    uint64_t blocks; /* executed since the image was loaded for the first time */
    uint64_t reserved[7];
};

struct link {
    uint32_t magic;
    uint32_t turn; /* enum link_turn; atomic; futex word */
    uint32_t op;   /* enum link_op */
    uint32_t bar;
    uint32_t size;  /* bytes of the access */
    uint32_t intx;  /* set by the host on every answer: level of INTA# */
    uint32_t msi_count; /* set by the host: messages since the last answer, in msi[] (at most 16 kept) */
    uint32_t sleepers;  /* bit 1 << enum link_turn: that side sleeps on `turn`; atomic */
    uint64_t a;
    uint64_t value;
    struct {
        uint64_t address;
        uint32_t data;
        uint32_t reserved;
    } msi[16];
    struct link_insn insn;
    struct link_options options;
    struct link_result result;
    char text[4096];
    uint64_t seat[LINK_SEAT_BYTES / 8]; /* struct seat_report, by a guest that has the device */
};

/* i386 would be content to align 8-byte fields to 4: any such place makes the two widths differ here. */
_Static_assert(offsetof(struct link, options) == 360, "struct link differs between the widths");
_Static_assert(offsetof(struct link, result) == 2168, "struct link differs between the widths");
_Static_assert(offsetof(struct link, text) == 2440, "struct link differs between the widths");
_Static_assert(sizeof(struct link) <= LINK_COVERAGE_OFFSET, "struct link does not fit into its page");

#endif
