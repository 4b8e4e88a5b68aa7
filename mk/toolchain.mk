# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs, and the flags that make a Windows 7 kernel image of C.
#
# Architectures are named as Windows names them. For each:
#   ARCH_<arch>_TRIPLE   target of clang and of Debian's mingw gcc
#   ARCH_<arch>_CFLAGS   what this processor needs in kernel mode (_CLANG_CFLAGS: of clang alone)
#   ARCH_<arch>_LDFLAGS  its part of the link

ARCHS := x86 x64

# make V=1 shows the commands
Q := $(if $(V),,@)

PYTHON := /usr/bin/python3
CLANG := clang-14
LLD_LINK := lld-link-14
LLVM_DLLTOOL := llvm-dlltool-14
# By its own folder, where it finds the clang that preprocesses for it.
LLVM_AR := llvm-ar-14
LLVM_RC := /usr/lib/llvm-14/bin/llvm-rc
WINDMC := x86_64-w64-mingw32-windmc

MINGW_INCLUDE := /usr/share/mingw-w64/include
CLANG_INCLUDE := $(shell $(CLANG) -print-resource-dir)/include

# A build depends on nothing but the sources: no clock, no user, no path.
SOURCE_DATE_EPOCH := 0
export SOURCE_DATE_EPOCH

# Windows 7, C90. The kernel has no stack cookies, and 12 KB of stack on x86. The kits' STATIC_ GUIDs are flat lists.
KERNEL_DEFINES := -D_WIN32_WINNT=0x0601 -DWINVER=0x0601 -DNTDDI_VERSION=0x06010000 -DUNICODE -D_UNICODE
KERNEL_WARNINGS := -Wall -Wextra -Werror -Wdeclaration-after-statement -Wvla -Wundef -Wstrict-prototypes \
    -Wmissing-prototypes -Wno-missing-braces -Wframe-larger-than=1536
KERNEL_CFLAGS := -std=gnu90 -ffreestanding -fno-stack-protector -fno-ident -fno-common -fno-strict-aliasing \
    $(KERNEL_DEFINES) $(KERNEL_WARNINGS)

# The free build leaves the x87, MMX and SSE registers of x86 alone: they belong to the interrupted thread. On x64 the
# kernel may use SSE, yet nothing here needs it. x86 keeps frame pointers for stack walks; x64 has unwind tables.
ARCH_x86_TRIPLE := i686-w64-mingw32
ARCH_x86_CFLAGS := -march=i686 -mno-80387 -mno-mmx -mno-sse -fno-omit-frame-pointer -fno-asynchronous-unwind-tables
ARCH_x86_CLANG_CFLAGS := -fsjlj-exceptions # C has no exceptions; this keeps .debug_frame out of the image
ARCH_x86_MACHINE := i386
ARCH_x86_LDFLAGS := /machine:x86 /base:0x10000 /safeseh:no
ARCH_x64_TRIPLE := x86_64-w64-mingw32
ARCH_x64_CFLAGS := -march=x86-64 -mno-mmx -mno-80387 -fasynchronous-unwind-tables
ARCH_x64_CLANG_CFLAGS :=
ARCH_x64_MACHINE := i386:x86-64
ARCH_x64_LDFLAGS := /machine:x64 /highentropyva:no

# clang compiles what ships, for size: a period takes fewer instructions than at -O2. Only what says __inline is
# inlined: a function that must stay resident never becomes part of one that may be paged out. -gcodeview: symbols for
# WinDbg. It records the compiler's arguments too, so no argument may hold the project's absolute path.
CLANG_KERNEL_CFLAGS := $(KERNEL_CFLAGS) -Os -mno-implicit-float -finline-hint-functions -ffunction-sections \
    -g -gcodeview -ffile-compilation-dir=. \
    -pedantic -Wno-long-long -Wno-variadic-macros -Wno-unused-command-line-argument \
    -nostdinc -isystem $(CLANG_INCLUDE) -isystem $(MINGW_INCLUDE) -isystem $(MINGW_INCLUDE)/ddk

# gcc is the second opinion on the same sources; its objects are never linked.
GCC_KERNEL_CFLAGS := $(KERNEL_CFLAGS) -O2 -isystem $(MINGW_INCLUDE)/ddk

# Sections: INIT goes after DriverEntry, PAGE may be paged out, all else stays resident (P: not paged).
KERNEL_LDFLAGS := /nologo /driver /subsystem:native,6.01 /version:6.1 /nodefaultlib /nxcompat /dynamicbase \
    /Brepro /debug /opt:ref,noicf /incremental:no /tsaware:no /pdbsourcepath:. \
    /section:INIT,ERD /section:PAGE,ER /section:.text,ERP /section:.rdata,RP /section:.data,RWP
