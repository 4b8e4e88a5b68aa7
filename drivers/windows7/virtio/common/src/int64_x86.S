/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * 64-bit division on x86 for a driver that clang compiled for mingw.
 *
 * clang calls the four functions below (caller pops), the Windows kernel exports
 * the same operations under Microsoft's names (callee pops 16 bytes). Microsoft's
 * own compiler calls those directly, so it never sees this file.
 * Source: each function takes two 64-bit operands on the stack, dividend first,
 * and returns in edx:eax (i386 System V and Microsoft C calling conventions).
 */
        .text

        .macro forward from, to
        .globl  \from
        .p2align 4, 0x90
\from:
        pushl   16(%esp)
        pushl   16(%esp)
        pushl   16(%esp)
        pushl   16(%esp)
        calll   *\to
        retl
        .endm

        forward ___divdi3, __imp___alldiv
        forward ___moddi3, __imp___allrem
        forward ___udivdi3, __imp___aulldiv
        forward ___umoddi3, __imp___aullrem
